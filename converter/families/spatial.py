"""Windows that slide over the axes behind a channel axis: Convolution, Deconvolution, Im2col (base_conv_layer.cpp).

All axes before the channel axis are batch axes; in most nets there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..program import Call, Expr, Shape, call
from ..shapes import divide

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

    def deconv_sizes(self, sizes: Shape) -> Shape:
        """Return the sizes after a deconvolution (deconv_layer.cpp, compute_output_shape)."""
        return tuple(
            stride * (size - 1) + dilation * (kernel - 1) + 1 - 2 * pad
            for size, kernel, stride, pad, dilation in zip(
                sizes, self.kernel, self.stride, self.pad, self.dilation, strict=True
            )
        )

    def fits(self, sizes: Shape) -> bool:
        """Whether the window is within the padded input. C's division gives one output where it is not quite."""
        return all(
            size + 2 * pad >= dilation * (kernel - 1) + 1
            for size, kernel, pad, dilation in zip(
                sizes, self.kernel, self.pad, self.dilation, strict=True
            )
        )

    def options(self) -> dict[str, int | Shape]:
        """Return the window as keyword arguments of torch's modules, without those that are torch's defaults."""
        given = {"stride": self.stride, "padding": self.pad, "dilation": self.dilation}
        return {"kernel_size": squeezed(self.kernel)} | {
            key: squeezed(sizes)
            for key, sizes in given.items()
            if set(sizes) != {0 if key == "padding" else 1}
        }


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


def over_batches(x: Expr, axis: int, *, stock: bool = True) -> Expr:
    """Apply the layer's module, which takes one batch axis, to `x` whose channels are on `axis`.

    Torch's own modules (`stock`) also take a blob without a batch axis.
    """
    if axis == 1 or (axis == 0 and stock):
        return Call("self", (x,))
    if axis == 0:
        return call(".squeeze", Call("self", (call(".unsqueeze", x, 0),)), 0)
    sizes = tuple(call(".size", x, batch_axis) for batch_axis in range(axis))
    return call(".unflatten", Call("self", (call(".flatten", x, 0, axis - 1),)), 0, sizes)


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
