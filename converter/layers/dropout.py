"""Dropout: the identity in the test phase; kept values are scaled while training, as in torch (dropout_layer.cpp).

Fast R-CNN's fork and others have `scale_train: false`: values kept are left alone, and those of the test phase are
scaled by the share that is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError, UnsupportedError
from ..families.elementwise import Elementwise
from ..layer import Array, Arrays, header, number
from ..program import Lowered, Shape, call, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Dropout(Elementwise, type="Dropout"):
    """Zeroes a share `dropout_ratio` of the values while training."""

    dropout_ratio: float
    scale_train: bool

    restrictions = "sample_weights_test, which drops at random in the test phase too, is refused"

    @classmethod
    def parse(cls, proto: LayerParameter) -> Dropout:
        param = proto.dropout_param
        if param.sample_weights_test:
            raise UnsupportedError(
                "sample_weights_test drops values at random in the test phase, so that no output is "
                "the right one; remove it for the averaged net"
            )
        if not 0 <= param.dropout_ratio < 1:
            raise InvalidNetError(
                f"dropout_ratio is {number(param.dropout_ratio)}; it must be at least 0 and below 1"
            )
        return cls(
            **header(proto),
            dropout_ratio=number(param.dropout_ratio),
            scale_train=param.scale_train,
        )

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (bottoms[0] if self.scale_train else bottoms[0] * self._kept,)

    @property
    def _kept(self) -> float:
        return number(1 - self.dropout_ratio)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        dropout = module("nn.Dropout", self.dropout_ratio)
        if self.scale_train:
            return dropout
        return Lowered(call("*", dropout.expression, self._kept), dropout.module)
