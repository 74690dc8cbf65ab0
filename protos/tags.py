"""Walk the tags of a protobuf message without reading what they hold.

The wire format: a message is a run of fields, each a tag varint (`number << 3 | wire_type`) and a
value whose length the wire type tells. `read_field` looks at one tag and says where its value lies,
so a 227 MB message is crossed in as many steps as it has fields. Everything the format forbids is a
`WireError`: damage shows here, not as odd weights.
"""

from __future__ import annotations

from mmap import mmap
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FIXED32",
    "FIXED64",
    "GROUP",
    "LENGTH",
    "VARINT",
    "Buffer",
    "Field",
    "WireError",
    "fields",
    "read_field",
    "read_varint",
    "write_varint",
]

VARINT, FIXED64, LENGTH, GROUP, END_GROUP, FIXED32 = range(6)

_FIXED = {FIXED64: 8, FIXED32: 4}
_LAST_NUMBER = (1 << 29) - 1
_DEEPEST_GROUP = 100  # protobuf's own recursion limit

Buffer: TypeAlias = bytes | bytearray | memoryview | mmap


class WireError(ValueError):
    """Bytes that are not protobuf: where and what.

    `number` is that of the field which runs over the end, 0 if the fault is another.
    """

    def __init__(self, offset: int, what: str, number: int = 0) -> None:
        super().__init__(f"{what} at byte {offset}")
        self.offset = offset
        self.what = what
        self.number = number


class Field(NamedTuple):
    """A field's number and wire type, and where its value lies.

    Tags and values tile the message: the next tag begins at `end`. A group ends after its end tag.
    """

    number: int
    wire_type: int
    start: int
    end: int


def fields(buffer: Buffer, start: int = 0, end: int | None = None) -> Iterator[Field]:
    """Every field of the message at `buffer[start:end]`, in file order."""
    end = len(buffer) if end is None else end
    while start < end:
        field = read_field(buffer, start, end)
        yield field
        start = field.end


def read_field(buffer: Buffer, at: int, end: int) -> Field:
    """The field whose tag begins at `at`, in a message that ends at `end`."""
    number, wire_type, start = _read_tag(buffer, at, end)
    if wire_type == GROUP:
        return Field(number, wire_type, start, _end_of_group(buffer, number, start, end))
    if wire_type == END_GROUP:
        raise WireError(at, f"end of group {number}, which never began")
    start, stop = _value(buffer, number, wire_type, start, end)
    return Field(number, wire_type, start, stop)


def read_varint(buffer: Buffer, at: int, end: int) -> tuple[int, int]:
    """The unsigned 64-bit varint at `at`, and the byte after it."""
    value = 0
    for index in range(10):
        if at + index >= end:
            raise WireError(at, "number cut short")
        byte = buffer[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return _fits(value, at), at + index + 1
    raise WireError(at, "number longer than ten bytes")


def write_varint(value: int) -> bytes:
    """`value` as a varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fits(value: int, at: int) -> int:
    if value >> 64:
        raise WireError(at, "number above 64 bits")
    return value


def _read_tag(buffer: Buffer, at: int, end: int) -> tuple[int, int, int]:
    tag, start = read_varint(buffer, at, end)
    number, wire_type = tag >> 3, tag & 7
    if not 0 < number <= _LAST_NUMBER:
        raise WireError(at, f"impossible field number {number}")
    if wire_type > FIXED32:
        raise WireError(at, f"field {number} of unknown wire type {wire_type}")
    return number, wire_type, start


def _value(buffer: Buffer, number: int, wire_type: int, at: int, end: int) -> tuple[int, int]:
    """Where the value that follows a tag at `at` begins and ends."""
    if wire_type == VARINT:
        return at, read_varint(buffer, at, end)[1]
    length = _FIXED.get(wire_type)
    if length is None:
        length, at = read_varint(buffer, at, end)
    if length > end - at:
        raise WireError(at, f"field {number} needs {length} bytes, {end - at} are left", number)
    return at, at + length


def _end_of_group(buffer: Buffer, number: int, at: int, end: int) -> int:
    """Skip a group with all groups inside it; no recursion, for the file chooses the nesting."""
    opened = [number]
    while opened:
        number, wire_type, start = _read_tag(buffer, at, end)
        if wire_type == GROUP:
            opened.append(number)
            if len(opened) > _DEEPEST_GROUP:
                raise WireError(at, f"groups nested more than {_DEEPEST_GROUP} deep")
            at = start
        elif wire_type == END_GROUP:
            if opened.pop() != number:
                raise WireError(at, f"end of group {number}, which is not the open one")
            at = start
        else:
            at = _value(buffer, number, wire_type, start, end)[1]
    return at
