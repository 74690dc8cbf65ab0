"""Swish: x * sigmoid(beta * x) (swish_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..families.elementwise import Elementwise, affine, sigmoid
from ..layer import Array, Arrays, header, number
from ..program import Bottom, Lowered, Shape, call, function, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Swish(Elementwise, type="Swish"):
    """Also called SiLU where `beta` is 1."""

    beta: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> Swish:
        return cls(**header(proto), beta=number(proto.swish_param.beta))

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        return (x * sigmoid(self.beta * x),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        if self.beta == 1:
            return module("nn.SiLU")
        return function("*", Bottom(0), call("torch.sigmoid", affine(Bottom(0), self.beta, 0)))
