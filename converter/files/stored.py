"""A BlobProto as an array, by the rules of Caffe's and NVCaffe's `Blob::FromProto` (blob.cpp).

Shape: the four legacy dims if any of them is given (the others are 0), else `shape`, else a scalar.
Numbers: `double_data` if there is any, else `data`, else `raw_data`. Their count must be the
product of the dims. Everything is known from spans; numbers are read when an array is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from protos.wire import Encoding, WireError, stored_blob

from ..errors import FileFormatError, context

if TYPE_CHECKING:
    from pathlib import Path

    from protos.wire import Span, StoredBlob

    from ..program import Shape

__all__ = [
    "Array",
    "Bytes",
    "Readable",
    "as_float32",
    "load_blob",
    "map_file",
    "padded",
    "readable",
]

Array: TypeAlias = NDArray[np.float32]
Bytes: TypeAlias = NDArray[np.uint8]

_MOST_AXES = 32  # blob.hpp, kMaxBlobAxes

_DOUBLES = frozenset({Encoding.DOUBLES, Encoding.DOUBLE_RUN})
_FLOATS = frozenset({Encoding.FLOATS, Encoding.FLOAT_RUN})
_RAW = frozenset(
    {Encoding.RAW_HALVES, Encoding.RAW_FLOATS, Encoding.RAW_DOUBLES, Encoding.RAW_OTHER}
)
_PRECEDENCE = (_DOUBLES, _FLOATS, _RAW)

_TYPE = {
    Encoding.FLOATS: "<f4",
    Encoding.FLOAT_RUN: "<f4",
    Encoding.DOUBLES: "<f8",
    Encoding.DOUBLE_RUN: "<f8",
    Encoding.RAW_HALVES: "<f2",
    Encoding.RAW_FLOATS: "<f4",
    Encoding.RAW_DOUBLES: "<f8",
}


@dataclass(frozen=True, kw_only=True)
class Readable:
    """A stored blob that Caffe would read: its shape, and the spans that fill it."""

    shape: Shape
    legacy: bool  # whether `shape` is the four legacy dims
    spans: tuple[Span, ...]
    warnings: tuple[str, ...] = ()

    def read(self, file: Bytes) -> Array:
        """The numbers in `shape`, read-only; a view of `file` where that holds packed float32."""
        parts = [_numbers(file, span) for span in self.spans]
        flat = as_float32(parts[0] if len(parts) == 1 else np.concatenate(parts))
        array = flat.reshape(self.shape)
        array.flags.writeable = False
        return array


def readable(blob: StoredBlob) -> Readable:
    """What Caffe reads of a stored blob. Raises FileFormatError where Caffe would refuse it."""
    legacy = any(size is not None for size in blob.legacy)
    shape = tuple(size or 0 for size in blob.legacy) if legacy else blob.shape or ()
    spans = _preferred(blob.spans)
    _check_shape(shape)
    _check_count(shape, sum(span.numbers for span in spans))
    return Readable(
        shape=shape, legacy=legacy, spans=spans, warnings=tuple(_contradictions(blob, spans))
    )


def load_blob(path: Path) -> Array:
    """The numbers of a `.binaryproto`, one blob. Raises FileFormatError where there is none."""
    with context(str(path)):
        if not path.is_file() or not path.stat().st_size:
            raise FileFormatError("is missing or empty; it should hold a BlobProto")
        file = map_file(path)
        try:
            return readable(stored_blob(file.data)).read(file).copy()  # the file may change later
        except WireError as error:
            raise FileFormatError(f"is damaged or cut short: {error}") from error


def map_file(path: Path) -> Bytes:
    """The bytes of a file, read-only, read when touched; unmapped with the last view on them."""
    with path.open("rb") as file:
        return np.frombuffer(mmap(file.fileno(), 0, access=ACCESS_READ), np.uint8)


def as_float32(array: NDArray[np.generic]) -> Array:
    """`array` as Caffe stores it; the same memory if it is little-endian float32 already."""
    with np.errstate(over="ignore", invalid="ignore"):  # Caffe casts without a word, too
        return array.astype("<f4", copy=False)


def _preferred(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    for encodings in _PRECEDENCE:
        chosen = tuple(span for span in spans if span.encoding in encodings and span.numbers)
        if chosen:
            return chosen
    return ()


def _check_shape(shape: Shape) -> None:
    if len(shape) > _MOST_AXES:
        raise FileFormatError(f"has {len(shape)} axes, Caffe allows {_MOST_AXES}")
    if any(size < 1 for size in shape):
        raise FileFormatError(f"has dims {shape}, every one of which must be 1 or more")


def _check_count(shape: Shape, found: int) -> None:
    if found != prod(shape):
        raise FileFormatError(
            f"has dims {shape}, which need {prod(shape)} numbers, but the file holds {found}"
        )


def _contradictions(blob: StoredBlob, used: tuple[Span, ...]) -> list[str]:
    """What the file says twice and differently."""
    found = []
    if blob.shape is not None and any(size is not None for size in blob.legacy):
        legacy = tuple(size or 0 for size in blob.legacy)
        if padded(blob.shape) != legacy:
            found.append(f"legacy dims {legacy} and shape {blob.shape}; as in Caffe, the dims win")
    if _DOUBLES.issuperset(span.encoding for span in used) and any(
        span.encoding in _FLOATS and span.numbers for span in blob.spans
    ):
        found.append("both data and double_data; as in Caffe, double_data wins")
    return found


def padded(shape: Shape) -> Shape:
    """`shape` with leading ones to four axes; unchanged with more (Blob::LegacyShape)."""
    return (1,) * (4 - len(shape)) + shape


def _numbers(file: Bytes, span: Span) -> NDArray[np.generic]:
    """The numbers of one span, as their own type; a view where they lie side by side."""
    if span.encoding is Encoding.RAW_OTHER:
        raise FileFormatError(
            "has raw_data of a type other than float64, float32 and float16; "
            "save the model with `store_blobs_in_old_format`"
        )
    data, kind = file[span.start : span.end], np.dtype(_TYPE[span.encoding])
    if span.encoding.stride > kind.itemsize:
        data = data.reshape(-1, span.encoding.stride)[:, 1:].reshape(-1)  # drop the tags
    return data.view(kind)
