"""BatchNorm: (x - mean) / sqrt(var + eps), without scale and shift (batch_norm_layer.cpp).

The file holds mean and variance times a factor, the third blob; a factor of 0 means mean = var = 0. Torch's module
computes x * a + b instead, which costs float32 about as many units in the last place as the mean is standard
deviations from 0; up to 30 of them no error larger than 4 times Caffe's was seen.
In `train()` both normalise by the batch's mean and biased variance, and average the unbiased one. Caffe sums the
statistics with decay f, and the factor alike: its average moves by 1 / factor, which from 1 sinks to 1 - f within some
1 / (1 - f) batches. Torch's moves by 1 - f from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError, UnsupportedError
from ..layer import Array, Arrays, Blob, Layer, Stored, header, number
from ..program import Bottom, Call, Lowered, Shape, call, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Layer, type="BatchNorm"):
    """Normalisation over all axes but 1, by stored statistics or (`use_global_stats: false`) those of the batch."""

    use_global_stats: bool
    eps: float
    momentum: float
    """By which torch's average moves: 1 less Caffe's `moving_average_fraction`."""

    in_place = True
    restrictions = "NVCaffe's scale_bias is refused"

    @classmethod
    def parse(cls, proto: LayerParameter) -> BatchNorm:
        param = proto.batch_norm_param
        if param.scale_bias or param.HasField("scale_filler") or param.HasField("bias_filler"):
            raise UnsupportedError(
                "holds scale and bias (NVCaffe), which is not converted; split them off as a Scale layer"
            )
        return cls(
            **header(proto),
            use_global_stats=param.use_global_stats or not param.HasField("use_global_stats"),
            eps=number(param.eps),
            momentum=number(1 - number(param.moving_average_fraction)),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        if len(bottoms[0]) < 2:
            raise InvalidNetError(f"takes a blob of 2 or more axes, found shape {bottoms[0]}")
        return (bottoms[0],)

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        channels = (bottoms[0][1],)
        return (
            Blob(key="running_mean", shape=channels, buffer=True),
            Blob(key="running_var", shape=channels, buffer=True),
            Blob(key="num_batches_tracked", shape=(1,), buffer=True),
        )

    def state(self, blobs: Sequence[Stored], bottoms: Sequence[Shape]) -> dict[str, Stored]:
        if not self.use_global_stats:
            return {}
        mean, variance = _statistics(blobs)
        return {
            "running_mean": mean,
            "running_var": variance,
            "num_batches_tracked": np.zeros((), np.int64),
        }

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        along = (-1, *(1,) * (x.ndim - 2))
        if self.use_global_stats:
            mean, variance = (part.astype(np.float64).reshape(along) for part in _statistics(blobs))
        else:
            others = (0, *range(2, x.ndim))
            mean = x.mean(others, keepdims=True)
            variance = np.square(x - mean).mean(others, keepdims=True)
        return ((x - mean) / np.sqrt(variance + self.eps),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        axes, channels = len(bottoms[0]), bottoms[0][1]
        options: dict[str, bool | float] = {} if self.eps == 1e-5 else {"eps": self.eps}
        if self.use_global_stats and self.momentum != 0.1:
            options["momentum"] = self.momentum
        options["affine"] = False
        if not self.use_global_stats:
            options["track_running_stats"] = False
        if axes <= 5:
            return module(f"nn.BatchNorm{max(axes - 2, 1)}d", channels, **options)
        flat = Call("self", (call(".flatten", Bottom(0), 2),))
        return Lowered(
            call(".view_as", flat, Bottom(0)), call("nn.BatchNorm1d", channels, **options)
        )


def _statistics(blobs: Sequence[Stored]) -> tuple[Stored, Stored]:
    """Return mean and variance, divided by the factor as Caffe does: in float32, by its inverse."""
    mean, variance, factor = (blob.astype(np.float32, copy=False) for blob in blobs)
    if factor[0] == 1:
        return mean, variance
    inverse = np.float32(1) / factor[0] if factor[0] else np.float32(0)
    return mean * inverse, variance * inverse
