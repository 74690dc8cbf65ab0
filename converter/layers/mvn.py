"""MVN: subtract the mean of each plane (or image), divide by its standard deviation (mvn_layer.cpp).

eps is added outside the root. A blob of fewer than 4 axes gives a top of 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..layer import Array, Arrays, Layer, header, number
from ..program import Bottom, Lowered, Shape, module, trailing_axes
from ..shapes import four_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class MVN(Layer, type="MVN"):
    """Mean and variance normalisation."""

    normalize_variance: bool
    across_channels: bool
    eps: float

    in_place = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> MVN:
        param = proto.mvn_param
        return cls(
            **header(proto),
            normalize_variance=param.normalize_variance,
            across_channels=param.across_channels,
            eps=number(param.eps),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return (four_axes(bottoms[0]),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        x = bottoms[0].reshape(four_axes(bottoms[0].shape))
        axes = (1, 2, 3) if self.across_channels else (2, 3)
        y = x - x.mean(axes, keepdims=True)
        if not self.normalize_variance:
            return (y,)
        return (y / (np.sqrt(np.square(y).mean(axes, keepdims=True)) + self.eps),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        x = trailing_axes(Bottom(0), 4 - len(bottoms[0]))
        options: dict[str, bool | float] = {}
        if self.across_channels:
            options["across_channels"] = True
        if not self.normalize_variance:
            options["normalize_variance"] = False
        else:
            options["eps"] = self.eps
        return module("MVN", inputs=x, **options)
