"""Power: (shift + scale * x) ** power (power_layer.cpp).

With scale or power 0 the input is not read at all: the top is shift ** power, and 1 for power 0. A negative base
under a power that is no integer gives NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..families.elementwise import Elementwise, affine
from ..layer import Array, Arrays, header, number
from ..program import Bottom, Lowered, Shape, call, function

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Power(Elementwise, type="Power"):
    """Elementwise scale, shift and power, in this order."""

    power: float
    scale: float
    shift: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> Power:
        param = proto.power_param
        return cls(
            **header(proto),
            power=number(param.power),
            scale=number(param.scale),
            shift=number(param.shift),
        )

    def _constant(self) -> float | None:
        """Return the value of every element where the input does not matter."""
        if self.power * self.scale != 0:
            return None
        with np.errstate(all="ignore"):
            return float(np.float64(self.shift) ** self.power)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        constant = self._constant()
        if constant is not None:
            return (np.full(x.shape, constant),)
        with np.errstate(all="ignore"):
            return ((x * self.scale + self.shift) ** self.power,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        constant = self._constant()
        if constant is not None:
            return function("torch.full_like", Bottom(0), constant)
        base = affine(Bottom(0), self.scale, self.shift)
        return Lowered(base if self.power == 1 else call("**", base, self.power))
