"""ReLU: max(x, 0) + negative_slope * min(x, 0) (relu_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..families.elementwise import Elementwise
from ..layer import Array, Arrays, header, number
from ..program import Lowered, Shape, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class ReLU(Elementwise, type="ReLU"):
    """Rectified linear unit, leaky where `negative_slope` is not 0."""

    negative_slope: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> ReLU:
        return cls(**header(proto), negative_slope=number(proto.relu_param.negative_slope))

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        return (np.maximum(x, 0) + self.negative_slope * np.minimum(x, 0),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return (
            module("nn.LeakyReLU", self.negative_slope)
            if self.negative_slope
            else module("nn.ReLU")
        )
