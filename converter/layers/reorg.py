"""Reorg: darknet's reorganisation, of YOLO v2 (reorg_layer.cpp).

Not space-to-depth: the bottom's memory is first taken as C / stride**2 planes of H * stride by W * stride, and only
those are cut. `reverse` is depth-to-space, with the channel's parts ordered (row, column, plane).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError, UnsupportedError
from ..layer import Array, Arrays, Layer, header
from ..program import Expr, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Reorg(Layer, type="Reorg"):
    """(C, H, W) becomes (C * stride**2, H / stride, W / stride), or the reverse."""

    stride: int
    reverse: bool

    restrictions = "the channels must be a multiple of stride * stride"

    @classmethod
    def parse(cls, proto: LayerParameter) -> Reorg:
        param = proto.reorg_param
        if param.stride < 1:
            raise InvalidNetError(f"stride is {param.stride}; it must be at least 1")
        return cls(**header(proto), stride=param.stride, reverse=param.reverse)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        items, channels, height, width = require_axes(bottoms[0], 4)
        stride, area = self.stride, self.stride**2
        if channels % area:
            raise UnsupportedError(
                f"has {channels} channels, which stride {stride} squared does not divide; "
                f"darknet's formula then mixes unrelated memory"
            )
        if self.reverse:
            return ((items, channels // area, height * stride, width * stride),)
        if height % stride or width % stride:
            raise InvalidNetError(f"stride {stride} does not divide the image's {height} x {width}")
        return ((items, channels * area, height // stride, width // stride),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        items, channels, height, width = x.shape
        stride, planes = self.stride, channels // self.stride**2
        if self.reverse:
            parts = x.reshape(items, stride, stride, planes, height, width)
            y = parts.transpose(0, 3, 4, 1, 5, 2)
        else:
            parts = x.reshape(items, planes, height, stride, width, stride)
            y = parts.transpose(0, 3, 5, 1, 2, 4)
        return (y.reshape(self.shapes([x.shape])[0]),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        options: dict[str, Expr] = {"reverse": True} if self.reverse else {}
        return module("Reorg", self.stride, **options)
