"""Slice: the bottom cut along one axis, at the slice points or evenly (slice_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import ANY, Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, function
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Slice(Layer, type="Slice"):
    """One top for each piece; the last one takes what is left. A single top passes the bottom on."""

    axis: int
    points: tuple[int, ...]

    num_tops = (1, ANY)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Slice:
        param = proto.slice_param
        if param.HasField("axis") and param.HasField("slice_dim"):
            raise InvalidNetError("gives both axis and slice_dim; keep axis")
        points = tuple(param.slice_point)
        if points and len(points) != len(proto.top) - 1:
            raise InvalidNetError(
                f"has {len(proto.top)} tops and {len(points)} slice points; give one point less than tops"
            )
        axis = param.slice_dim if param.HasField("slice_dim") else param.axis
        return cls(**header(proto), axis=axis, points=points)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        (shape,) = bottoms
        axis = axis_index(self.axis, shape)
        return tuple((*shape[:axis], size, *shape[axis + 1 :]) for size in self._sizes(shape[axis]))

    def _sizes(self, whole: int) -> tuple[int, ...]:
        pieces = len(self.tops)
        if not self.points:
            if whole % pieces:
                raise InvalidNetError(
                    f"axis of {whole} does not divide into {pieces} tops; give slice points"
                )
            return (whole // pieces,) * pieces
        sizes = tuple(end - start for start, end in pairwise((0, *self.points, whole)))
        if min(sizes) < 1:
            raise InvalidNetError(
                f"slice points {self.points} must rise, from above 0 to below the axis's {whole}"
            )
        return sizes

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        points = np.cumsum(self._sizes(x.shape[self.axis]))[:-1]
        return tuple(np.split(x, points, self.axis))

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        if len(self.tops) == 1:
            return Lowered(Bottom(0))
        axis = axis_index(self.axis, bottoms[0])
        if self.points:
            return function(".tensor_split", Bottom(0), self.points, axis)
        return function(".chunk", Bottom(0), len(self.tops), axis)
