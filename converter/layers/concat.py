"""Concat: bottoms joined along one axis (concat_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import ANY, Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, function
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Concat(Layer, type="Concat"):
    """The bottoms agree in every axis but `axis`; one bottom alone is passed on."""

    axis: int

    num_bottoms = (1, ANY)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Concat:
        param = proto.concat_param
        if param.HasField("axis") and param.HasField("concat_dim"):
            raise InvalidNetError("gives both axis and concat_dim; keep axis")
        axis = param.concat_dim if param.HasField("concat_dim") else param.axis
        return cls(**header(proto), axis=axis)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        first = bottoms[0]
        axis = axis_index(self.axis, first)
        for index, shape in enumerate(bottoms):
            if len(shape) != len(first) or _without(shape, axis) != _without(first, axis):
                raise InvalidNetError(
                    f"bottom {index} has shape {shape}, bottom 0 has {first}; "
                    f"all axes but axis {axis} must be equal"
                )
        joined = sum(shape[axis] for shape in bottoms)
        return ((*first[:axis], joined, *first[axis + 1 :]),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.concatenate(bottoms, self.axis),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        if len(bottoms) == 1:
            return Lowered(Bottom(0))
        parts = tuple(Bottom(index) for index in range(len(bottoms)))
        return function("torch.cat", parts, axis_index(self.axis, bottoms[0]))


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]
