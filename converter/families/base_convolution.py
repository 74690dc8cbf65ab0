"""What Convolution and Deconvolution have in common (base_conv_layer.cpp)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from ..errors import InvalidNetError
from ..layer import ANY, Array, Arrays, Blob, Filler, Layer, header
from ..shapes import axis_index, same_shapes
from .spatial import Window, WindowText

if TYPE_CHECKING:
    from protos import LayerParameter

    from ..program import Shape


@dataclass(frozen=True, kw_only=True)
class BaseConvolution(Layer):
    """One window, one set of weights, any number of bottoms with a top for each."""

    num_output: int
    bias_term: bool
    group: int
    axis: int
    window: WindowText
    weight_filler: Filler
    bias_filler: Filler

    num_bottoms: ClassVar[tuple[int, int | None]] = (1, ANY)
    num_tops: ClassVar[tuple[int, int | None]] = (1, ANY)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Self:
        """Read a ConvolutionParameter."""
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

    @abstractmethod
    def top_sizes(self, window: Window, sizes: Shape) -> Shape:
        """Return the spatial sizes of a top."""

    @abstractmethod
    def weight_shape(self, channels: int, outputs: int, group: int) -> Shape:
        """Return the first two axes of the weights; the kernel follows."""

    @abstractmethod
    def compute(self, x: Array, weight: Array, window: Window, group: int) -> Array:
        """Compute (N, C, *sizes) -> (N, O, *sizes) without the bias."""

    def outputs(self, channels: int) -> int:
        """Return the number of output channels."""
        return self.num_output

    def groups(self, channels: int) -> int:
        """Return the number of groups."""
        return self.group

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        """Return one top shape for each bottom; all bottoms must be alike."""
        if len(bottoms) != len(self.tops):
            raise InvalidNetError(
                f"has {len(bottoms)} bottoms and {len(self.tops)} tops; it makes one of each"
            )
        bottom = same_shapes(bottoms)
        axis = self.channel_axis(bottom)
        channels = bottom[axis]
        self._check_groups(channels)
        sizes = self.top_sizes(self.resolved(bottom), bottom[axis + 1 :])
        return ((*bottom[:axis], self.outputs(channels), *sizes),) * len(bottoms)

    def channel_axis(self, bottom: Shape) -> int:
        """Return the axis of the channels, counted from the front."""
        return axis_index(self.axis, bottom)

    def resolved(self, bottom: Shape) -> Window:
        """Return the window for a bottom's number of spatial axes."""
        return self.window.resolve(len(bottom) - self.channel_axis(bottom) - 1)

    def _check_groups(self, channels: int) -> None:
        outputs, group = self.outputs(channels), self.groups(channels)
        if outputs < 1:
            raise InvalidNetError(f"num_output is {outputs}; it must be at least 1")
        for what, count in ("input channels", channels), ("num_output", outputs):
            if group < 1 or count % group:
                raise InvalidNetError(f"{what} {count} is not a multiple of group {group}")

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        """Return the weights, and the bias if there is one."""
        channels = bottoms[0][self.channel_axis(bottoms[0])]
        outputs = self.outputs(channels)
        leading = self.weight_shape(channels, outputs, self.groups(channels))
        shape = (*leading, *self.resolved(bottoms[0]).kernel)
        weight = Blob(key="weight", shape=shape, filler=self.weight_filler)
        bias = Blob(key="bias", shape=(outputs,), filler=self.bias_filler)
        return (weight, bias) if self.bias_term else (weight,)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        """Compute each top from its bottom, all batch axes as one."""
        return tuple(self._reference(x, blobs) for x in bottoms)

    def _reference(self, x: Array, blobs: Sequence[Array]) -> Array:
        axis = self.channel_axis(x.shape)
        batch = x.reshape(prod(x.shape[:axis]), *x.shape[axis:])
        y = self.compute(batch, blobs[0], self.resolved(x.shape), self.groups(x.shape[axis]))
        if self.bias_term:
            y += blobs[1].reshape(-1, *(1,) * (y.ndim - 2))
        return y.reshape(*x.shape[:axis], *y.shape[1:])

    def options(self, bottom: Shape) -> dict[str, int | Shape | bool]:
        """Return the keyword arguments of torch's module, without those that are torch's defaults."""
        options: dict[str, int | Shape | bool] = {**self.resolved(bottom).options()}
        group = self.groups(bottom[self.channel_axis(bottom)])
        if group != 1:
            options["groups"] = group
        if not self.bias_term:
            options["bias"] = False
        return options
