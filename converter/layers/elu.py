"""ELU: x for x > 0, else alpha * (exp(x) - 1) (elu_layer.cpp)."""

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
class ELU(Elementwise, type="ELU"):
    """Exponential linear unit."""

    alpha: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> ELU:
        return cls(**header(proto), alpha=number(proto.elu_param.alpha))

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        return (np.maximum(x, 0) + self.alpha * np.expm1(np.minimum(x, 0)),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("nn.ELU") if self.alpha == 1 else module("nn.ELU", self.alpha)
