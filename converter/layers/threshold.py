"""Threshold: 1 where x > threshold, else 0 (threshold_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..families.elementwise import Elementwise
from ..layer import Array, Arrays, header
from ..program import Bottom, Lowered, Shape, call, function

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Threshold(Elementwise, type="Threshold"):
    """Equality gives 0, so `threshold` is kept as the float32 it is, not as its shortest decimal."""

    threshold: float

    jumps = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> Threshold:
        return cls(**header(proto), threshold=proto.threshold_param.threshold)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return ((bottoms[0] > self.threshold).astype(float),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return function(".type_as", call(".gt", Bottom(0), self.threshold), Bottom(0))
