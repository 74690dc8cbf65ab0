"""Reverse: the order along one axis turned round, by default the time axis 0 (reverse_layer.cpp of caffe_ocr)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, function
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Reverse(Layer, type="Reverse"):
    """Last first along `axis`."""

    axis: int

    @classmethod
    def parse(cls, proto: LayerParameter) -> Reverse:
        return cls(**header(proto), axis=proto.reverse_param.axis)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        axis_index(self.axis, bottoms[0])
        return (bottoms[0],)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.flip(bottoms[0], self.axis),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return function(".flip", Bottom(0), axis_index(self.axis, bottoms[0]))
