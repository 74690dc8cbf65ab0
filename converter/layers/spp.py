"""SPP: spatial pyramid pooling, level i into 2^i x 2^i bins whatever the size of the map (spp_layer.cpp).

A pyramid of height 1 is one pooled value, not flattened; a higher one is flattened level by level and joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Lowered, Shape, module
from ..shapes import require_axes
from .pooling import REFUSED, Method, Pooling, pooling_method

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class SPP(Layer, type="SPP"):
    """Pooling whose kernel follows from the size of the map."""

    pyramid_height: int
    method: Method

    restrictions = REFUSED

    @classmethod
    def parse(cls, proto: LayerParameter) -> SPP:
        param = proto.spp_param
        if param.pyramid_height < 1:
            raise InvalidNetError(
                f"pyramid_height is {param.pyramid_height}; it must be at least 1"
            )
        method = pooling_method(param.pool)
        return cls(**header(proto), pyramid_height=param.pyramid_height, method=method)

    def _level(self, level: int, bottom: Shape) -> Pooling:
        """Return the pooling of one level (SPPLayer::GetPoolingParam)."""
        bins = 2**level
        height, width = bottom[2:]
        kernel = (-(-height // bins), -(-width // bins))
        pad = ((kernel[0] * bins - height + 1) // 2, (kernel[1] * bins - width + 1) // 2)
        for size, border in zip(kernel, pad, strict=True):
            if border >= size:
                raise InvalidNetError(
                    f"pyramid_height {self.pyramid_height} is too much for a map of {height} x {width}: "
                    f"level {level} would pad by {pad}, not less than its kernel {kernel}"
                )
        return Pooling(
            name=self.name,
            bottoms=self.bottoms,
            tops=self.tops,
            method=self.method,
            kernel=kernel,
            stride=kernel,
            pad=pad,
            round_up=True,
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        bottom = require_axes(bottoms[0], 4)
        pooled = [
            self._level(level, bottom).shapes([bottom])[0] for level in range(self.pyramid_height)
        ]
        if len(pooled) == 1:
            return (pooled[0],)
        return ((bottom[0], sum(prod(shape[1:]) for shape in pooled)),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        pooled = [
            self._level(level, x.shape).reference([x], [])[0]
            for level in range(self.pyramid_height)
        ]
        if len(pooled) == 1:
            return (pooled[0],)
        return (np.concatenate([part.reshape(len(x), -1) for part in pooled], 1),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("SPP", self.pyramid_height, self.method)
