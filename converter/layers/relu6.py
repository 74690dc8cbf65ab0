"""ReLU6: min(max(x, 0) + negative_slope * min(x, 0), 6), of MobileNet v2 ports (relu6_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..families.elementwise import Elementwise
from ..layer import Array, Arrays, header, number
from ..program import Bottom, Lowered, Shape, call, function, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class ReLU6(Elementwise, type="ReLU6"):
    """Rectified linear unit with a ceiling of 6."""

    negative_slope: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> ReLU6:
        return cls(**header(proto), negative_slope=number(proto.relu6_param.negative_slope))

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        return (np.minimum(np.maximum(x, 0) + self.negative_slope * np.minimum(x, 0), 6),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        if not self.negative_slope:
            return module("nn.ReLU6")
        leaky = call("F.leaky_relu", Bottom(0), self.negative_slope)
        return function(".clamp", leaky, max=6.0)
