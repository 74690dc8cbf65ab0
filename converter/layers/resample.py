"""Resample: resizing with a triangle or cubic filter, or to the nearest pixel (FlowNet 2, resample_layer.cu).

An output pixel lies at x fx + fy / 2 - 0.5: the offset takes the other axis's factor, in the original as well. Caffe
finds positions in float32, so they are found in float32 here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidNetError, UnsupportedError
from ..families.regions import round_half_away
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Expr, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter

Mode = Literal["NEAREST", "LINEAR", "CUBIC"]
MODES: dict[int, Mode] = {1: "NEAREST", 2: "LINEAR", 3: "CUBIC"}


@dataclass(frozen=True, kw_only=True)
class Resample(Layer, type="Resample"):
    """Size (height, width) as given, or that of a second bottom (None)."""

    size: tuple[int, int] | None
    mode: Mode
    antialias: bool

    num_bottoms = (1, 2)
    restrictions = "AREA is refused, as by Caffe"

    @classmethod
    def parse(cls, proto: LayerParameter) -> Resample:
        param = proto.resample_param
        if param.type not in MODES:
            raise UnsupportedError(
                "type AREA is refused by Caffe as well; use LINEAR with antialias"
            )
        size = None if len(proto.bottom) > 1 else (param.height, param.width)
        if size is not None and min(size) < 1:
            raise InvalidNetError(f"height and width are {size}; give both, or a second bottom")
        return cls(**header(proto), size=size, mode=MODES[param.type], antialias=param.antialias)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = require_axes(bottoms[0], 4)
        size = self.size or require_axes(bottoms[-1], 4)[2:]
        if self.mode == "NEAREST":
            for total, at in zip(shape[2:], self._positions(shape[2:], size), strict=True):
                nearest = round_half_away(at)
                if nearest[0] < 0 or nearest[-1] >= total:
                    raise InvalidNetError(
                        f"{shape[2:]} to {size} reads outside the image; keep the ratio of its sides"
                    )
        return ((*shape[:2], *size),)

    def _positions(self, before: Shape, after: Shape) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows and the columns at which the output pixels lie, in float32."""
        fy, fx = (np.float32(old / new) for old, new in zip(before, after, strict=True))
        y = np.arange(after[0], dtype=np.float32) * fy + fx / 2 - np.float32(0.5)
        x = np.arange(after[1], dtype=np.float32) * fx + fy / 2 - np.float32(0.5)
        return y, x

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        x = bottoms[0]
        before, after = x.shape[2:], self.size or bottoms[-1].shape[2:]
        rows, columns = self._positions(before, after)
        if self.mode == "NEAREST":
            rows, columns = (round_half_away(at).astype(int) for at in (rows, columns))
            return (x[:, :, rows[:, None], columns],)
        factors = [old / new for old, new in zip(before, after, strict=True)]
        wide = self.antialias and max(factors) > 1
        vertical, horizontal = (
            _weights(at, size, factor if wide else 1, self.mode)
            for at, size, factor in zip((rows, columns), before, factors, strict=True)
        )
        return (vertical @ x @ horizontal.T,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        options: dict[str, Expr] = {"mode": self.mode}
        if not self.antialias:
            options["antialias"] = False
        inputs = tuple(Bottom(index) for index in range(len(bottoms)))
        return module("Resample", self.size, inputs=inputs, **options)


def _weights(positions: np.ndarray, size: int, width: float, mode: Mode) -> Array:
    """Return (outputs, size): how much each element counts for each output; 0 where nothing is near."""
    x = np.abs(positions.astype(np.float64)[:, None] - np.arange(size)) / width
    weights = np.maximum(1 - x, 0)
    if mode == "CUBIC":
        inner, outer = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
        weights = np.where(x <= 1, inner, np.where(x < 2, outer, 0))
    total = weights.sum(1, keepdims=True)
    result: Array = np.divide(weights, total, out=np.zeros_like(weights), where=total != 0)
    return result
