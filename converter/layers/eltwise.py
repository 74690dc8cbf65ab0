"""Eltwise: product, weighted sum or maximum of equal shapes (eltwise_layer.cpp).

Where SUM and MAX work in place, Caffe clears the top, which is bottom 0, before it reads it: bottom 0 is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidNetError
from ..layer import ANY, Array, Arrays, Layer, header, number
from ..program import Bottom, Expr, Lowered, Shape, call
from ..shapes import same_shapes

if TYPE_CHECKING:
    from protos import LayerParameter

OPERATIONS: tuple[Literal["PROD", "SUM", "MAX"], ...] = ("PROD", "SUM", "MAX")


@dataclass(frozen=True, kw_only=True)
class Eltwise(Layer, type="Eltwise"):
    """`coeff` has one value for each bottom, for SUM."""

    operation: Literal["PROD", "SUM", "MAX"]
    coeff: tuple[float, ...]

    num_bottoms = (2, ANY)
    in_place = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> Eltwise:
        param = proto.eltwise_param
        operation = OPERATIONS[param.operation]
        if param.coeff and operation == "PROD":
            raise InvalidNetError("PROD takes no coeff; drop it, or use SUM")
        if len(param.coeff) not in {0, len(proto.bottom)}:
            raise InvalidNetError(
                f"has {len(proto.bottom)} bottoms and {len(param.coeff)} coeff; give one for each, or none"
            )
        coeff = tuple(map(number, param.coeff)) or (1.0,) * len(proto.bottom)
        return cls(**header(proto), operation=operation, coeff=coeff)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return (same_shapes(bottoms),)

    def _read(self) -> range:
        """Return the bottoms that count."""
        lost = self.operation != "PROD" and self.tops[0] == self.bottoms[0]
        return range(1 if lost else 0, len(self.bottoms))

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        arrays = [bottoms[index] for index in self._read()]
        if self.operation == "PROD":
            return (reduce(np.multiply, arrays),)
        if self.operation == "MAX":
            return (reduce(np.maximum, arrays),)
        coeff = [self.coeff[index] for index in self._read()]
        return (
            sum((a * x for a, x in zip(coeff, arrays, strict=True)), np.zeros(arrays[0].shape)),
        )

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        if self.operation == "SUM":
            return Lowered(self._sum())
        parts: list[Expr] = [Bottom(index) for index in self._read()]
        target = "*" if self.operation == "PROD" else "torch.maximum"
        return Lowered(reduce(lambda left, right: call(target, left, right), parts))

    def _sum(self) -> Expr:
        """Return a + 2.0 * b - c, in the order of the bottoms."""
        first, *others = self._read()
        total = _times(self.coeff[first], Bottom(first))
        for index in others:
            coeff = self.coeff[index]
            total = call("-" if coeff < 0 else "+", total, _times(abs(coeff), Bottom(index)))
        return total


def _times(coeff: float, x: Expr) -> Expr:
    return x if coeff == 1 else call("*", coeff, x)
