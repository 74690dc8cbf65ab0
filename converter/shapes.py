"""Caffe's integer arithmetic on shapes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from .errors import InvalidNetError
from .program import Shape

LARGEST_BLOB = 2**31 - 1  # blob.cpp: "blob size exceeds INT_MAX"


def axis_index(axis: int, shape: Shape, what: str = "axis") -> int:
    """Return `axis` counted from the front (Blob::CanonicalAxisIndex). Raises InvalidNetError out of range."""
    if not -len(shape) <= axis < len(shape):
        raise InvalidNetError(
            f"{what} {axis} is out of range for a {len(shape)}-D blob of shape {shape}"
        )
    return axis % len(shape)


def divide(numerator: int, denominator: int) -> int:
    """Divide as C does, towards zero: (4 - 5) / 2 is 0, not -1."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def check_blob(shape: Shape, blob: str) -> Shape:
    """Return `shape` if Caffe would allocate it: no axis below 1, count within 2^31 - 1, at most 32 axes."""
    if any(size < 1 for size in shape):
        raise InvalidNetError(
            f"blob {blob!r} would have shape {shape}; every axis must be at least 1"
        )
    if prod(shape) > LARGEST_BLOB:
        raise InvalidNetError(
            f"blob {blob!r} would have shape {shape}, more than 2^31 - 1 elements"
        )
    if len(shape) > 32:
        raise InvalidNetError(f"blob {blob!r} would have {len(shape)} axes; Caffe allows 32")
    return shape


def require_axes(shape: Shape, axes: int) -> Shape:
    """Return `shape` if it has this many axes. Raises InvalidNetError otherwise."""
    if len(shape) != axes:
        raise InvalidNetError(f"takes a blob of {axes} axes, found shape {shape}")
    return shape


def four_axes(shape: Shape) -> Shape:
    """Return `shape` with ones added behind it to 4 axes (Blob::LegacyShape). Raises InvalidNetError for more."""
    if len(shape) > 4:
        raise InvalidNetError(f"takes a blob of at most 4 axes, found shape {shape}")
    return shape + (1,) * (4 - len(shape))


def same_shapes(shapes: Sequence[Shape]) -> Shape:
    """Return the one shape that all bottoms have. Raises InvalidNetError otherwise."""
    for index, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise InvalidNetError(
                f"bottom {index} has shape {shape}, bottom 0 has {shapes[0]}; they must be equal"
            )
    return shapes[0]
