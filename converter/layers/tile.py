"""Tile: the whole blob repeated along one axis (tile_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, function
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Tile(Layer, type="Tile"):
    """a b becomes a b a b, not a a b b."""

    axis: int
    tiles: int

    @classmethod
    def parse(cls, proto: LayerParameter) -> Tile:
        param = proto.tile_param
        if not param.HasField("tiles"):
            raise InvalidNetError("gives no tiles; say how often to repeat the blob")
        if param.tiles < 1:
            raise InvalidNetError(f"tiles is {param.tiles}; it must be at least 1")
        return cls(**header(proto), axis=param.axis, tiles=param.tiles)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        (shape,) = bottoms
        axis = axis_index(self.axis, shape)
        return ((*shape[:axis], shape[axis] * self.tiles, *shape[axis + 1 :]),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.concatenate([bottoms[0]] * self.tiles, self.axis),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        axis = axis_index(self.axis, bottoms[0])
        repeats = (self.tiles if at == axis else 1 for at in range(len(bottoms[0])))
        return function(".repeat", Bottom(0), *repeats)
