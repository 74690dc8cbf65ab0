"""Exp: base ** (shift + scale * x), base -1 meaning e (exp_layer.cpp).

Computed in Caffe's order: exp(x * (ln(base) * scale)) * base ** shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..families.elementwise import Elementwise, affine, natural_log
from ..layer import Array, Arrays, header, number
from ..program import Bottom, Lowered, Shape, call

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Exp(Elementwise, type="Exp"):
    """exp(x * inner) * outer."""

    inner: float
    outer: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> Exp:
        param = proto.exp_param
        log_base = natural_log(number(param.base))
        exponent = log_base * number(param.shift)
        return cls(
            **header(proto), inner=log_base * number(param.scale), outer=float(np.exp(exponent))
        )

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        with np.errstate(all="ignore"):
            return (np.exp(bottoms[0] * self.inner) * self.outer,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return Lowered(affine(call(".exp", affine(Bottom(0), self.inner, 0)), self.outer, 0))
