"""Pooling: MAX or AVE over 2 spatial axes, sizes rounded up (pooling_layer.cpp).

`ceil_mode: false` is what some forks call `round_mode: FLOOR`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidNetError, UnsupportedError
from ..families.spatial import squeezed
from ..layer import Array, Arrays, Layer, header
from ..program import Expr, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter, PoolingParameter

Method = Literal["MAX", "AVE"]
METHODS: dict[int, Method] = {0: "MAX", 1: "AVE"}
REFUSED = "STOCHASTIC is refused, as by Caffe on a CPU"


@dataclass(frozen=True, kw_only=True)
class Pooling(Layer, type="Pooling"):
    """`kernel` None pools the whole plane (`global_pooling`). A second top of MAX holds the winners' flat indices."""

    method: Method
    kernel: tuple[int, int] | None
    stride: tuple[int, int]
    pad: tuple[int, int]
    round_up: bool

    num_tops = (1, 2)
    restrictions = REFUSED

    @classmethod
    def parse(cls, proto: LayerParameter) -> Pooling:
        param = proto.pooling_param
        method = pooling_method(param.pool)
        if method == "AVE" and len(proto.top) > 1:
            raise InvalidNetError("has 2 tops; only MAX pooling has a second top, the mask")
        kernel = _kernel(param)
        stride = _stride(param)
        pad = _pad(param)
        _check(kernel, stride, pad)
        return cls(
            **header(proto),
            method=method,
            kernel=kernel,
            stride=stride,
            pad=pad,
            round_up=param.round_mode == param.CEIL and param.ceil_mode,
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = require_axes(bottoms[0], 4)
        return ((*shape[:2], *self._sizes(shape)),) * len(self.tops)

    def _window(self, shape: Shape) -> tuple[int, int]:
        return self.kernel or (shape[2], shape[3])

    def _sizes(self, shape: Shape) -> tuple[int, int]:
        """Return the pooled (height, width); with padding the last window must begin before the padding's end."""
        if self.kernel is None:
            return (1, 1)
        height, width = (
            self._size(size, kernel, stride, pad)
            for size, kernel, stride, pad in zip(
                shape[2:], self.kernel, self.stride, self.pad, strict=True
            )
        )
        return height, width

    def _size(self, size: int, kernel: int, stride: int, pad: int) -> int:
        reach = size + 2 * pad - kernel
        count = (-(-reach // stride) if self.round_up else reach // stride) + 1
        if any(self.pad) and (count - 1) * stride >= size + pad:
            count -= 1
        return count

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        tops = tuple(np.empty(shape) for shape in self.shapes([x.shape]))
        for out in np.ndindex(*tops[0].shape[2:]):
            rows, columns, area = self._reached(out, x.shape)
            patch = x[:, :, rows, columns].reshape(*x.shape[:2], -1)
            if self.method == "AVE":
                tops[0][:, :, *out] = patch.sum(-1) / area if area else np.nan
                continue
            lowest = float(
                np.finfo(np.float32).min
            )  # what Caffe starts from, and keeps for an empty window
            tops[0][:, :, *out] = patch.max(-1, initial=lowest)
            if len(tops) > 1:
                tops[1][:, :, *out] = _winners(patch, rows, columns, x.shape[3])
        return tops

    def _reached(self, out: Shape, shape: Shape) -> tuple[slice, slice, int]:
        """Return the rows and columns under one window, and the area that AVE divides by (clipped at H + pad)."""
        area, reached = 1, []
        for index, size, kernel, stride, pad in zip(
            out, shape[2:], self._window(shape), self.stride, self.pad, strict=True
        ):
            start = index * stride - pad
            end = min(start + kernel, size + pad)
            area *= end - start
            reached.append(slice(max(start, 0), max(min(end, size), 0)))
        return reached[0], reached[1], area

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        if self.kernel is None and len(self.tops) == 1:
            return module(
                "nn.AdaptiveMaxPool2d" if self.method == "MAX" else "nn.AdaptiveAvgPool2d", 1
            )
        if self.kernel is None or not self._is_stock(self.kernel):
            return self._lower_exactly()
        options: dict[str, Expr] = {
            "kernel_size": squeezed(self.kernel),
            "stride": squeezed(self.stride),
        }
        if any(self.pad):
            options["padding"] = squeezed(self.pad)
        if self.round_up:
            options["ceil_mode"] = True
        if len(self.tops) > 1:
            options["return_indices"] = True
        return module("nn.MaxPool2d" if self.method == "MAX" else "nn.AvgPool2d", **options)

    def _is_stock(self, kernel: tuple[int, int]) -> bool:
        """Whether torch's pooling is the same: its own limit on padding, and no window past an unpadded border."""
        fits = all(2 * pad <= size for pad, size in zip(self.pad, kernel, strict=True))
        inside = any(self.pad) or all(
            step <= size for step, size in zip(self.stride, kernel, strict=True)
        )
        return fits and inside and len(self.tops) == 1

    def _lower_exactly(self) -> Lowered:
        options: dict[str, Expr] = {} if self.kernel is None else {"stride": self.stride}
        if any(self.pad):
            options["padding"] = self.pad
        if not self.round_up:
            options["ceil_mode"] = False
        if len(self.tops) > 1:
            options["return_mask"] = True
        return module("MaxPool" if self.method == "MAX" else "AvgPool", self.kernel, **options)


def _winners(patch: Array, rows: slice, columns: slice, width: int) -> Array:
    """Return the flat index in its plane of each window's first largest element."""
    plane = np.arange(rows.start, rows.stop)[:, None] * width + np.arange(
        columns.start, columns.stop
    )
    winners: Array = plane.reshape(-1)[patch.argmax(-1)].astype(float)
    return winners


def pooling_method(pool: int) -> Method:
    """Return the method of a PoolMethod, which SPPParameter numbers alike. Raises UnsupportedError for STOCHASTIC."""
    if pool not in METHODS:
        raise UnsupportedError(
            "STOCHASTIC pooling has no CPU implementation in Caffe; use MAX or AVE"
        )
    return METHODS[pool]


def _kernel(param: PoolingParameter) -> tuple[int, int] | None:
    given = param.HasField("kernel_size"), param.HasField("kernel_h"), param.HasField("kernel_w")
    if param.global_pooling:
        if any(given):
            raise InvalidNetError("global_pooling takes no kernel size; drop one of them")
        return None
    if given not in {(True, False, False), (False, True, True)}:
        raise InvalidNetError("needs either kernel_size, or both kernel_h and kernel_w")
    return (param.kernel_size,) * 2 if given[0] else (param.kernel_h, param.kernel_w)


def _stride(param: PoolingParameter) -> tuple[int, int]:
    if not _both_or_neither(param, "stride", "stride_h", "stride_w"):
        return (param.stride,) * 2
    return (param.stride_h, param.stride_w)


def _pad(param: PoolingParameter) -> tuple[int, int]:
    return (
        (param.pad_h, param.pad_w)
        if _both_or_neither(param, "pad", "pad_h", "pad_w")
        else (param.pad,) * 2
    )


def _both_or_neither(
    param: PoolingParameter,
    one: Literal["stride", "pad"],
    height: Literal["stride_h", "pad_h"],
    width: Literal["stride_w", "pad_w"],
) -> bool:
    """Return whether the text gives x_h and x_w; refuse one alone, or both ways at once."""
    given = param.HasField(height), param.HasField(width)
    if any(given) and (not all(given) or param.HasField(one)):
        raise InvalidNetError(f"needs either {one}, or both {height} and {width}")
    return all(given)


def _check(kernel: tuple[int, int] | None, stride: tuple[int, int], pad: tuple[int, int]) -> None:
    if kernel is None:
        if any(pad) or stride != (1, 1):
            raise InvalidNetError(
                f"global_pooling takes pad 0 and stride 1, found pad {pad}, stride {stride}"
            )
        return
    if min(kernel) < 1 or min(stride) < 1:
        raise InvalidNetError(f"kernel {kernel} and stride {stride} must be at least 1")
    if any(size <= border for size, border in zip(kernel, pad, strict=True)):
        raise InvalidNetError(f"pad {pad} must be smaller than kernel {kernel}")
