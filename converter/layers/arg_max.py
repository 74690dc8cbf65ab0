"""ArgMax: the indices of the `top_k` largest values; among equals the larger index comes first (argmax_layer.cpp).

Without `axis`, all axes of an item count as one, and the top is (N, 1, k) with as many axes as the bottom, or
(N, 2, k) with the values in the second row. With `axis`, `out_max_val` gives the values instead of the indices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Expr, Lowered, Shape, module
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class ArgMax(Layer, type="ArgMax"):
    """`axis` None ranks all values of an item."""

    axis: int | None
    top_k: int
    out_max_val: bool

    jumps = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> ArgMax:
        param = proto.argmax_param
        if param.top_k < 1:
            raise InvalidNetError(f"top_k is {param.top_k}; it must be at least 1")
        axis = param.axis if param.HasField("axis") else None
        return cls(**header(proto), axis=axis, top_k=param.top_k, out_max_val=param.out_max_val)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        (shape,) = bottoms
        axis = axis_index(0 if self.axis is None else self.axis, shape)
        ranked = prod(shape[1:]) if self.axis is None else shape[axis]
        if self.top_k > ranked:
            raise InvalidNetError(f"top_k {self.top_k} exceeds the {ranked} values that are ranked")
        if self.axis is not None:
            return ((*shape[:axis], self.top_k, *shape[axis + 1 :]),)
        ones = (1,) * (len(shape) - 3)
        return ((shape[0], 2 if self.out_max_val else 1, self.top_k, *ones),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        rows = x.reshape(len(x), -1) if self.axis is None else np.moveaxis(x, self.axis, -1)
        size = rows.shape[-1]
        backward = np.argsort(-rows[..., ::-1], axis=-1, kind="stable")[..., : self.top_k]
        indices = size - 1 - backward
        values = np.take_along_axis(rows, indices, -1)
        if self.axis is not None:
            found = values if self.out_max_val else indices.astype(float)
            return (np.moveaxis(found, -1, self.axis),)
        both = (
            np.stack([indices, values], 1) if self.out_max_val else indices[:, None].astype(float)
        )
        return (both.reshape(*self.shapes([x.shape])),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        options: dict[str, Expr] = {}
        if self.axis is not None:
            options["axis"] = axis_index(self.axis, bottoms[0])
        if self.top_k != 1:
            options["top_k"] = self.top_k
        if self.out_max_val:
            options["max_val"] = True
        return module("ArgMax", **options)
