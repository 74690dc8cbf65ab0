"""Embed: rows of a table, chosen by the bottom's numbers cut to integers (embed_layer.cpp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Blob, Filler, Layer, header
from ..program import Bottom, Lowered, Shape, call, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Embed(Layer, type="Embed"):
    """A table of `input_dim` rows and `num_output` columns."""

    num_output: int
    input_dim: int
    bias_term: bool
    weight_filler: Filler
    bias_filler: Filler

    @classmethod
    def parse(cls, proto: LayerParameter) -> Embed:
        param = proto.embed_param
        for what, count in ("num_output", param.num_output), ("input_dim", param.input_dim):
            if count < 1:
                raise InvalidNetError(f"{what} is {count}; it must be at least 1")
        return cls(
            **header(proto),
            num_output=param.num_output,
            input_dim=param.input_dim,
            bias_term=param.bias_term,
            weight_filler=Filler.parse(param.weight_filler),
            bias_filler=Filler.parse(param.bias_filler),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return ((*bottoms[0], self.num_output),)

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        shape = (self.input_dim, self.num_output)
        weight = Blob(key="weight", shape=shape, filler=self.weight_filler)
        bias = Blob(key="bias", shape=(self.num_output,), filler=self.bias_filler)
        return (weight, bias) if self.bias_term else (weight,)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {0: self.input_dim}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        y = blobs[0][bottoms[0].astype(np.int64)]
        return (y + blobs[1] if self.bias_term else y,)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        target = "Embed" if self.bias_term else "nn.Embedding"
        return module(target, self.input_dim, self.num_output, inputs=call(".long", Bottom(0)))
