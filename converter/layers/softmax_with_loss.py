"""SoftmaxWithLoss: -log(max(p, FLT_MIN)) of the labels, p = softmax along `axis` (softmax_loss_layer.cpp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..families.elementwise import softmax
from ..families.losses import (
    Loss,
    Mode,
    check_labels,
    given,
    ignore_label,
    labels,
    normalization,
    normalizer,
    rows,
)
from ..layer import Array, header
from ..program import Bottom, Lowered, Shape, module
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter

SMALLEST = float(np.finfo(np.float32).tiny)  # FLT_MIN


@dataclass(frozen=True, kw_only=True)
class SoftmaxWithLoss(Loss, type="SoftmaxWithLoss"):
    """Multinomial logistic loss of the softmax of scores."""

    axis: int
    ignore_label: int | None
    normalization: Mode

    restrictions = "a second top is refused, as Caffe's inner softmax refuses it"

    @classmethod
    def parse(cls, proto: LayerParameter) -> SoftmaxWithLoss:
        return cls(
            **header(proto),
            axis=proto.softmax_param.axis,
            ignore_label=ignore_label(proto.loss_param),
            normalization=normalization(proto.loss_param, "VALID"),
        )

    def check(self, bottoms: Sequence[Shape]) -> None:
        check_labels(bottoms, self.axis)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {1: bottoms[0][axis_index(self.axis, bottoms[0])]}

    def loss(self, bottoms: Sequence[Array]) -> float:
        axis = axis_index(self.axis, bottoms[0].shape)
        label, valid = labels(bottoms[1], self.ignore_label)
        picked = rows(softmax(bottoms[0], axis), axis)[np.arange(len(label)), label]
        total = -np.log(np.maximum(picked, SMALLEST))[valid].sum()
        return float(total / normalizer(self.normalization, valid, prod(bottoms[0].shape[:axis])))

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module(
            "SoftmaxWithLoss",
            axis_index(self.axis, bottoms[0]),
            inputs=(Bottom(0), Bottom(1)),
            **given(ignore_label=self.ignore_label, normalization=self.normalization),
        )
