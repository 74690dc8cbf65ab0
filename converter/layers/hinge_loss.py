"""HingeLoss: sum of max(0, 1 - s x), s = 1 for the label and -1 for the others, over N (hinge_loss_layer.cpp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..families.losses import Loss, check_one_label, labels
from ..layer import Array, header
from ..program import Bottom, Lowered, Shape, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class HingeLoss(Loss, type="HingeLoss"):
    """One-versus-all hinge; the L2 norm squares each margin."""

    norm: Literal["L1", "L2"]

    @classmethod
    def parse(cls, proto: LayerParameter) -> HingeLoss:
        param = proto.hinge_loss_param
        return cls(**header(proto), norm="L2" if param.norm == param.L2 else "L1")

    def check(self, bottoms: Sequence[Shape]) -> None:
        check_one_label(bottoms)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {1: prod(bottoms[0][1:])}

    def loss(self, bottoms: Sequence[Array]) -> float:
        x = bottoms[0].reshape(len(bottoms[0]), -1).copy()
        label, _ = labels(bottoms[1], None)
        x[np.arange(len(x)), label] *= -1
        margin = np.maximum(0, 1 + x)
        return float(np.sum(margin**2 if self.norm == "L2" else margin) / len(x))

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("HingeLoss", self.norm, inputs=(Bottom(0), Bottom(1)))
