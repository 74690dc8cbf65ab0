"""LRN: x / (k + alpha * mean of squares)^beta (lrn_layer.cpp).

ACROSS_CHANNELS takes the mean over `local_size` channels, as torch does; WITHIN_CHANNEL over a square of the plane,
zeros of its padding included, and with k fixed to 1 whatever the text says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header, number
from ..program import Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class LRN(Layer, type="LRN"):
    """Local response normalisation."""

    local_size: int
    alpha: float
    beta: float
    k: float
    within_channel: bool

    @classmethod
    def parse(cls, proto: LayerParameter) -> LRN:
        param = proto.lrn_param
        if param.local_size % 2 == 0:
            raise InvalidNetError(f"local_size is {param.local_size}; it must be odd")
        return cls(
            **header(proto),
            local_size=param.local_size,
            alpha=number(param.alpha),
            beta=number(param.beta),
            k=number(param.k),
            within_channel=param.norm_region == param.WITHIN_CHANNEL,
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return (require_axes(bottoms[0], 4),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        mean = np.square(x)
        for axis in (2, 3) if self.within_channel else (1,):
            mean = _windowed_mean(mean, axis, self.local_size)
        k = 1.0 if self.within_channel else self.k
        return (x / (k + self.alpha * mean) ** self.beta,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        if self.within_channel:
            return module("LRNWithinChannel", self.local_size, alpha=self.alpha, beta=self.beta)
        return module(
            "nn.LocalResponseNorm", self.local_size, alpha=self.alpha, beta=self.beta, k=self.k
        )


def _windowed_mean(x: Array, axis: int, size: int) -> Array:
    """Return the sum over `size` neighbours along an axis, zeros beyond its ends, divided by `size`."""
    pad = [(0, 0)] * x.ndim
    pad[axis] = (size // 2, size // 2)
    total: Array = np.lib.stride_tricks.sliding_window_view(np.pad(x, pad), size, axis).sum(-1)
    return total / size
