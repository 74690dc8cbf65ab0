"""A binary NetParameter of any age, taken apart: the net without weights, and where each weight is.

protobuf needs seconds and gigabytes for a large caffemodel because it copies every weight.
`split_net` walks the tags alone: what it returns for protobuf to parse (the skeleton) is the same
message without its BlobProtos, and each BlobProto becomes byte spans into the file. Three
generations of layers differ in where things lie:

    V0   layers = 2 { layer = 1 { name = 1  type = 2 (string)  blobs = 50 } }
    V1   layers = 2 {             name = 4  type = 5 (enum)    blobs = 6    }
    V2   layer = 100 {            name = 1  type = 2 (string)  blobs = 7    }

Bytes are copied in file order, so protobuf's rules for a repeated singular field (scalars: the last
wins; messages: merged) hold for the skeleton, and names, types and dims are read by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from .dialects import inner_renumbering, renumbering
from .tags import (
    FIXED32,
    FIXED64,
    LENGTH,
    VARINT,
    Buffer,
    Field,
    WireError,
    fields,
    read_field,
    read_varint,
    write_varint,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Encoding",
    "Field",
    "Span",
    "StoredBlob",
    "StoredLayer",
    "WireError",
    "fields",
    "split_net",
    "stored_blob",
]

_MOST_SKELETON = (
    1 << 28
)  # 256 MiB: far above any net definition, far below what would exhaust a machine
_LONGEST_LOOK = 1 << 20  # tags of unpacked numbers looked at in one go

# BlobProto
_LEGACY = (1, 2, 3, 4)  # num, channels, height, width
_DATA, _SHAPE, _DOUBLE_DATA = 5, 7, 8
_RAW_TYPE, _RAW_DATA = 10, 12  # NVCaffe 0.16 and later


class Encoding(Enum):
    """How the numbers of a span are written; all are little-endian."""

    FLOATS = "packed float32"
    FLOAT_RUN = "float32, a one-byte tag before each"
    DOUBLES = "packed float64"
    DOUBLE_RUN = "float64, a one-byte tag before each"
    RAW_HALVES = "raw float16"
    RAW_FLOATS = "raw float32"
    RAW_DOUBLES = "raw float64"
    RAW_OTHER = "raw data without a readable type"

    @property
    def stride(self) -> int:
        """Bytes from one number to the next, a tag included; 1 where the numbers cannot be read."""
        return _STRIDE[self]


_STRIDE = {
    Encoding.FLOATS: 4,
    Encoding.FLOAT_RUN: 5,
    Encoding.DOUBLES: 8,
    Encoding.DOUBLE_RUN: 9,
    Encoding.RAW_HALVES: 2,
    Encoding.RAW_FLOATS: 4,
    Encoding.RAW_DOUBLES: 8,
    Encoding.RAW_OTHER: 1,
}
_PACKED = {_DATA: Encoding.FLOATS, _DOUBLE_DATA: Encoding.DOUBLES}
_SINGLE = {(_DATA, FIXED32): Encoding.FLOATS, (_DOUBLE_DATA, FIXED64): Encoding.DOUBLES}
_RUN = {(_DATA, FIXED32): Encoding.FLOAT_RUN, (_DOUBLE_DATA, FIXED64): Encoding.DOUBLE_RUN}
_RAW = {0: Encoding.RAW_DOUBLES, 1: Encoding.RAW_FLOATS, 2: Encoding.RAW_HALVES}  # NVCaffe's Type


class Span(NamedTuple):
    """Bytes `start` to `end` of the buffer hold numbers in this encoding."""

    start: int
    end: int
    encoding: Encoding

    @property
    def numbers(self) -> int:
        """How many numbers there are."""
        return (self.end - self.start) // self.encoding.stride


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredBlob:
    """One BlobProto: what it says of its shape, and where its numbers lie, in file order.

    Gradients are left out.
    """

    legacy: tuple[int | None, int | None, int | None, int | None]  # num, channels, height, width
    shape: tuple[int, ...] | None
    spans: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredLayer:
    """One layer of a file. Bytes of a name that are not UTF-8 are lone surrogates in it."""

    name: str
    type: str | int  # V2 "Convolution", V0 "conv", V1 the number of an enum
    version: str  # "V0", "V1" or "V2"
    blobs: tuple[StoredBlob, ...]


class _Numbers(NamedTuple):
    """Where one generation of layer messages keeps things; `inner` is where a V0 layer hides."""

    name: int
    type: int
    blobs: int
    inner: int = 0


_V0 = _Numbers(name=1, type=2, blobs=50)
_V1 = _Numbers(name=4, type=5, blobs=6, inner=1)
_V2 = _Numbers(name=1, type=2, blobs=7)
_NET_LAYERS, _NET_LAYER = 2, 100
_SAME: Mapping[int, int] = {}
_INNER_SAME: Mapping[int, Mapping[int, int]] = {}


def split_net(buffer: Buffer, dialect: str | None = None) -> tuple[bytes, tuple[StoredLayer, ...]]:
    """The NetParameter in `buffer` without its blobs, and every stored layer in file order.

    Parameters of fork layers come out under the private numbers of our schema
    (`dialects.renumbering`), for the forks' own numbers collide.

    Raises:
        WireError: the bytes are not a protobuf message.
    """
    skeleton = bytearray()
    layers = []
    with memoryview(buffer) as view:
        for tag, field in _tagged(view, 0, len(view)):
            if field.wire_type == LENGTH and field.number in (_NET_LAYER, _NET_LAYERS):
                new = field.number == _NET_LAYER
                body, layer = _split_v2(view, field, dialect) if new else _split_v1(view, field)
                skeleton += _message(field.number, body)
                layers.append(layer)
            else:
                skeleton += view[tag : field.end]
            if len(skeleton) > _MOST_SKELETON:
                raise WireError(tag, f"net definition above {_MOST_SKELETON} bytes without weights")
    return bytes(skeleton), tuple(layers)


def stored_blob(buffer: Buffer, start: int = 0, end: int | None = None) -> StoredBlob:
    """The BlobProto at `buffer[start:end]`."""
    legacy: dict[int, int] = {}
    shape: list[int] | None = None
    spans: list[Span] = []
    raw, raw_type = None, -1
    with memoryview(buffer) as view:
        for tag, field in _runs(view, start, len(view) if end is None else end):
            number, wire_type = field.number, field.wire_type
            if wire_type == VARINT and number in _LEGACY:
                legacy[number] = _signed(view, field, 32)
            elif wire_type == VARINT and number == _RAW_TYPE:
                raw_type = _signed(view, field, 32)
            elif (number, wire_type) == (_SHAPE, LENGTH):
                shape = [*(shape or []), *_dims(view, field)]
            elif (number, wire_type) == (_RAW_DATA, LENGTH):
                raw = field
            elif number in _PACKED:
                spans += _numbers(tag, field)
    if raw is not None:
        spans.append(_span(raw.start, raw.end, _RAW.get(raw_type, Encoding.RAW_OTHER)))
    num, channels, height, width = (legacy.get(number) for number in _LEGACY)
    return StoredBlob(
        legacy=(num, channels, height, width),
        shape=None if shape is None else tuple(shape),
        spans=tuple(spans),
    )


def _tagged(view: memoryview, start: int, end: int) -> Iterator[tuple[int, Field]]:
    """Every field with the place where its tag begins."""
    for field in fields(view, start, end):
        yield start, field
        start = field.end


def _split_v2(view: memoryview, entry: Field, dialect: str | None) -> tuple[bytes, StoredLayer]:
    layer_type = _string(view, [entry], _V2.type)  # found first: it may come after the parameters
    layer = StoredLayer(
        name=_string(view, [entry], _V2.name),
        type=layer_type,
        version="V2",
        blobs=_blobs(view, [entry], _V2.blobs),
    )
    outer, inner = renumbering(layer_type, dialect), inner_renumbering(layer_type, dialect)
    return _without_blobs(view, entry, _V2, outer, inner), layer


def _split_v1(view: memoryview, entry: Field) -> tuple[bytes, StoredLayer]:
    """A `layers` entry: V0 if it holds a `layer`; then, as in Caffe, nothing else in it counts."""
    inner = list(_chosen(view, [entry], _V1.inner, LENGTH))
    where, numbers = (inner, _V0) if inner else ([entry], _V1)
    layer = StoredLayer(
        name=_string(view, where, numbers.name),
        type=_string(view, where, _V0.type) if inner else _enum(view, entry, _V1.type),
        version="V0" if inner else "V1",
        blobs=_blobs(view, where, numbers.blobs),
    )
    return _without_blobs(view, entry, _V1), layer


def _without_blobs(
    view: memoryview,
    entry: Field,
    numbers: _Numbers,
    renumbered: Mapping[int, int] = _SAME,
    inner: Mapping[int, Mapping[int, int]] = _INNER_SAME,
) -> bytes:
    out = bytearray()
    for tag, field in _tagged(view, entry.start, entry.end):
        if field.wire_type != LENGTH:  # also NVCaffe's enums under numbers of messages elsewhere
            out += view[tag : field.end]
        elif field.number == numbers.inner:
            out += _message(field.number, _without_blobs(view, field, _V0))
        elif field.number in renumbered or field.number in inner:
            body = _retagged(view, field, inner.get(field.number, _SAME))
            out += _message(renumbered.get(field.number, field.number), body)
        elif field.number != numbers.blobs:
            out += view[tag : field.end]
    return bytes(out)


def _retagged(view: memoryview, message: Field, numbers: Mapping[int, int]) -> bytes:
    """The body of a message with some of its field numbers changed."""
    out = bytearray()
    for tag, field in _tagged(view, message.start, message.end):
        if field.number in numbers:
            _, after = read_varint(view, tag, field.end)
            out += write_varint(numbers[field.number] << 3 | field.wire_type)
            tag = after  # noqa: PLW2901 (the rest of the field follows as it is)
        out += view[tag : field.end]
    return bytes(out)


def _message(number: int, body: bytes | memoryview) -> bytes:
    return b"".join((write_varint(number << 3 | LENGTH), write_varint(len(body)), body))


def _chosen(
    view: memoryview, messages: list[Field], number: int, wire_type: int
) -> Iterator[Field]:
    """The fields of one kind in messages that protobuf would merge."""
    for message in messages:
        for field in fields(view, message.start, message.end):
            if field.number == number and field.wire_type == wire_type:
                yield field


def _string(view: memoryview, messages: list[Field], number: int) -> str:
    value = ""
    for field in _chosen(view, messages, number, LENGTH):
        value = bytes(view[field.start : field.end]).decode("utf-8", "surrogateescape")
    return value


def _enum(view: memoryview, message: Field, number: int) -> int:
    value = 0
    for field in _chosen(view, [message], number, VARINT):
        value = _signed(view, field, 32)
    return value


def _blobs(view: memoryview, messages: list[Field], number: int) -> tuple[StoredBlob, ...]:
    found = _chosen(view, messages, number, LENGTH)
    return tuple(stored_blob(view, field.start, field.end) for field in found)


def _runs(view: memoryview, start: int, end: int) -> Iterator[tuple[int, Field]]:
    """Every field and where its tag begins; a run of numbers under one tag counts as one field."""
    while start < end:
        field = read_field(view, start, end)
        if field.wire_type in (FIXED32, FIXED64) and field.start == start + 1:
            stop = _end_of_run(view, start, end, field.end - start)
            field = field._replace(end=stop)
        yield start, field
        start = field.end


def _end_of_run(view: memoryview, start: int, end: int, stride: int) -> int:
    """Where the tag at `start` stops to repeat every `stride` bytes.

    In bulk, for there may be millions; each look is twice as long as the last, so that many short
    runs cost no more than one long one.
    """
    tag = bytes(view[start : start + 1])
    look = 16
    while whole := min((end - start) // stride, look):
        tags = bytes(view[start : start + whole * stride : stride])
        same = whole - len(tags.lstrip(tag))
        start += same * stride
        if same < whole:
            break
        look = min(2 * look, _LONGEST_LOOK)
    return start


def _numbers(tag: int, field: Field) -> Iterator[Span]:
    """The span of a `data` or `double_data` field; none if its wire type is not one of theirs."""
    key = field.number, field.wire_type
    if field.wire_type == LENGTH:
        yield _span(field.start, field.end, _PACKED[field.number])
    elif key in _RUN and field.start == tag + 1:
        yield _span(tag, field.end, _RUN[key])
    elif key in _SINGLE:  # a tag written longer than it need be
        yield _span(field.start, field.end, _SINGLE[key])


def _span(start: int, end: int, encoding: Encoding) -> Span:
    if (end - start) % encoding.stride:
        raise WireError(start, f"{encoding.value} cannot fill {end - start} bytes")
    return Span(start, end, encoding)


def _dims(view: memoryview, shape: Field) -> Iterator[int]:
    """The dims of a BlobShape: field 1, packed or not."""
    for field in fields(view, shape.start, shape.end):
        if field.number == 1 and field.wire_type == VARINT:
            yield _signed(view, field, 64)
        elif field.number == 1 and field.wire_type == LENGTH:
            at = field.start
            while at < field.end:
                value, at = read_varint(view, at, field.end)
                yield _as_signed(value, 64)


def _signed(view: memoryview, field: Field, bits: int) -> int:
    return _as_signed(read_varint(view, field.start, field.end)[0], bits)


def _as_signed(value: int, bits: int) -> int:
    """An unsigned varint as protobuf reads int32 or int64: cut to `bits`, two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
