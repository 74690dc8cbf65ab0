"""Kernel, stride, pad and dilation as Convolution, Deconvolution and Im2col give them (base_conv_layer.cpp)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import InvalidNetError
from .program import Shape
from .shapes import divide

if TYPE_CHECKING:
    from protos import ConvolutionParameter


@dataclass(frozen=True, kw_only=True)
class Window:
    """A sliding window: one value for each spatial axis."""

    kernel: Shape
    stride: Shape
    pad: Shape
    dilation: Shape

    def conv_sizes(self, sizes: Shape) -> Shape:
        """Return the sizes after a convolution, with C's division (conv_layer.cpp, compute_output_shape)."""
        return tuple(
            divide(size + 2 * pad - (dilation * (kernel - 1) + 1), stride) + 1
            for size, kernel, stride, pad, dilation in zip(
                sizes, self.kernel, self.stride, self.pad, self.dilation, strict=True
            )
        )


@dataclass(frozen=True, kw_only=True)
class WindowText:
    """The window as the text gives it, before the number of spatial axes is known."""

    kernel_size: Shape
    stride: Shape
    pad: Shape
    dilation: Shape
    kernel_hw: tuple[int, int] | None
    stride_hw: tuple[int, int] | None
    pad_hw: tuple[int, int] | None

    @classmethod
    def parse(cls, param: ConvolutionParameter) -> WindowText:
        """Read it from a ConvolutionParameter."""
        return cls(
            kernel_size=tuple(param.kernel_size),
            stride=tuple(param.stride),
            pad=tuple(param.pad),
            dilation=tuple(param.dilation),
            kernel_hw=_pair(param, "kernel"),
            stride_hw=_pair(param, "stride"),
            pad_hw=_pair(param, "pad"),
        )

    def resolve(self, axes: int) -> Window:
        """Return one value for each of `axes` spatial axes. Raises InvalidNetError where Caffe would refuse."""
        window = Window(
            kernel=_per_axis("kernel_size", self.kernel_size, self.kernel_hw, None, axes),
            stride=_per_axis("stride", self.stride, self.stride_hw, 1, axes),
            pad=_per_axis("pad", self.pad, self.pad_hw, 0, axes),
            dilation=_per_axis("dilation", self.dilation, None, 1, axes),
        )
        for what, sizes in (
            ("kernel", window.kernel),
            ("stride", window.stride),
            ("dilation", window.dilation),
        ):
            if min(sizes, default=1) < 1:
                raise InvalidNetError(f"{what} is {sizes}; every axis must be at least 1")
        return window


def squeezed(sizes: Shape) -> int | Shape:
    """Return 3 for (3, 3): torch takes either, people read the first."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _pair(param: ConvolutionParameter, what: str) -> tuple[int, int] | None:
    """Return (x_h, x_w) if the text has either; the one it lacks is 0, as in Caffe."""
    height, width = f"{what}_h", f"{what}_w"
    if not (param.HasField(height) or param.HasField(width)):
        return None
    return getattr(param, height), getattr(param, width)


def _per_axis(
    what: str, values: Shape, pair: tuple[int, int] | None, default: int | None, axes: int
) -> Shape:
    if pair is not None:
        stem = what.removesuffix("_size")
        if axes != 2:
            raise InvalidNetError(
                f"{stem}_h and {stem}_w are for 2 spatial axes, found {axes}; use {what}"
            )
        if values:
            raise InvalidNetError(f"gives both {what} and {stem}_h/{stem}_w; keep one of them")
        return pair
    if not values and default is not None:
        return (default,) * axes
    if len(values) not in {1, axes}:
        raise InvalidNetError(
            f"{what} is given {len(values)} times; give it once, or once for each of {axes} spatial axes"
        )
    return values * axes if len(values) == 1 else values
