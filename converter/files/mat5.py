"""Arrays of numbers in MATLAB's own file format, version 5 (MATLAB 5 to 7, `save -v6` and `-v7`).

A file is 128 bytes of header and a row of elements: type, size, bytes. A variable is a matrix
element, whole or deflated, that holds four more: flags, dims, name, numbers (column-major, in the
smallest type that keeps them). Written here because scipy's reader, given a damaged file, can take
the whole process down. Structs, cells and text are listed but not read.
"""

from __future__ import annotations

import struct
import zlib
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import FileFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..program import Shape

__all__ = ["Variable", "variables"]

_HEADER = 128
_MATRIX, _DEFLATED = 14, 15
_NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_NUMERIC_CLASSES = range(6, 16)  # double, single and the integers
_COMPLEX = 0x800
_LOOK = 1 << 12  # bytes that surely hold a variable's flags, dims and name


class Variable(NamedTuple):
    """A variable of a file, its numbers not yet read."""

    name: str
    shape: Shape
    numeric: bool  # an array of real numbers
    element: memoryview  # what its matrix element holds, deflated or not
    deflated: bool
    order: str  # of bytes, as `struct` names it
    numbers_at: int

    def read(self) -> NDArray[Any]:
        """The numbers in `shape`. Raises FileFormatError where the file is damaged."""
        if not self.numeric:
            raise FileFormatError(f"{self.name} is no array of real numbers")
        body: bytes | memoryview = self.element
        if self.deflated:
            body = _inflate(self.element, 8 * prod(self.shape) + _LOOK)
        kind, start, end, _ = _element(body, self.numbers_at, self.order)
        if kind not in _NUMBERS:
            raise FileFormatError(f"{self.name} has numbers of unknown type {kind}")
        dtype = np.dtype(self.order + _NUMBERS[kind])
        if end - start != prod(self.shape) * dtype.itemsize:
            raise FileFormatError(f"{self.name} {self.shape} has {end - start} bytes of {dtype}")
        return np.frombuffer(body[start:end], dtype).reshape(self.shape, order="F")


def variables(file: memoryview) -> Iterator[Variable]:
    """The variables of a file, in its order. Raises FileFormatError where it is damaged."""
    order = {b"IM": "<", b"MI": ">"}.get(bytes(file[_HEADER - 2 : _HEADER]))
    if order is None:
        raise FileFormatError("is a damaged .mat file: its header does not tell the order of bytes")
    at = _HEADER
    while at < len(file):
        kind, start, end, at = _element(file, at, order)
        if kind == _MATRIX:
            yield _variable(file[start:end], file[start:end], order, deflated=False)
        elif kind == _DEFLATED:
            beginning = _inflate(file[start:end], _LOOK)
            yield _variable(file[start:end], beginning, order, deflated=True)


def _variable(
    element: memoryview, body: bytes | memoryview, order: str, *, deflated: bool
) -> Variable:
    at = 8 if deflated else 0  # the deflated bytes begin with the matrix element's own tag
    (flags, *_), at = _integers(body, at, order)
    dims, at = _integers(body, at, order)
    _, start, end, at = _element(body, at, order)
    return Variable(
        name=bytes(body[start:end]).decode("latin-1"),
        shape=dims,
        numeric=(flags & 0xFF) in _NUMERIC_CLASSES and not flags & _COMPLEX,
        element=element,
        deflated=deflated,
        order=order,
        numbers_at=at,
    )


def _integers(body: bytes | memoryview, at: int, order: str) -> tuple[tuple[int, ...], int]:
    """The non-negative 32-bit integers of an element, one at least, and where the next begins."""
    _, start, end, at = _element(body, at, order)
    values = struct.unpack(
        f"{order}{(end - start) // 4}i", body[start : start + (end - start) // 4 * 4]
    )
    if not values or min(values) < 0 or len(values) > 32:
        raise FileFormatError("is a damaged .mat file: impossible flags or dims")
    return values, at


def _element(body: bytes | memoryview, at: int, order: str) -> tuple[int, int, int, int]:
    """Type, beginning and end of an element's bytes, and where the next one begins."""
    if at + 8 > len(body):
        raise FileFormatError("is a damaged .mat file: cut short")
    kind, size = struct.unpack_from(f"{order}II", body, at)
    start, after = at + 8, at + 8 + -(-size // 8) * 8
    if kind >> 16:  # up to four bytes in the place of the size
        kind, size, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    if kind == _DEFLATED:
        after = start + size
    if start + size > len(body) or (start == at + 4 and size > 4):
        raise FileFormatError("is a damaged .mat file: cut short")
    return kind, start, start + size, after


def _inflate(data: memoryview, most: int) -> bytes:
    """At most so many bytes of what was deflated."""
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error as error:
        raise FileFormatError(f"is a damaged .mat file: {error}") from error
