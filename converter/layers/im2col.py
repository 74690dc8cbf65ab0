"""Im2col: what a convolution's kernel meets, laid out as channels (im2col_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..families.spatial import Window, WindowText, over_batches
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, call
from ..shapes import axis_index
from .convolution import im2col

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Im2col(Layer, type="Im2col"):
    """(N, C, *sizes) -> (N, C * kernel, *sizes)."""

    axis: int
    window: WindowText

    @classmethod
    def parse(cls, proto: LayerParameter) -> Im2col:
        param = proto.convolution_param
        return cls(**header(proto), axis=param.axis, window=WindowText.parse(param))

    def _resolved(self, bottom: Shape) -> tuple[int, Window]:
        axis = axis_index(self.axis, bottom)
        return axis, self.window.resolve(len(bottom) - axis - 1)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        axis, window = self._resolved(bottoms[0])
        sizes = window.conv_sizes(bottoms[0][axis + 1 :])
        return ((*bottoms[0][:axis], bottoms[0][axis] * prod(window.kernel), *sizes),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        axis, window = self._resolved(x.shape)
        y = im2col(x.reshape(prod(x.shape[:axis]), *x.shape[axis:]), window)
        return (y.reshape(*x.shape[:axis], *y.shape[1:]),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        axis, window = self._resolved(bottoms[0])
        return Lowered(
            over_batches(Bottom(0), axis, stock=False),
            call("Im2col", window.kernel, window.stride, window.pad, window.dilation),
        )
