"""BN: two layers of one name, batch normalisation with scale and shift.

PSPNet's (also yjxiong's and caffe-windows') is here: four blobs, slope, bias, mean, variance, and statistics that the
test phase never computes. A text with none of its fields is SegNet's, in `segnet_bn.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..layer import Array, Arrays, Blob, Filler, Layer, Stored, header, number
from ..program import Lowered, Shape, module
from ..shapes import four_axes
from .segnet_bn import SegNetBN

if TYPE_CHECKING:
    from protos import LayerParameter

FIELDS = ("slope_filler", "bias_filler", "momentum", "eps", "frozen", "engine")


@dataclass(frozen=True, kw_only=True)
class BN(Layer, type="BN"):
    """y = (x - mean) / sqrt(variance + eps) * slope + bias, for each channel of axis 1."""

    eps: float
    momentum: float
    """By which torch's average moves: 1 less Caffe's."""
    fillers: tuple[Filler, Filler, Filler, Filler]

    in_place = True
    restrictions = "with none of PSPNet's fields and not four blobs it is SegNet's"

    @classmethod
    def parse(cls, proto: LayerParameter) -> Layer:
        param = proto.bn_param
        pspnet = any(param.HasField(field) for field in FIELDS)
        if not pspnet and len(proto.blobs) != 4 and len(proto.param) < 3:
            return SegNetBN.parse(proto)
        return cls(
            **header(proto),
            eps=number(param.eps),
            momentum=number(1 - number(param.momentum)),
            fillers=(
                Filler.parse(param.slope_filler),
                Filler.parse(param.bias_filler),
                Filler(),
                Filler(value=float(param.frozen)),
            ),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        four_axes(bottoms[0])
        return (bottoms[0],)

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        shape = (1, four_axes(bottoms[0])[1], 1, 1)
        keys = ("weight", "bias", "running_mean", "running_var")
        return tuple(
            Blob(key=key, shape=shape, filler=filler, buffer=key.startswith("running"))
            for key, filler in zip(keys, self.fillers, strict=True)
        )

    def state(self, blobs: Sequence[Stored], bottoms: Sequence[Shape]) -> dict[str, Stored]:
        state = {key: blob.reshape(-1) for key, blob in super().state(blobs, bottoms).items()}
        return state | {"num_batches_tracked": np.zeros((), np.int64)}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        slope, bias, mean, variance = (blob.reshape(-1, *(1,) * (x.ndim - 2)) for blob in blobs)
        return ((x - mean) / np.sqrt(variance + self.eps) * slope + bias,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        options = {} if self.eps == 1e-5 else {"eps": self.eps}
        if self.momentum != 0.1:
            options["momentum"] = self.momentum
        return module(
            "nn.BatchNorm2d" if len(bottoms[0]) == 4 else "nn.BatchNorm1d", bottoms[0][1], **options
        )
