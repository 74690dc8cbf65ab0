"""Convolution over any number of spatial axes, grouped, dilated (base_conv_layer.cpp, conv_layer.cpp).

Sizes use C's division, so that a kernel larger than the padded input can have one output: (4 - 5) / 2 + 1 = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from types import EllipsisType
from typing import TYPE_CHECKING

import numpy as np

from ..families.base_convolution import BaseConvolution
from ..families.spatial import Window, over_batches
from ..program import Bottom, Lowered, call

if TYPE_CHECKING:
    from ..layer import Array
    from ..program import Shape


@dataclass(frozen=True, kw_only=True)
class Convolution(BaseConvolution, type="Convolution"):
    """Cross-correlation."""

    def top_sizes(self, window: Window, sizes: Shape) -> Shape:
        return window.conv_sizes(sizes)

    def weight_shape(self, channels: int, outputs: int, group: int) -> Shape:
        return (outputs, channels // group)

    def compute(self, x: Array, weight: Array, window: Window, group: int) -> Array:
        return convolve(x, weight, window, group)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        axis, bottom = self.channel_axis(bottoms[0]), bottoms[0]
        channels, sizes = bottom[axis], bottom[axis + 1 :]
        stock = len(sizes) in {1, 2, 3} and self.resolved(bottom).fits(sizes)
        applied = tuple(over_batches(Bottom(i), axis, stock=stock) for i in range(len(bottoms)))
        return Lowered(
            applied if len(applied) > 1 else applied[0],
            call(
                f"nn.Conv{len(sizes)}d" if stock else "ConvNd",
                channels,
                self.outputs(channels),
                **(self.options(bottom) if stock else self._whole_options(bottom)),
            ),
        )

    def _whole_options(self, bottom: Shape) -> dict[str, int | Shape | bool]:
        """Return `options` with one number for each spatial axis."""
        window = self.resolved(bottom)
        whole = {
            "kernel_size": window.kernel,
            "stride": window.stride,
            "padding": window.pad,
            "dilation": window.dilation,
        }
        options = self.options(bottom)
        return {key: whole.get(key, value) for key, value in options.items()}

    def multiply_adds(self, bottoms: Sequence[Shape], tops: Sequence[Shape]) -> int:
        weight = self.weights(bottoms)[0].shape
        return sum(prod(top) for top in tops) * prod(weight[1:])


def convolve(x: Array, weight: Array, window: Window, group: int) -> Array:
    """Convolve (N, C, *sizes) with (O, C / group, *kernel) -> (N, O, *sizes), one kernel position at a time."""
    sizes = window.conv_sizes(x.shape[2:])
    padded = _padded(x, window, sizes)
    columns = padded.reshape(x.shape[0], group, -1, *padded.shape[2:])
    kernels = weight.reshape(group, -1, *weight.shape[1:])
    y = np.zeros((x.shape[0], group, kernels.shape[1], *sizes))
    for position in np.ndindex(*window.kernel):
        patch = columns[reached(position, window, sizes)]
        y += np.einsum("goc,ngc...->ngo...", kernels[(..., *position)], patch, optimize=True)
    return y.reshape(x.shape[0], -1, *sizes)


def im2col(x: Array, window: Window) -> Array:
    """Lay out (N, C, *sizes) as (N, C * kernel, *sizes): what each kernel position meets."""
    sizes = window.conv_sizes(x.shape[2:])
    padded = _padded(x, window, sizes)
    met = [padded[reached(at, window, sizes)] for at in np.ndindex(*window.kernel)]
    return np.stack(met, 2).reshape(x.shape[0], -1, *sizes)


def _padded(x: Array, window: Window, sizes: Shape) -> Array:
    """Pad with zeros, and beyond the padding where C's division rounded up; Caffe reads zeros there."""
    right = [
        max(pad, (out - 1) * stride + dilation * (kernel - 1) + 1 - size - pad)
        for out, stride, dilation, kernel, size, pad in zip(
            sizes,
            window.stride,
            window.dilation,
            window.kernel,
            x.shape[2:],
            window.pad,
            strict=True,
        )
    ]
    return np.pad(x, [(0, 0), (0, 0), *zip(window.pad, right, strict=True)])


def reached(
    position: Shape, window: Window, sizes: Shape
) -> tuple[EllipsisType | slice[int, int, int], ...]:
    """Return the padded input's elements that one kernel position meets, over all outputs."""
    return ..., *(
        slice(at * dilation, at * dilation + (out - 1) * stride + 1, stride)
        for at, dilation, stride, out in zip(
            position, window.dilation, window.stride, sizes, strict=True
        )
    )
