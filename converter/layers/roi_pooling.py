"""ROIPooling: the maximum in each bin of each region, 0 for an empty bin (Fast R-CNN's roi_pooling_layer.cpp).

Corners are scaled and rounded, halves away from zero; the last row and column belong to the region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.regions import Bins, check_regions, pool_regions, round_half_away
from ..layer import Array, Arrays, Layer, header, number
from ..program import Bottom, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class ROIPooling(Layer, type="ROIPooling"):
    """Bottoms: features (N, C, H, W), regions (R, 5) of image, x1, y1, x2, y2; top (R, C, *pooled)."""

    pooled: tuple[int, int]
    spatial_scale: float

    num_bottoms = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> ROIPooling:
        param = proto.roi_pooling_param
        pooled = (param.pooled_h, param.pooled_w)
        if min(pooled) < 1:
            raise InvalidNetError(f"pooled_h and pooled_w are {pooled}; both must be at least 1")
        return cls(**header(proto), pooled=pooled, spatial_scale=number(param.spatial_scale))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        check_regions(bottoms[1])
        return ((bottoms[1][0], require_axes(bottoms[0], 4)[1], *self.pooled),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (pool_regions(bottoms[0], bottoms[1], self._bins, _maximum),)

    def _bins(self, corners: np.ndarray) -> tuple[Bins, Bins]:
        x1, y1, x2, y2 = round_half_away(corners * np.float32(self.spatial_scale)).astype(int)
        return _axis_bins(y1, y2, self.pooled[0]), _axis_bins(x1, x2, self.pooled[1])

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("ROIPooling", self.pooled, self.spatial_scale, inputs=(Bottom(0), Bottom(1)))


def _axis_bins(first: int, last: int, count: int) -> Bins:
    step = np.float32(max(last - first + 1, 1)) / np.float32(count)
    begin = np.floor(np.arange(count, dtype=np.float32) * step).astype(int) + first
    end = np.ceil(np.arange(1, count + 1, dtype=np.float32) * step).astype(int) + first
    return tuple(zip(begin.tolist(), end.tolist(), strict=True))


def _maximum(patch: Array, _row: int, _column: int) -> Array:
    channels, *sizes = patch.shape
    return patch.max((1, 2)) if all(sizes) else np.zeros(channels)
