"""DummyData: blobs made by fillers (dummy_data_layer.cpp).

Constant fillers make constants. With any other filler Caffe draws new values for every forward, so then the tops are
inputs, and the caller draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ..errors import InvalidNetError
from ..families.fed import Fed
from ..layer import ANY, Array, Arrays, Filler, Layer, Stored, header
from ..program import Lowered, Shape, module

if TYPE_CHECKING:
    from protos import DummyDataParameter, LayerParameter

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class DummyData(Layer, type="DummyData"):
    """One value for each top; shapes are given and stay, whatever the batch."""

    top_shapes: tuple[Shape, ...]
    values: tuple[float, ...]

    num_bottoms = (0, 0)
    num_tops = (1, ANY)
    restrictions = "with a filler that draws at random its tops are inputs"

    @classmethod
    def parse(cls, proto: LayerParameter) -> DummyData | RandomData:
        tops, param = len(proto.top), proto.dummy_data_param
        fillers = [Filler.parse(filler) for filler in param.data_filler] or [Filler()]
        shapes = _for_each("shape", _shapes(param), tops)
        fillers = list(_for_each("data_filler", fillers, tops))
        if any(filler.type != "constant" for filler in fillers):
            return RandomData(**header(proto), top_shapes=shapes)
        values = tuple(float(np.float32(filler.value)) for filler in fillers)
        return cls(**header(proto), top_shapes=shapes, values=values)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return self.top_shapes

    def state(self, blobs: Sequence[Stored], bottoms: Sequence[Shape]) -> dict[str, Stored]:
        return {"values": np.array(self.values, np.float32)}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return tuple(np.full(*top) for top in zip(self.top_shapes, self.values, strict=True))

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("Constant", *self.top_shapes, inputs=())


@dataclass(frozen=True, kw_only=True)
class RandomData(Fed):
    """A DummyData layer with a filler that draws at random."""

    type = "DummyData"

    @classmethod
    def parse(cls, proto: LayerParameter) -> DummyData | RandomData:
        return DummyData.parse(proto)


def _shapes(param: DummyDataParameter) -> list[Shape]:
    """Return the given shapes, from `shape` or from num, channels, height and width."""
    legacy = [tuple(sizes) for sizes in (param.num, param.channels, param.height, param.width)]
    if not any(legacy):
        return [tuple(shape.dim) for shape in param.shape]
    if param.shape:
        raise InvalidNetError("gives both shape and num, channels, height, width; keep shape")
    counts = [len(sizes) for sizes in legacy]
    most = max(counts)
    if set(counts) - {1, most}:
        raise InvalidNetError(
            f"num, channels, height and width are given {counts} times; give each once, or for each top"
        )
    columns = [sizes if len(sizes) == most else sizes * most for sizes in legacy]
    return list(zip(*columns, strict=True))


def _for_each(what: str, given: Sequence[T], tops: int) -> tuple[T, ...]:
    if len(given) not in {1, tops}:
        raise InvalidNetError(
            f"has {tops} tops and gives {what} {len(given)} times; give it once, or once for each top"
        )
    return tuple(given) if len(given) == tops else tuple(given) * tops
