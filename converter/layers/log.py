"""Log: the logarithm to `base` of shift + scale * x, base -1 meaning e (log_layer.cpp).

0 gives -inf, a negative number NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.elementwise import Elementwise, affine, natural_log
from ..layer import Array, Arrays, header, number
from ..program import Bottom, Lowered, Shape, call

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Log(Elementwise, type="Log"):
    """ln(x * scale + shift) * outer, with outer = 1 / ln(base)."""

    scale: float
    shift: float
    outer: float

    @classmethod
    def parse(cls, proto: LayerParameter) -> Log:
        param = proto.log_param
        log_base = natural_log(number(param.base))
        if log_base == 0:
            raise InvalidNetError("base is 1, to which no number has a logarithm")
        return cls(
            **header(proto),
            scale=number(param.scale),
            shift=number(param.shift),
            outer=1 / log_base,
        )

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        with np.errstate(all="ignore"):
            return (np.log(bottoms[0] * self.scale + self.shift) * self.outer,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return Lowered(
            affine(call(".log", affine(Bottom(0), self.scale, self.shift)), self.outer, 0)
        )
