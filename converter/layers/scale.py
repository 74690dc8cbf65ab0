"""Scale: y = x * a (+ b) along some axes; `a` is learned or the second bottom (scale_layer.cpp).

With two bottoms and `bias_term` the first blob is the bias, because there is no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..families.broadcast import operand
from ..layer import Array, Arrays, Blob, Filler, Layer, header
from ..program import Bottom, Call, Expr, Lowered, Shape, call, module, trailing_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Scale(Layer, type="Scale"):
    """Product along `num_axes` axes from `axis` on."""

    axis: int
    num_axes: int
    bias_term: bool
    filler: Filler
    bias_filler: Filler

    num_bottoms = (1, 2)
    in_place = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> Scale:
        param = proto.scale_param
        return cls(
            **header(proto),
            axis=param.axis,
            num_axes=param.num_axes,
            bias_term=param.bias_term,
            filler=Filler.parse(param.filler) if param.HasField("filler") else Filler(value=1.0),
            bias_filler=Filler.parse(param.bias_filler),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        operand(self.axis, self.num_axes, bottoms)
        return (bottoms[0],)

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        shape = operand(self.axis, self.num_axes, bottoms).shape
        weight = Blob(key="weight", shape=shape, filler=self.filler)
        bias = Blob(key="bias", shape=shape, filler=self.bias_filler)
        return (weight,) * (len(bottoms) == 1) + (bias,) * self.bias_term

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        shape = operand(self.axis, self.num_axes, [x.shape for x in bottoms]).broadcast
        factor, *bias = (*bottoms[1:], *blobs)
        y = bottoms[0] * factor.reshape(shape)
        return (y + bias[0].reshape(shape) if self.bias_term else y,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        place = operand(self.axis, self.num_axes, bottoms)
        options: dict[str, Expr] = {} if place.axis == 1 else {"axis": place.axis}
        if len(bottoms) == 1:
            options |= {} if self.bias_term else {"bias": False}
            return module("Scale", place.shape, **options)
        product = call("*", Bottom(0), trailing_axes(Bottom(1), place.trailing))
        if not self.bias_term:
            return Lowered(product)
        return Lowered(Call("self", (product,)), call("Bias", place.shape, **options))
