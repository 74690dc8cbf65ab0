"""SegNet's and ENet's BN: two blobs, scale and shift (bn_layer.cpp of alexgkendall/caffe-segnet).

INFERENCE is x * scale + shift, statistics merged into the blobs. LEARN, the default, takes the statistics of the
batch in the test phase too. A blob of fewer than 4 axes gives a top of 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Blob, Filler, Layer, Stored, header
from ..program import Bottom, Call, Lowered, Shape, call, module, trailing_axes
from ..shapes import four_axes

if TYPE_CHECKING:
    from protos import LayerParameter

EPS = 1e-9  # var_eps_, fixed in the source
OTHERS = (0, 2, 3)


@dataclass(frozen=True, kw_only=True)
class SegNetBN(Layer):
    """Tops: y, and in LEARN the batch's mean and its variance without eps, each (1, C, 1, 1)."""

    learn: bool
    fillers: tuple[Filler, Filler]

    type: ClassVar[str] = "BN"
    num_tops = (1, 3)
    in_place = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> SegNetBN:
        param = proto.bn_param
        learn = param.bn_mode == param.LEARN
        if len(proto.top) > 1 and not learn:
            raise InvalidNetError(
                f"has {len(proto.top)} tops; only bn_mode LEARN computes statistics"
            )
        fillers = (Filler.parse(param.scale_filler), Filler.parse(param.shift_filler))
        return cls(**header(proto), learn=learn, fillers=fillers)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = four_axes(bottoms[0])
        return (shape, *((1, shape[1], 1, 1),) * (len(self.tops) - 1))

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        shape = (1, four_axes(bottoms[0])[1], 1, 1)
        return tuple(
            Blob(key=key, shape=shape, filler=filler)
            for key, filler in zip(("weight", "bias"), self.fillers, strict=True)
        )

    def state(self, blobs: Sequence[Stored], bottoms: Sequence[Shape]) -> dict[str, Stored]:
        return {key: blob.reshape(-1) for key, blob in super().state(blobs, bottoms).items()}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        x = bottoms[0].reshape(four_axes(bottoms[0].shape))
        scale, shift = blobs
        if not self.learn:
            return (x * scale + shift,)
        mean = x.mean(OTHERS, keepdims=True)
        variance = np.square(x).mean(OTHERS, keepdims=True) - np.square(mean)
        y = (x - mean) / np.sqrt(variance + EPS) * scale + shift
        return (y, mean, variance)[: len(self.tops)]

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        shape = four_axes(bottoms[0])
        x = trailing_axes(Bottom(0), 4 - len(bottoms[0]))
        if not self.learn:
            return module("Scale", (shape[1],), inputs=x)
        lowered = module("nn.BatchNorm2d", shape[1], eps=EPS, track_running_stats=False, inputs=x)
        statistics: tuple[Call, ...] = (
            call(".mean", x, OTHERS, keepdim=True),
            call(".var", x, OTHERS, correction=0, keepdim=True),
        )[: len(self.tops) - 1]
        return Lowered((lowered.expression, *statistics), lowered.module) if statistics else lowered
