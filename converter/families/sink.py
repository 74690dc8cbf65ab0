"""Layers that take blobs and make none: nothing of the net's result depends on them, so no code is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..layer import ANY, Array, Arrays, Layer, header
from ..program import Lowered, Shape

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Sink(Layer):
    """Its bottoms are no outputs of the net."""

    num_bottoms: ClassVar[tuple[int, int | None]] = (1, ANY)
    num_tops = (0, 0)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Layer:
        return cls(**header(proto))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return ()

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return ()

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return Lowered(())
