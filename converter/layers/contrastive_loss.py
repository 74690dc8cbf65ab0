"""ContrastiveLoss: d^2 for similar pairs, max(0, margin - d)^2 for others, over 2 N (contrastive_loss_layer.cpp).

The legacy version takes max(0, margin - d^2) instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.losses import Loss, check_one_label
from ..layer import Array, header, number
from ..program import Bottom, Lowered, Shape, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class ContrastiveLoss(Loss, type="ContrastiveLoss"):
    """Loss of pairs of vectors; the third bottom is not 0 where a pair is similar."""

    margin: float
    legacy: bool

    num_bottoms = (3, 3)

    @classmethod
    def parse(cls, proto: LayerParameter) -> ContrastiveLoss:
        param = proto.contrastive_loss_param
        return cls(**header(proto), margin=number(param.margin), legacy=param.legacy_version)

    def check(self, bottoms: Sequence[Shape]) -> None:
        for index in 0, 1:
            if prod(bottoms[index][2:]) != 1:
                raise InvalidNetError(
                    f"takes vectors, found shape {bottoms[index]}; flatten them first"
                )
        if bottoms[0][1:2] != bottoms[1][1:2]:
            raise InvalidNetError(
                f"bottoms have shapes {bottoms[0]} and {bottoms[1]}; they must be equal"
            )
        check_one_label(bottoms, 2)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {2: 2}

    def loss(self, bottoms: Sequence[Array]) -> float:
        a, b, similar = (bottom.reshape(len(bottom), -1) for bottom in bottoms)
        square = ((a - b) ** 2).sum(1)
        apart = (
            self.margin - square
            if self.legacy
            else np.maximum(self.margin - np.sqrt(square), 0) ** 2
        )
        terms = np.where(np.trunc(similar[:, 0]) != 0, square, np.maximum(apart, 0))
        return float(terms.sum() / len(a) / 2)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        legacy = (("legacy", True),) if self.legacy else ()
        inputs = Bottom(0), Bottom(1), Bottom(2)
        return module("ContrastiveLoss", self.margin, inputs=inputs, **dict(legacy))
