"""Filter: the items whose selector, the last bottom, is not 0 (filter_layer.cpp).

How many they are depends on the data; as in Caffe, shapes are inferred as if all were selected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import ANY, Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, module
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Filter(Layer, type="Filter"):
    """One top for each bottom but the selector."""

    num_bottoms = (2, ANY)
    num_tops = (1, ANY)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Filter:
        if len(proto.top) != len(proto.bottom) - 1:
            raise InvalidNetError(
                f"has {len(proto.bottom)} bottoms and {len(proto.top)} tops; "
                f"it takes one top for each bottom but the last, the selector"
            )
        return cls(**header(proto))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        *data, selector = bottoms
        axis_index(0, selector)
        if prod(selector[1:]) != 1:
            raise InvalidNetError(
                f"the selector has shape {selector}; it takes one value for each item"
            )
        for index, shape in enumerate(data):
            if shape[:1] != selector[:1]:
                raise InvalidNetError(
                    f"bottom {index} has shape {shape}, the selector {selector}; axis 0 must be equal"
                )
        return tuple(data)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {len(bottoms) - 1: 2}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        *data, selector = bottoms
        selected = selector.reshape(-1) != 0
        return tuple(x[selected] for x in data)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("Filter", inputs=tuple(Bottom(index) for index in range(len(bottoms))))
