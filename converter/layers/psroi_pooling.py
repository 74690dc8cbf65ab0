"""PSROIPooling: the mean in each bin, of the channels made for it, 0 for an empty one (psroi_pooling_layer.cu).

Corners are rounded before they are scaled; x2 and y2 mean the end of their pixel.
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
class PSROIPooling(Layer, type="PSROIPooling"):
    """Bottoms: features (N, D * G * G, H, W), regions (R, 5) of image, x1, y1, x2, y2; top (R, D, G, G)."""

    spatial_scale: float
    output_dim: int
    group_size: int

    num_bottoms = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> PSROIPooling:
        param = proto.psroi_pooling_param
        if min(param.output_dim, param.group_size) < 1:
            raise InvalidNetError(
                f"output_dim is {param.output_dim} and group_size {param.group_size}; "
                f"both must be at least 1"
            )
        return cls(
            **header(proto),
            spatial_scale=number(param.spatial_scale),
            output_dim=param.output_dim,
            group_size=param.group_size,
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        check_regions(bottoms[1])
        channels, wanted = require_axes(bottoms[0], 4)[1], self.output_dim * self.group_size**2
        if channels != wanted:
            raise InvalidNetError(
                f"has {channels} input channels; output_dim {self.output_dim} and group_size "
                f"{self.group_size} need {wanted}"
            )
        return ((bottoms[1][0], self.output_dim, self.group_size, self.group_size),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (pool_regions(bottoms[0], bottoms[1], self._bins, self._mean),)

    def _bins(self, corners: np.ndarray) -> tuple[Bins, Bins]:
        ends = round_half_away(corners) + np.array([0, 0, 1, 1], np.float32)
        x1, y1, x2, y2 = ends * np.float32(self.spatial_scale)
        return _axis_bins(y1, y2, self.group_size), _axis_bins(x1, x2, self.group_size)

    def _mean(self, patch: Array, row: int, column: int) -> Array:
        own = patch[row * self.group_size + column :: self.group_size**2]
        return own.mean((1, 2)) if own.size else np.zeros(len(own))

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        inputs = Bottom(0), Bottom(1)
        return module("PSROIPooling", self.group_size, self.spatial_scale, inputs=inputs)


def _axis_bins(first: np.float32, last: np.float32, count: int) -> Bins:
    step = max(last - first, np.float32(0.1)) / np.float32(count)
    begin = np.floor(np.arange(count, dtype=np.float32) * step + first).astype(int)
    end = np.ceil(np.arange(1, count + 1, dtype=np.float32) * step + first).astype(int)
    return tuple(zip(begin.tolist(), end.tolist(), strict=True))
