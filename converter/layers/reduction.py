"""Reduction of `axis` and all axes after it, times `coeff` (reduction_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..families.elementwise import affine
from ..layer import Array, Arrays, Layer, header, number
from ..program import Bottom, Expr, Lowered, Shape, call
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter

Operation = Literal["SUM", "ASUM", "SUMSQ", "MEAN"]
OPERATIONS: tuple[Operation, ...] = ("SUM", "ASUM", "SUMSQ", "MEAN")  # numbered from 1


@dataclass(frozen=True, kw_only=True)
class Reduction(Layer, type="Reduction"):
    """Sum, sum of magnitudes, sum of squares, or mean; from axis 0 on, a top without axes."""

    operation: Operation
    axis: int
    coeff: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> Reduction:
        param = proto.reduction_param
        return cls(
            **header(proto),
            operation=OPERATIONS[param.operation - 1],
            axis=param.axis,
            coeff=number(param.coeff),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return (bottoms[0][: axis_index(self.axis, bottoms[0])],)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        axes = tuple(range(axis_index(self.axis, x.shape), x.ndim))
        values = {"ASUM": np.abs, "SUMSQ": np.square}.get(self.operation, np.positive)(x)
        reduced = values.mean(axes) if self.operation == "MEAN" else values.sum(axes)
        return (np.asarray(reduced * self.coeff),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        first, axes = axis_index(self.axis, bottoms[0]), len(bottoms[0])
        reduced: tuple[Expr, ...] = ()
        if first:
            reduced = (first if first == axes - 1 else tuple(range(first, axes)),)
        x: Expr = Bottom(0)
        if self.operation in {"ASUM", "SUMSQ"}:
            x = call(".abs" if self.operation == "ASUM" else ".square", x)
        total = call(".mean" if self.operation == "MEAN" else ".sum", x, *reduced)
        return Lowered(affine(total, self.coeff, 0))
