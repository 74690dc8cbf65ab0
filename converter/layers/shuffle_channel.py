"""ShuffleChannel: channels as (group, C / group), transposed, of ShuffleNet (shuffle_channel_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class ShuffleChannel(Layer, type="ShuffleChannel"):
    """Channel i * (C / group) + j goes to j * group + i."""

    group: int

    @classmethod
    def parse(cls, proto: LayerParameter) -> ShuffleChannel:
        group = proto.shuffle_channel_param.group
        if group < 1:
            raise InvalidNetError(f"group is {group}; it must be at least 1")
        return cls(**header(proto), group=group)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = require_axes(bottoms[0], 4)
        if shape[1] % self.group:
            raise InvalidNetError(f"group {self.group} does not divide the {shape[1]} channels")
        return (shape,)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        grouped = x.reshape(len(x), self.group, -1, *x.shape[2:])
        return (grouped.swapaxes(1, 2).reshape(x.shape),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("nn.ChannelShuffle", self.group)
