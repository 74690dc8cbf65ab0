"""Flip: the image mirrored, by default left to right (flip_layer.cpp of caffe-windows)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, function
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Flip(Layer, type="Flip"):
    """`axes` are those mirrored: 2 is the height, 3 the width."""

    axes: tuple[int, ...]

    @classmethod
    def parse(cls, proto: LayerParameter) -> Flip:
        param = proto.flip_param
        flipped = ((2, param.flip_height), (3, param.flip_width))
        return cls(**header(proto), axes=tuple(axis for axis, given in flipped if given))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return (require_axes(bottoms[0], 4),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.flip(bottoms[0], self.axes),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return function(".flip", Bottom(0), *self.axes) if self.axes else Lowered(Bottom(0))
