"""Deconvolution: the transpose of Convolution (deconv_layer.cpp); weights are (in, out / group, *kernel)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from types import EllipsisType
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UnsupportedError
from ..families.base_convolution import BaseConvolution
from ..families.spatial import Window, over_batches
from ..program import Bottom, Lowered, call

if TYPE_CHECKING:
    from ..layer import Array
    from ..program import Shape


@dataclass(frozen=True, kw_only=True)
class Deconvolution(BaseConvolution, type="Deconvolution"):
    """Transposed convolution, which many nets use to enlarge."""

    restrictions = "over 1 to 3 spatial axes"

    def top_sizes(self, window: Window, sizes: Shape) -> Shape:
        return window.deconv_sizes(sizes)

    def weight_shape(self, channels: int, outputs: int, group: int) -> Shape:
        return (channels, outputs // group)

    def compute(self, x: Array, weight: Array, window: Window, group: int) -> Array:
        """Add each input times the kernel where it falls in the padded output, then cut the padding off."""
        sizes = window.deconv_sizes(x.shape[2:])
        whole = [size + 2 * pad for size, pad in zip(sizes, window.pad, strict=True)]
        grouped = x.reshape(x.shape[0], group, -1, *x.shape[2:])
        kernels = weight.reshape(group, -1, *weight.shape[1:])
        y = np.zeros((x.shape[0], group, kernels.shape[2], *whole))
        for position in np.ndindex(*window.kernel):
            part = np.einsum(
                "gco,ngc...->ngo...", kernels[(..., *position)], grouped, optimize=True
            )
            y[_reached(position, window, x.shape[2:])] += part
        for axis, (pad, size) in enumerate(zip(window.pad, sizes, strict=True)):
            y = y.take(range(pad, pad + size), axis + 3)
        return y.reshape(x.shape[0], -1, *sizes)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        axis, bottom = self.channel_axis(bottoms[0]), bottoms[0]
        spatial = len(bottom) - axis - 1
        if spatial not in {1, 2, 3}:
            raise UnsupportedError(f"works over {spatial} spatial axes; 1 to 3 can be converted")
        channels = bottom[axis]
        applied = tuple(over_batches(Bottom(i), axis) for i in range(len(bottoms)))
        return Lowered(
            applied if len(applied) > 1 else applied[0],
            call(
                f"nn.ConvTranspose{spatial}d",
                channels,
                self.outputs(channels),
                **self.options(bottom),
            ),
        )

    def multiply_adds(self, bottoms: Sequence[Shape], tops: Sequence[Shape]) -> int:
        weight = self.weights(bottoms)[0].shape
        return sum(prod(bottom) for bottom in bottoms) * prod(weight[1:])


def _reached(
    position: Shape, window: Window, sizes: Shape
) -> tuple[EllipsisType | slice[int, int, int], ...]:
    """Return the padded output's elements that one kernel position adds to, over all inputs."""
    return ..., *(
        slice(at * dilation, at * dilation + (size - 1) * stride + 1, stride)
        for at, dilation, stride, size in zip(
            position, window.dilation, window.stride, sizes, strict=True
        )
    )
