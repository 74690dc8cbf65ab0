"""Transpose: axes in another order, all of them listed (transpose_layer.cpp of caffe_ocr)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..families.permutation import Permutation
from ..layer import header

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Transpose(Permutation, type="Transpose"):
    """Top axis i is bottom axis dim[i]."""

    @classmethod
    def parse(cls, proto: LayerParameter) -> Transpose:
        return cls(**header(proto), order=tuple(proto.transpose_param.dim))

    def whole_order(self, axes: int) -> tuple[int, ...]:
        if sorted(self.order) != list(range(axes)):
            raise InvalidNetError(f"dim is {self.order}; it takes each of the {axes} axes once")
        return self.order
