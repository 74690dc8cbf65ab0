"""caffe-windows' Normalize: each pixel over its channels' L2 or L1 norm, no weights (NormFace, SphereFace).

eps is 1e-6, added to the sum of squares or of magnitudes. A blob of fewer than 4 axes gives a top of 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, module, trailing_axes
from ..shapes import four_axes

if TYPE_CHECKING:
    from protos import LayerParameter

EPS = 1e-6  # fixed in the source


@dataclass(frozen=True, kw_only=True)
class UnitNormalize(Layer):
    """Tops: y, and where wanted the norm, (N, 1, H, W)."""

    order: int

    type: ClassVar[str] = "Normalize"
    num_tops = (1, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> UnitNormalize:
        kind = proto.normalize_param.normalize_type
        if kind not in {"L1", "L2"}:
            raise InvalidNetError(f"normalize_type is {kind!r}; it must be L1 or L2")
        return cls(**header(proto), order=int(kind[1]))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = four_axes(bottoms[0])
        return (shape, (shape[0], 1, *shape[2:]))[: len(self.tops)]

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        x = bottoms[0].reshape(four_axes(bottoms[0].shape))
        norm = (np.abs(x) ** self.order).sum(1, keepdims=True) + EPS
        norm = norm if self.order == 1 else np.sqrt(norm)
        return (x / norm, norm)[: len(self.tops)]

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        x = trailing_axes(Bottom(0), 4 - len(bottoms[0]))
        options = {"return_norm": True} if len(self.tops) > 1 else {}
        return module("UnitNormalize", self.order, inputs=x, **options)
