"""Normalize: two layers of one name.

SSD's (ParseNet's) is here: x / sqrt(sum of squares + eps), times a learned scale
(normalize_layer.cpp of weiliu89/caffe).
caffe-windows', which has `normalize_param` and no weights, is in `unit_normalize.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Blob, Filler, Layer, header, number
from ..program import Lowered, Shape, module
from .unit_normalize import UnitNormalize

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Normalize(Layer, type="Normalize"):
    """Division by the norm of each image (`across_spatial`) or each pixel; one scale, or one for each channel."""

    across_spatial: bool
    channel_shared: bool
    eps: float
    filler: Filler

    in_place = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> Layer:
        if proto.HasField("normalize_param"):
            return UnitNormalize.parse(proto)
        param = proto.norm_param
        given = param.HasField("scale_filler")
        return cls(
            **header(proto),
            across_spatial=param.across_spatial,
            channel_shared=param.channel_shared,
            eps=number(param.eps),
            filler=Filler.parse(param.scale_filler) if given else Filler(value=1.0),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        if not 2 <= len(bottoms[0]) <= 4:
            raise InvalidNetError(f"takes a blob of 2 to 4 axes, found shape {bottoms[0]}")
        return (bottoms[0],)

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        shape = () if self.channel_shared else (bottoms[0][1],)
        return (Blob(key="weight", shape=shape, filler=self.filler),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        axes = tuple(range(1, x.ndim)) if self.across_spatial else (1,)
        norm = np.sqrt(np.square(x).sum(axes, keepdims=True) + self.eps)
        return (x / norm * blobs[0].reshape(-1, *(1,) * (x.ndim - 2)),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        channels = None if self.channel_shared else bottoms[0][1]
        return module("Normalize", channels, across_spatial=self.across_spatial, eps=self.eps)
