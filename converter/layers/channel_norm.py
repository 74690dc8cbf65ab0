"""ChannelNorm: the Euclidean norm over the channels of each pixel (FlowNet 2, channel_norm_layer.cpp)."""

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
class ChannelNorm(Layer, type="ChannelNorm"):
    """(N, C, H, W) -> (N, 1, H, W)."""

    @classmethod
    def parse(cls, proto: LayerParameter) -> ChannelNorm:
        return cls(**header(proto))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        batch, _, *sizes = require_axes(bottoms[0], 4)
        return ((batch, 1, *sizes),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.sqrt((bottoms[0] ** 2).sum(1, keepdims=True)),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return function("torch.linalg.vector_norm", Bottom(0), dim=1, keepdim=True)
