"""Bias: y = x + b along some axes; `b` is learned or the second bottom (bias_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..families.broadcast import operand
from ..layer import Array, Arrays, Blob, Filler, Layer, header
from ..program import Bottom, Expr, Lowered, Shape, function, module, trailing_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Bias(Layer, type="Bias"):
    """Sum along `num_axes` axes from `axis` on."""

    axis: int
    num_axes: int
    filler: Filler

    num_bottoms = (1, 2)
    in_place = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> Bias:
        param = proto.bias_param
        return cls(
            **header(proto),
            axis=param.axis,
            num_axes=param.num_axes,
            filler=Filler.parse(param.filler),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        operand(self.axis, self.num_axes, bottoms)
        return (bottoms[0],)

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        if len(bottoms) > 1:
            return ()
        shape = operand(self.axis, self.num_axes, bottoms).shape
        return (Blob(key="bias", shape=shape, filler=self.filler),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        shape = operand(self.axis, self.num_axes, [x.shape for x in bottoms]).broadcast
        (summand,) = (*bottoms[1:], *blobs)
        return (bottoms[0] + summand.reshape(shape),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        place = operand(self.axis, self.num_axes, bottoms)
        if len(bottoms) > 1:
            return function("+", Bottom(0), trailing_axes(Bottom(1), place.trailing))
        options: dict[str, Expr] = {} if place.axis == 1 else {"axis": place.axis}
        return module("Bias", place.shape, **options)
