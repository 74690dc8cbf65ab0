"""Clip: x within `min` to `max` (clip_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.elementwise import Elementwise
from ..layer import Array, Arrays, header, number
from ..program import Bottom, Lowered, Shape, function

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Clip(Elementwise, type="Clip"):
    """Values beyond a limit become the limit."""

    min: float
    max: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> Clip:
        least, most = number(proto.clip_param.min), number(proto.clip_param.max)
        if least > most:
            raise InvalidNetError(f"min {least} exceeds max {most}; swap them")
        return cls(**header(proto), min=least, max=most)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.clip(bottoms[0], self.min, self.max),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return function(".clamp", Bottom(0), self.min, self.max)
