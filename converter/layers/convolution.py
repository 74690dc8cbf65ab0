"""Convolution over any number of spatial axes, grouped, dilated (base_conv_layer.cpp, conv_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Self

import numpy as np

from ..errors import InvalidNetError, UnsupportedError
from ..layer import Array, Arrays, Blob, Filler, Layer, header
from ..program import Lowered, Shape, module
from ..shapes import axis_index
from ..spatial import Window, WindowText, squeezed

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Convolution(Layer, type="Convolution"):
    """Cross-correlation."""

    num_output: int
    bias_term: bool
    group: int
    axis: int
    window: WindowText
    weight_filler: Filler
    bias_filler: Filler

    @classmethod
    def parse(cls, proto: LayerParameter) -> Self:
        param = proto.convolution_param
        return cls(
            **header(proto),
            num_output=param.num_output,
            bias_term=param.bias_term,
            group=param.group,
            axis=param.axis,
            window=WindowText.parse(param),
            weight_filler=Filler.parse(param.weight_filler),
            bias_filler=Filler.parse(param.bias_filler),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        axis = self._channel_axis(bottoms[0])
        self._check_groups(bottoms[0][axis])
        sizes = self._window(bottoms[0]).conv_sizes(bottoms[0][axis + 1 :])
        return ((*bottoms[0][:axis], self.num_output, *sizes),)

    def _channel_axis(self, bottom: Shape) -> int:
        return axis_index(self.axis, bottom)

    def _window(self, bottom: Shape) -> Window:
        return self.window.resolve(len(bottom) - self._channel_axis(bottom) - 1)

    def _check_groups(self, channels: int) -> None:
        if self.num_output < 1:
            raise InvalidNetError(f"num_output is {self.num_output}; it must be at least 1")
        for what, count in ("input channels", channels), ("num_output", self.num_output):
            if self.group < 1 or count % self.group:
                raise InvalidNetError(f"{what} {count} is not a multiple of group {self.group}")

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        channels = bottoms[0][self._channel_axis(bottoms[0])]
        shape = (self.num_output, channels // self.group, *self._window(bottoms[0]).kernel)
        weight = Blob(key="weight", shape=shape, filler=self.weight_filler)
        bias = Blob(key="bias", shape=(self.num_output,), filler=self.bias_filler)
        return (weight, bias) if self.bias_term else (weight,)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        axis = self._channel_axis(x.shape)
        batch = x.reshape(-1, *x.shape[axis:])
        y = convolve(batch, blobs[0], self._window(x.shape), self.group)
        if self.bias_term:
            y += blobs[1].reshape(-1, *(1,) * (y.ndim - 2))
        return (y.reshape(*x.shape[:axis], *y.shape[1:]),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        axis = self._channel_axis(bottoms[0])
        spatial = len(bottoms[0]) - axis - 1
        if axis != 1 or spatial not in {1, 2, 3}:
            raise UnsupportedError(f"convolves axis {axis} over {spatial} spatial axes")
        window = self._window(bottoms[0])
        options: dict[str, int | Shape | bool] = {"kernel_size": squeezed(window.kernel)}
        for key, sizes, default in (
            ("stride", window.stride, 1),
            ("padding", window.pad, 0),
            ("dilation", window.dilation, 1),
        ):
            if set(sizes) != {default}:
                options[key] = squeezed(sizes)
        if self.group != 1:
            options["groups"] = self.group
        if not self.bias_term:
            options["bias"] = False
        return module(f"nn.Conv{spatial}d", bottoms[0][1], self.num_output, **options)

    def multiply_adds(self, bottoms: Sequence[Shape], tops: Sequence[Shape]) -> int:
        weight = self.weights(bottoms)[0].shape
        return prod(tops[0]) * prod(weight[1:])


def convolve(x: Array, weight: Array, window: Window, group: int) -> Array:
    """Convolve (N, C, *sizes) with (O, C / group, *kernel) -> (N, O, *sizes), one kernel position at a time."""
    sizes = window.conv_sizes(x.shape[2:])
    reach = [
        (out - 1) * stride + dilation * (kernel - 1) + 1
        for out, stride, dilation, kernel in zip(
            sizes, window.stride, window.dilation, window.kernel, strict=True
        )
    ]  # beyond the padded input where C's division rounded up; Caffe reads zeros there
    right = [
        max(pad, need - size - pad)
        for need, size, pad in zip(reach, x.shape[2:], window.pad, strict=True)
    ]
    padded = np.pad(x, [(0, 0), (0, 0), *zip(window.pad, right, strict=True)])
    columns = padded.reshape(x.shape[0], group, -1, *padded.shape[2:])
    kernels = weight.reshape(group, -1, *weight.shape[1:])
    y = np.zeros((x.shape[0], group, kernels.shape[1], *sizes))
    for position in np.ndindex(*window.kernel):
        patch = columns[(..., *_reached(position, window, sizes))]
        y += np.einsum("goc,ngc...->ngo...", kernels[(..., *position)], patch, optimize=True)
    return y.reshape(x.shape[0], -1, *sizes)


def _reached(position: Shape, window: Window, sizes: Shape) -> tuple[slice, ...]:
    """Return the input elements that one kernel position meets, over all outputs."""
    return tuple(
        slice(at * dilation, at * dilation + (out - 1) * stride + 1, stride)
        for at, dilation, stride, out in zip(
            position, window.dilation, window.stride, sizes, strict=True
        )
    )
