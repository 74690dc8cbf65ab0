"""InnerProduct: y = W x + b over all axes from `axis` on (inner_product_layer.cpp).

`transpose` stores W as (inputs, outputs) and keeps it so here, because its use is to share W with a layer without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Blob, Filler, Layer, header
from ..program import Bottom, Expr, Lowered, Shape, call, module
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class InnerProduct(Layer, type="InnerProduct"):
    """A fully connected layer."""

    num_output: int
    bias_term: bool
    axis: int
    transpose: bool
    weight_filler: Filler
    bias_filler: Filler

    @classmethod
    def parse(cls, proto: LayerParameter) -> InnerProduct:
        param = proto.inner_product_param
        if param.num_output < 1:
            raise InvalidNetError(f"num_output is {param.num_output}; it must be at least 1")
        return cls(
            **header(proto),
            num_output=param.num_output,
            bias_term=param.bias_term,
            axis=param.axis,
            transpose=param.transpose,
            weight_filler=Filler.parse(param.weight_filler),
            bias_filler=Filler.parse(param.bias_filler),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return ((*bottoms[0][: axis_index(self.axis, bottoms[0])], self.num_output),)

    def _inputs(self, bottom: Shape) -> int:
        return prod(bottom[axis_index(self.axis, bottom) :])

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        shape = (self.num_output, self._inputs(bottoms[0]))
        weight = Blob(
            key="weight", shape=shape[::-1] if self.transpose else shape, filler=self.weight_filler
        )
        bias = Blob(key="bias", shape=(self.num_output,), filler=self.bias_filler)
        return (weight, bias) if self.bias_term else (weight,)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        kept = x.shape[: axis_index(self.axis, x.shape)]
        weight = blobs[0] if self.transpose else blobs[0].T
        y = x.reshape(*kept, -1) @ weight
        return (y + blobs[1] if self.bias_term else y,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        axis = axis_index(self.axis, bottoms[0])
        x: Expr = Bottom(0)
        if axis != len(bottoms[0]) - 1:
            x = call(".flatten", x, axis)
        options = {} if self.bias_term else {"bias": False}
        target = "TransposedLinear" if self.transpose else "nn.Linear"
        return module(target, self._inputs(bottoms[0]), self.num_output, inputs=x, **options)

    def multiply_adds(self, bottoms: Sequence[Shape], tops: Sequence[Shape]) -> int:
        return prod(tops[0]) * self._inputs(bottoms[0])
