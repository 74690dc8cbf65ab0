"""MultinomialLogisticLoss: mean of -log(max(p, 1e-20)) of given probabilities (multinomial_logistic_loss_layer.cpp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..families.losses import Loss, check_one_label, first_size, labels
from ..layer import Array, header
from ..program import Bottom, Expr, Lowered, Shape, call, function

if TYPE_CHECKING:
    from protos import LayerParameter

LOG_THRESHOLD = 1e-20  # kLOG_THRESHOLD


@dataclass(frozen=True, kw_only=True)
class MultinomialLogisticLoss(Loss, type="MultinomialLogisticLoss"):
    """Cross entropy of probabilities; the classes are all axes after the first."""

    @classmethod
    def parse(cls, proto: LayerParameter) -> MultinomialLogisticLoss:
        return cls(**header(proto))

    def check(self, bottoms: Sequence[Shape]) -> None:
        check_one_label(bottoms)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {1: prod(bottoms[0][1:])}

    def loss(self, bottoms: Sequence[Array]) -> float:
        label, _ = labels(bottoms[1], None)
        x = bottoms[0].reshape(len(label), -1)
        picked = x[np.arange(len(x)), label]
        return float(-np.log(np.maximum(picked, LOG_THRESHOLD)).mean())

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        x: Expr = Bottom(0)
        if len(bottoms[0]) != 2:
            x = call(".reshape", x, first_size(x), -1)
        label = call(".long", Bottom(1))
        if len(bottoms[1]) != 1:
            label = call(".flatten", label)
        log = call(".log", call(".clamp", x, min=LOG_THRESHOLD))
        return function("F.nll_loss", log, label)
