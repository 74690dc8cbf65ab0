"""LSTMUnit: one step of an LSTM from given gates (lstm_unit_layer.cpp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, module
from .lstm import lstm_unit

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class LSTMUnit(Layer, type="LSTMUnit"):
    """Bottoms: memory (1, N, D), gates (1, N, 4 D), cont (1, N); tops: next memory, hidden state."""

    num_bottoms = (3, 3)
    num_tops = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> LSTMUnit:
        return cls(**header(proto))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        memory = bottoms[0]
        if len(memory) != 3 or memory[0] != 1:
            raise InvalidNetError(f"takes a memory of shape (1, N, D), found {memory}")
        wanted = ((1, memory[1], 4 * memory[2]), (1, memory[1]))
        for what, shape, found in zip(("gates", "cont"), wanted, bottoms[1:], strict=True):
            if found != shape:
                raise InvalidNetError(f"{what} has shape {found}; it must be {shape}")
        return (memory, memory)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {2: 2}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return lstm_unit(bottoms[0], bottoms[1], bottoms[2][..., None])

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("LSTMUnit", inputs=(Bottom(0), Bottom(1), Bottom(2)))
