"""PReLU: max(x, 0) + a * min(x, 0), with `a` learned for each channel, or one for all (prelu_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Blob, Filler, Layer, Stored, header
from ..program import Lowered, Shape, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class PReLU(Layer, type="PReLU"):
    """Rectified linear unit with a learned slope; channels are on axis 1."""

    channel_shared: bool
    filler: Filler

    in_place = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> PReLU:
        param = proto.prelu_param
        return cls(
            **header(proto),
            channel_shared=param.channel_shared,
            filler=Filler.parse(param.filler) if param.HasField("filler") else Filler(value=0.25),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        if len(bottoms[0]) < 2:
            raise InvalidNetError(f"takes a blob of 2 or more axes, found shape {bottoms[0]}")
        return (bottoms[0],)

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        shape = () if self.channel_shared else (bottoms[0][1],)
        return (Blob(key="weight", shape=shape, filler=self.filler),)

    def state(self, blobs: Sequence[Stored], bottoms: Sequence[Shape]) -> dict[str, Stored]:
        return {"weight": blobs[0].reshape(-1)}  # torch has one slope as (1,), Caffe as ()

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        slope = blobs[0].reshape(-1, *(1,) * (x.ndim - 2))
        return (np.maximum(x, 0) + slope * np.minimum(x, 0),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("nn.PReLU") if self.channel_shared else module("nn.PReLU", bottoms[0][1])
