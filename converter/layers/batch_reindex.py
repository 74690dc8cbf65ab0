"""BatchReindex: items of bottom 0 in the order that bottom 1 lists them (batch_reindex_layer.cpp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, call, function
from ..shapes import axis_index, require_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class BatchReindex(Layer, type="BatchReindex"):
    """An index below 0, or not below the batch size, is refused when the net runs."""

    num_bottoms = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> BatchReindex:
        return cls(**header(proto))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        shape, indices = bottoms
        axis_index(0, shape)
        return ((*require_axes(indices, 1), *shape[1:]),)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {1: bottoms[0][0]}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        x, indices = bottoms[0], bottoms[1].astype(int)
        wrong = indices[(indices < 0) | (indices >= len(x))]
        if wrong.size:
            raise InvalidNetError(
                f"index {wrong[0]} must be at least 0 and below the batch of {len(x)}"
            )
        return (x[indices],)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return function(".index_select", Bottom(0), 0, call(".long", Bottom(1)))
