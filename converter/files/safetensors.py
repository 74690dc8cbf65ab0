"""Writing safetensors: eight bytes of header length, a JSON header, then the numbers.

Tensors that stand in the caffemodel as they are wanted are copied from file to file by the kernel, so that writing
227 MB takes neither memory nor much more time than `cp`. (The library needs every tensor in memory.)
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from ..layer import Stored
    from ..weights import Weights

DTYPES = {"float32": "F32", "int64": "I64", "float64": "F64"}
CHUNK = 1 << 20
NO_KERNEL_COPY = {
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.EBADF,
}


def write_safetensors(
    path: Path, tensors: Mapping[str, Stored], weights: Weights | None, metadata: Mapping[str, str]
) -> None:
    """Write tensors in the order given; `weights` says which of them can be copied from its file."""
    header = _header(tensors, metadata)
    size = len(header) + sum(array.nbytes for array in tensors.values())
    with path.open("wb", buffering=0) as file:
        if hasattr(os, "posix_fallocate"):
            _allocate(file, size)
        _write(file, memoryview(header))
        for array in tensors.values():
            span = weights.span(array) if weights is not None else None
            if span is None:
                for chunk in _chunks(array):
                    _write(file, chunk)
            else:
                _copy(span[0], span[1], array.nbytes, file)


def _header(tensors: Mapping[str, Stored], metadata: Mapping[str, str]) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt", **metadata}}
    offset = 0
    for key, array in tensors.items():
        entries[key] = {
            "dtype": DTYPES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin on a multiple of 8
    return len(text).to_bytes(8, "little") + text


def _allocate(file: BinaryIO, size: int) -> None:
    """Reserve the whole file at once: a full disk shows now, and the blocks lie together."""
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno not in NO_KERNEL_COPY:  # not every file system can
            raise


def _chunks(array: Stored) -> Iterator[memoryview]:
    """Yield the little-endian bytes of an array, a bounded piece at a time."""
    flat = array.reshape(-1) if array.flags.c_contiguous else array.flat
    step = CHUNK // array.itemsize
    for start in range(0, array.size, step):
        piece = np.asarray(flat[start : start + step], array.dtype.newbyteorder("<"))
        yield memoryview(piece.tobytes())


def _write(file: BinaryIO, data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]


def _copy(source: Path, offset: int, length: int, file: BinaryIO) -> None:
    """Copy bytes between files, in the kernel where it can."""
    with Path(source).open("rb", buffering=0) as given:
        end = offset + length
        try:
            while hasattr(os, "copy_file_range") and offset < end:
                copied = os.copy_file_range(given.fileno(), file.fileno(), end - offset, offset)
                if not copied:
                    break
                offset += copied
        except OSError as error:
            if error.errno not in NO_KERNEL_COPY:
                raise
        given.seek(offset)
        while offset < end:
            chunk = given.read(min(CHUNK, end - offset))
            if not chunk:
                raise OSError(
                    errno.EIO, "the model became shorter while it was being copied", str(source)
                )
            _write(file, memoryview(chunk))
            offset += len(chunk)
