"""EuclideanLoss: sum of squared differences / (2 N) (euclidean_loss_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.losses import Loss, first_size, shaped_like
from ..layer import Array, header
from ..program import Bottom, Lowered, Shape, call, function

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class EuclideanLoss(Loss, type="EuclideanLoss"):
    """Half the mean squared distance of two batches."""

    @classmethod
    def parse(cls, proto: LayerParameter) -> EuclideanLoss:
        return cls(**header(proto))

    def check(self, bottoms: Sequence[Shape]) -> None:
        if prod(bottoms[0][1:]) != prod(bottoms[1][1:]):
            raise InvalidNetError(
                f"bottoms have shapes {bottoms[0]} and {bottoms[1]}; items must be of equal count"
            )

    def loss(self, bottoms: Sequence[Array]) -> float:
        a, b = bottoms
        return float(np.sum((a - b.reshape(a.shape)) ** 2) / a.shape[0] / 2)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        total = call("F.mse_loss", Bottom(0), shaped_like(1, 0, bottoms), reduction="sum")
        return function("/", total, call("*", 2, first_size(Bottom(0))))
