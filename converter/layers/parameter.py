"""Parameter: a learned blob as a layer of its own (parameter_layer.hpp); without a file it is 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..layer import Array, Arrays, Blob, Layer, header
from ..program import Lowered, Shape, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Parameter(Layer, type="Parameter"):
    """Its shape is given and stays, whatever the batch."""

    shape: Shape

    num_bottoms = (0, 0)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Parameter:
        return cls(**header(proto), shape=tuple(proto.parameter_param.shape.dim))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return (self.shape,)

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        return (Blob(key="value", shape=self.shape),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (blobs[0],)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("Parameter", *self.shape, inputs=())
