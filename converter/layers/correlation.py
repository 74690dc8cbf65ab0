"""Correlation: how like the patches of two images are, for every displacement (FlowNetC, correlation_layer.cu).

`do_abs` and `single_direction` have no effect there. Channel (dy, dx) runs over displacements in steps of stride_2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Expr, Lowered, Shape, module
from ..shapes import require_axes, same_shapes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Correlation(Layer, type="Correlation"):
    """Mean over channels and a square patch of the product, or of the absolute difference (`subtract`)."""

    kernel_size: int
    max_displacement: int
    pad: int
    stride_1: int
    stride_2: int
    subtract: bool

    num_bottoms = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Correlation:
        param = proto.correlation_param
        if not (param.HasField("kernel_size") and param.HasField("max_displacement")):
            raise InvalidNetError("needs kernel_size and max_displacement")
        if param.kernel_size % 2 == 0:
            raise InvalidNetError(f"kernel_size is {param.kernel_size}; it must be odd")
        if min(param.stride_1, param.stride_2) < 1:
            raise InvalidNetError(
                f"stride_1 is {param.stride_1} and stride_2 {param.stride_2}; both must be at least 1"
            )
        return cls(
            **header(proto),
            kernel_size=param.kernel_size,
            max_displacement=param.max_displacement,
            pad=param.pad,
            stride_1=param.stride_1,
            stride_2=param.stride_2,
            subtract=param.correlation_type == param.SUBTRACT,
        )

    @property
    def _shifts(self) -> range:
        reach = self.max_displacement // self.stride_2 * self.stride_2
        return range(-reach, reach + 1, self.stride_2)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        batch, _, *sizes = require_axes(same_shapes(bottoms), 4)
        lost = 2 * self.max_displacement + self.kernel_size - 1 - 2 * self.pad
        found = tuple(-(-(size - lost) // self.stride_1) for size in sizes)
        if min(found) < 1:
            raise InvalidNetError(
                f"bottoms of shape {bottoms[0]} are too small: kernel and displacement reach over "
                f"{lost} more than there is after padding"
            )
        return ((batch, len(self._shifts) ** 2, *found),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        pad = [(0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad)]
        a, b = (np.pad(bottom, pad) for bottom in bottoms)
        (shape,) = self.shapes([bottom.shape for bottom in bottoms])
        rows, columns = (
            np.arange(size) * self.stride_1 + self.max_displacement for size in shape[2:]
        )
        top = np.zeros(shape)
        for channel, (dy, dx) in enumerate((dy, dx) for dy in self._shifts for dx in self._shifts):
            for j, i in np.ndindex(self.kernel_size, self.kernel_size):
                first = a[:, :, (rows + j)[:, None], columns + i]
                second = b[:, :, (rows + j + dy)[:, None], columns + i + dx]
                terms = np.abs(first - second) if self.subtract else first * second
                top[:, channel] += terms.mean(1) / self.kernel_size**2
        return (top,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        options: dict[str, Expr] = {"max_displacement": self.max_displacement}
        if self.pad:
            options["pad"] = self.pad
        if self.stride_1 != 1:
            options["stride_1"] = self.stride_1
        if self.stride_2 != 1:
            options["stride_2"] = self.stride_2
        if self.subtract:
            options["subtract"] = True
        return module("Correlation", self.kernel_size, inputs=(Bottom(0), Bottom(1)), **options)
