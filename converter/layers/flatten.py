"""Flatten: axes `axis` to `end_axis` become one (flatten_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Expr, Lowered, Shape, function
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Flatten(Layer, type="Flatten"):
    """An `end_axis` one before `axis` joins nothing: it puts an axis of 1 there."""

    axis: int
    end_axis: int

    @classmethod
    def parse(cls, proto: LayerParameter) -> Flatten:
        param = proto.flatten_param
        return cls(**header(proto), axis=param.axis, end_axis=param.end_axis)

    def _range(self, shape: Shape) -> tuple[int, int]:
        start = axis_index(self.axis, shape)
        end = axis_index(self.end_axis, shape, "end_axis")
        if end < start - 1:
            raise InvalidNetError(f"end_axis {self.end_axis} lies before axis {self.axis}")
        return start, end

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        (shape,) = bottoms
        start, end = self._range(shape)
        return ((*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (bottoms[0].reshape(*self.shapes([bottoms[0].shape])),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        start, end = self._range(bottoms[0])
        if end < start:
            return function(".unsqueeze", Bottom(0), start)
        last: tuple[Expr, ...] = () if end == len(bottoms[0]) - 1 else (end,)
        return function(".flatten", Bottom(0), start, *last)
