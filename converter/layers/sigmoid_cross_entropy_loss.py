"""SigmoidCrossEntropyLoss of logits and targets (sigmoid_cross_entropy_loss_layer.cpp).

Its default normalisation is the batch size, although the default in LossParameter reads VALID.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.losses import (
    Loss,
    Mode,
    first_size,
    ignore_label,
    normalization,
    normalizer,
    shaped_like,
)
from ..layer import Array, header
from ..program import Bottom, Lowered, Shape, call, function, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class SigmoidCrossEntropyLoss(Loss, type="SigmoidCrossEntropyLoss"):
    """Binary cross entropy of sigmoid(x), target by target; targets may be soft."""

    ignore_label: int | None
    normalization: Mode

    @classmethod
    def parse(cls, proto: LayerParameter) -> SigmoidCrossEntropyLoss:
        return cls(
            **header(proto),
            ignore_label=ignore_label(proto.loss_param),
            normalization=normalization(proto.loss_param, "BATCH_SIZE"),
        )

    def check(self, bottoms: Sequence[Shape]) -> None:
        if prod(bottoms[0]) != prod(bottoms[1]):
            raise InvalidNetError(
                f"bottoms have shapes {bottoms[0]} and {bottoms[1]}; they must have the same count"
            )

    def loss(self, bottoms: Sequence[Array]) -> float:
        x, target = bottoms[0], bottoms[1].reshape(bottoms[0].shape)
        valid = np.ones(x.shape, bool)
        if self.ignore_label is not None:
            valid = np.trunc(target) != self.ignore_label
        terms = np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))
        return float(terms[valid].sum() / normalizer(self.normalization, valid, len(x)))

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        target = shaped_like(1, 0, bottoms)
        if self.ignore_label is not None:
            return module(
                "SigmoidCrossEntropyLoss",
                self.ignore_label,
                inputs=(Bottom(0), target),
                normalization=self.normalization,
            )
        reduction = "mean" if self.normalization in {"FULL", "VALID"} else "sum"
        total = call("F.binary_cross_entropy_with_logits", Bottom(0), target, reduction=reduction)
        if self.normalization == "BATCH_SIZE":
            return function("/", total, first_size(Bottom(0)))
        return Lowered(total)
