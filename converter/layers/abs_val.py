"""AbsVal: |x|; the one elementwise layer that Caffe refuses to run in place (absval_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..families.elementwise import Elementwise
from ..layer import Array, Arrays
from ..program import Bottom, Lowered, Shape, function


@dataclass(frozen=True, kw_only=True)
class AbsVal(Elementwise, type="AbsVal"):
    """Absolute value."""

    in_place = False

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.abs(bottoms[0]),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return function(".abs", Bottom(0))
