"""TanH: hyperbolic tangent (tanh_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..families.elementwise import Elementwise
from ..layer import Array, Arrays
from ..program import Lowered, Shape, module


@dataclass(frozen=True, kw_only=True)
class TanH(Elementwise, type="TanH"):
    """Hyperbolic tangent."""

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.tanh(bottoms[0]),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("nn.Tanh")
