"""Split: the bottom under several names (split_layer.cpp); Caffe also adds such layers itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..layer import ANY, Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Split(Layer, type="Split"):
    """Every top is the bottom."""

    num_tops = (1, ANY)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Split:
        return cls(**header(proto))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return (bottoms[0],) * len(self.tops)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (bottoms[0],) * len(self.tops)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return Lowered(Bottom(0) if len(self.tops) == 1 else (Bottom(0),) * len(self.tops))
