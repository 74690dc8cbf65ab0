"""BNLL: log(1 + exp(x)), written so that it cannot overflow (bnll_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..families.elementwise import Elementwise
from ..layer import Array, Arrays
from ..program import Lowered, Shape, module

STEEP = (
    50  # from here on log(1 + exp(x)) is x, in double precision too; torch's own 20 is too early
)


@dataclass(frozen=True, kw_only=True)
class BNLL(Elementwise, type="BNLL"):
    """Binomial normal log likelihood, also called softplus."""

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.logaddexp(0, bottoms[0]),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("nn.Softplus", threshold=STEEP)
