"""Axpy: a * x + y with one factor per channel, of SENet (axpy_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Expr, Lowered, Shape, call, function
from ..shapes import same_shapes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Axpy(Layer, type="Axpy"):
    """Bottoms a (N, C) or (N, C, 1, 1), x and y."""

    num_bottoms = (3, 3)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Axpy:
        return cls(**header(proto))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        factor, x, y = bottoms
        ones = (1,) * (len(x) - 2)
        if len(x) < 2 or factor not in {x[:2], x[:2] + ones}:
            raise InvalidNetError(f"bottom 0 has shape {factor}; for {x} it must be {x[:2]}")
        return (same_shapes([x, y]),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        factor, x, y = bottoms
        return (factor.reshape(*x.shape[:2], *(1,) * (x.ndim - 2)) * x + y,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        factor: Expr = Bottom(0)
        missing = len(bottoms[1]) - len(bottoms[0])
        if missing:
            factor = call(".unflatten", factor, 1, (-1,) + (1,) * missing)
        return function("+", call("*", factor, Bottom(1)), Bottom(2))
