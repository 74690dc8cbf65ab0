"""Permute: axes in another order, those not listed after them in their own (permute_layer.cpp of SSD)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..families.permutation import Permutation
from ..layer import header

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Permute(Permutation, type="Permute"):
    """No order at all is the identity."""

    @classmethod
    def parse(cls, proto: LayerParameter) -> Permute:
        return cls(**header(proto), order=tuple(proto.permute_param.order))

    def whole_order(self, axes: int) -> tuple[int, ...]:
        wrong = len(set(self.order)) < len(self.order)
        if wrong or max(self.order, default=0) >= axes:
            raise InvalidNetError(f"order is {self.order}; it takes each axis below {axes} once")
        return self.order + tuple(axis for axis in range(axes) if axis not in self.order)
