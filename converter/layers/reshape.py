"""Reshape: 0 copies the size of the bottom's axis, -1 is inferred (reshape_layer.cpp).

The dims replace the `num_axes` axes from `axis` on; a negative axis counts from behind the last one, so that -1
appends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Expr, Lowered, Shape, call, function

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Reshape(Layer, type="Reshape"):
    """The same values in the same order under another shape."""

    dims: Shape
    axis: int
    num_axes: int

    @classmethod
    def parse(cls, proto: LayerParameter) -> Reshape:
        param = proto.reshape_param
        dims = tuple(param.shape.dim)
        if dims.count(-1) > 1 or min(dims, default=0) < -1:
            raise InvalidNetError(f"shape has dims {dims}; at most one may be -1, none below")
        if param.num_axes < -1:
            raise InvalidNetError(f"num_axes is {param.num_axes}; it must be -1 (all) or more")
        return cls(**header(proto), dims=dims, axis=param.axis, num_axes=param.num_axes)

    def _replaced(self, shape: Shape) -> tuple[int, int]:
        """Return the first axis that the dims replace, and the one after the last."""
        axes = len(shape)
        start = self.axis if self.axis >= 0 else axes + self.axis + 1
        if not 0 <= start <= axes:
            raise InvalidNetError(f"axis {self.axis} is out of range for shape {shape}")
        end = axes if self.num_axes == -1 else start + self.num_axes
        if end > axes:
            raise InvalidNetError(
                f"num_axes {self.num_axes} from axis {start} on exceeds the {axes} axes of {shape}"
            )
        return start, end

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        (shape,) = bottoms
        start, end = self._replaced(shape)
        if any(not dim and start + at >= len(shape) for at, dim in enumerate(self.dims)):
            raise InvalidNetError(f"a dim of 0 in {self.dims} has no axis of {shape} to copy")
        dims = [dim or shape[start + at] for at, dim in enumerate(self.dims)]
        if -1 in dims:
            known = prod(dim for dim in dims if dim != -1) * prod(shape[:start] + shape[end:])
            if prod(shape) % known:
                raise InvalidNetError(
                    f"cannot infer the -1 in {self.dims}: {prod(shape)} values do not divide by {known}"
                )
            dims[dims.index(-1)] = prod(shape) // known
        top = (*shape[:start], *dims, *shape[end:])
        if prod(top) != prod(shape):
            raise InvalidNetError(
                f"shape {shape} has {prod(shape)} values, the new shape {top} {prod(top)}"
            )
        return (top,)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (bottoms[0].reshape(*self.shapes([bottoms[0].shape])),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        (shape,) = bottoms
        start, end = self._replaced(shape)
        copied = [at for at, dim in enumerate(self.dims) if not dim]
        kept = start + len(copied)
        if self.dims == (0,) * len(copied) + (-1,) and kept < end == len(shape):
            return function(".flatten", Bottom(0), kept)
        sizes: list[Expr] = [
            *(_size(axis) for axis in range(start)),
            *(dim or _size(start + at) for at, dim in enumerate(self.dims)),
            *(_size(axis) for axis in range(end, len(shape))),
        ]
        return function(".reshape", Bottom(0), *sizes)


def _size(axis: int) -> Expr:
    return call(".size", Bottom(0), axis)
