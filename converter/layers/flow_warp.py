"""FlowWarp: an image read at positions moved by a flow, bilinearly (FlowNet 2, flow_warp_layer.cpp).

A position counts while 0 <= x < W and 0 <= y < H; beyond the last row and column the last one stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class FlowWarp(Layer, type="FlowWarp"):
    """Bottoms: image (N, C, H, W), flow (N, 2, H, W) in x and y; positions outside give `fill`."""

    fill: float

    num_bottoms = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> FlowWarp:
        param = proto.flow_warp_param
        return cls(**header(proto), fill=0.0 if param.fill_value == param.ZERO else float("nan"))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        batch, _, *sizes = require_axes(bottoms[0], 4)
        if bottoms[1] != (batch, 2, *sizes):
            raise InvalidNetError(f"flow has shape {bottoms[1]}; it must be {(batch, 2, *sizes)}")
        return (bottoms[0],)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        image, flow = bottoms
        batch, _, height, width = image.shape
        x, y = np.arange(width) + flow[:, 0], np.arange(height)[:, None] + flow[:, 1]
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y = np.where(inside, x, 0), np.where(inside, y, 0)
        left, top = x.astype(int), y.astype(int)
        right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
        at = np.arange(batch)[:, None, None]
        warped = sum(
            (weight * row_weight)[..., None] * image[at, :, row, column]
            for row, row_weight in ((top, 1 - (y - top)), (bottom, y - top))
            for column, weight in ((left, 1 - (x - left)), (right, x - left))
        )
        return (np.moveaxis(np.where(inside[..., None], warped, self.fill), -1, 1),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("FlowWarp", self.fill, inputs=(Bottom(0), Bottom(1)))
