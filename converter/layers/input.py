"""Input: a blob that the caller feeds (input_layer.cpp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import ANY, Array, Arrays, Layer, header
from ..program import Lowered, Shape

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Input(Layer, type="Input"):
    """One shape for each top, or one for all."""

    top_shapes: tuple[Shape, ...]

    num_bottoms = (0, 0)
    num_tops = (1, ANY)
    role = "input"

    @classmethod
    def parse(cls, proto: LayerParameter) -> Input:
        given = tuple(tuple(shape.dim) for shape in proto.input_param.shape)
        tops = len(proto.top)
        if len(given) == 1:
            given *= tops
        if len(given) != tops:
            raise InvalidNetError(
                f"has {tops} tops and {len(given)} shapes; give input_param one shape, or one for each top"
            )
        return cls(**header(proto), top_shapes=given)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return self.top_shapes

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        raise NotImplementedError("the caller feeds an input")

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        raise NotImplementedError("an input is an argument of forward")


def reshaped(layers: Sequence[Layer], shape: Mapping[str, Shape] | Sequence[int]) -> list[Layer]:
    """Return the layers with the inputs' shapes replaced: one shape for the only input, or a mapping by blob."""
    inputs = [top for layer in layers if isinstance(layer, Input) for top in layer.tops]
    if not isinstance(shape, Mapping):
        if len(inputs) != 1:
            raise InvalidNetError(
                f"has {len(inputs)} inputs ({', '.join(inputs)}); give a shape for each by name"
            )
        shape = {inputs[0]: tuple(shape)}
    unknown = sorted(set(shape) - set(inputs))
    if unknown:
        raise InvalidNetError(
            f"has no input called {unknown[0]!r}; its inputs are {', '.join(inputs)}"
        )
    return [_reshaped(layer, shape) if isinstance(layer, Input) else layer for layer in layers]


def _reshaped(layer: Input, shape: Mapping[str, Shape]) -> Input:
    shapes = zip(layer.tops, layer.top_shapes, strict=True)
    return replace(layer, top_shapes=tuple(tuple(shape.get(top, old)) for top, old in shapes))
