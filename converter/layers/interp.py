"""Interp: cropped, then resized bilinearly with the corners aligned, of DeepLab and PSPNet (interp_layer.cpp).

The size comes from shrink_factor or zoom_factor where one of them is given, else from height and width, else from
both factors. Padding is 0 or negative, that is, it crops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Expr, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import InterpParameter, LayerParameter


@dataclass(frozen=True, kw_only=True)
class Interp(Layer, type="Interp"):
    """`size` (height, width) is None where the factors tell it."""

    size: tuple[int, int] | None
    shrink: int
    zoom: int
    pad_beg: int
    pad_end: int

    @classmethod
    def parse(cls, proto: LayerParameter) -> Interp:
        param = proto.interp_param
        if param.pad_beg > 0 or param.pad_end > 0:
            raise InvalidNetError(
                f"pad_beg {param.pad_beg} and pad_end {param.pad_end} must be 0 or negative (they crop)"
            )
        size = _size(param)
        factors = (1, 1) if size else (param.shrink_factor, param.zoom_factor)
        if min(factors) < 1 or min(size or factors) < 1:
            raise InvalidNetError(
                f"shrink_factor {factors[0]}, zoom_factor {factors[1]}, size {size}: each must be at least 1"
            )
        return cls(
            **header(proto),
            size=size,
            shrink=factors[0],
            zoom=factors[1],
            pad_beg=param.pad_beg,
            pad_end=param.pad_end,
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        items, channels, *sizes = require_axes(bottoms[0], 4)
        cropped = [size + self.pad_beg + self.pad_end for size in sizes]
        if min(cropped) < 1:
            raise InvalidNetError(
                f"pad_beg {self.pad_beg} and pad_end {self.pad_end} leave nothing of {tuple(sizes)}"
            )
        height, width = self.size or [self._resized(size) for size in cropped]
        return ((items, channels, height, width),)

    def _resized(self, size: int) -> int:
        shrunk = (size - 1) // self.shrink + 1
        return shrunk + (shrunk - 1) * (self.zoom - 1)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        ((*_, height, width),) = self.shapes([x.shape])
        rows, columns = (slice(-self.pad_beg, size + self.pad_end) for size in x.shape[2:])
        cropped = x[:, :, rows, columns]
        return (_along(_along(cropped, 2, height), 3, width),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        if self.size and not (self.pad_beg or self.pad_end):
            return module("nn.Upsample", size=self.size, mode="bilinear", align_corners=True)
        options: dict[str, Expr] = {"size": self.size} if self.size else {}
        factors = {"shrink": self.shrink, "zoom": self.zoom}
        options |= {key: factor for key, factor in factors.items() if factor != 1}
        pads = {"pad_beg": self.pad_beg, "pad_end": self.pad_end}
        options |= {key: pad for key, pad in pads.items() if pad}
        return module("Interp", **options)


def _size(param: InterpParameter) -> tuple[int, int] | None:
    """Return (height, width), or None where the factors decide."""
    shrink, zoom = param.HasField("shrink_factor"), param.HasField("zoom_factor")
    if shrink != zoom:
        return None
    if param.HasField("height") and param.HasField("width"):
        return param.height, param.width
    if shrink:
        return None
    raise InvalidNetError("needs height and width, zoom_factor, or shrink_factor")


def _along(x: Array, axis: int, size: int) -> Array:
    """Resize one axis linearly; the first and last elements stay."""
    last = x.shape[axis] - 1
    places = np.arange(size) * (last / (size - 1) if size > 1 else 0.0)
    lower = np.minimum(places.astype(int), last)
    shares = (places - lower).reshape([-1 if at == axis else 1 for at in range(x.ndim)])
    upper = np.minimum(lower + 1, last)
    resized: Array = x.take(lower, axis) * (1 - shares) + x.take(upper, axis) * shares
    return resized
