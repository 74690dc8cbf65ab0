"""YOLO's Upsample: each pixel repeated `scale` times along both axes (upsample_layer.cpp of MobileNet-YOLO).

Its scale is 1 where the text gives none; SegNet's layer of the same name has 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter

LARGEST_SCALE = 40
"""From 41 on torch's float32 index can fall short of a whole number, and take the pixel before."""


@dataclass(frozen=True, kw_only=True)
class NearestUpsample(Layer):
    """Nearest-neighbour enlargement by a whole number."""

    scale: int

    type: ClassVar[str] = "Upsample"

    @classmethod
    def parse(cls, proto: LayerParameter) -> NearestUpsample:
        param = proto.upsample_param
        scale = param.scale if param.HasField("scale") else 1
        if not 1 <= scale <= LARGEST_SCALE:
            raise InvalidNetError(f"scale is {scale}; it must be from 1 to {LARGEST_SCALE}")
        return cls(**header(proto), scale=scale)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = require_axes(bottoms[0], 4)
        return ((*shape[:2], shape[2] * self.scale, shape[3] * self.scale),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (bottoms[0].repeat(self.scale, 2).repeat(self.scale, 3),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return (
            module("nn.Upsample", scale_factor=self.scale)
            if self.scale > 1
            else module("nn.Identity")
        )
