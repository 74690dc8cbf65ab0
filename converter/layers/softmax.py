"""Softmax along one axis, after its maximum is subtracted (softmax_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..families.elementwise import Elementwise, softmax
from ..layer import Array, Arrays, header
from ..program import Lowered, Shape, module
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Softmax(Elementwise, type="Softmax"):
    """exp(x) over its sum along `axis`."""

    axis: int

    @classmethod
    def parse(cls, proto: LayerParameter) -> Softmax:
        return cls(**header(proto), axis=proto.softmax_param.axis)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        axis_index(self.axis, bottoms[0])
        return (bottoms[0],)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (softmax(bottoms[0], self.axis),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("nn.Softmax", dim=axis_index(self.axis, bottoms[0]))
