"""Layers whose tops the caller feeds: Input, and the layers that read a database or files while Caffe runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from ..errors import InvalidNetError
from ..layer import ANY, Array, Arrays, Layer
from ..program import Lowered, Shape

if TYPE_CHECKING:
    from protos import LayerParameter, TransformationParameter


@dataclass(frozen=True, kw_only=True)
class Fed(Layer):
    """Every top is an argument of `forward`; `top_shapes` are examples of them."""

    top_shapes: tuple[Shape, ...]

    num_bottoms = (0, 0)
    num_tops: ClassVar[tuple[int, int | None]] = (1, ANY)
    role = "input"

    @property
    def described(self) -> tuple[str, ...]:
        """The tops whose shape a caller would give."""
        return self.tops

    def reshaped(self, shapes: Mapping[str, Shape]) -> Self:
        """Return the layer with the shapes of these tops replaced."""
        pairs = zip(self.tops, self.top_shapes, strict=True)
        return replace(self, top_shapes=tuple(tuple(shapes.get(top, old)) for top, old in pairs))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return self.top_shapes

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        raise NotImplementedError("the caller feeds an input")

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        raise NotImplementedError("an input is an argument of forward")


@dataclass(frozen=True, kw_only=True)
class DataLayer(Fed):
    """Data first, then labels, one item per image. A size of 0 is one that the text does not tell."""

    restrictions = (
        "its tops are inputs; where the text does not tell their shapes, --input-shape must"
    )

    @property
    def described(self) -> tuple[str, ...]:
        """The data; labels follow its batch size."""
        return self.tops[:1]

    def reshaped(self, shapes: Mapping[str, Shape]) -> Self:
        """Return the layer with these shapes; labels whose shape is not given follow the data's batch size."""
        layer = super().reshaped(shapes)
        batch = layer.top_shapes[0][:1]
        pairs = zip(layer.tops, layer.top_shapes, strict=True)
        return replace(
            layer, top_shapes=tuple(old if top in shapes else batch + old[1:] for top, old in pairs)
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        for top, shape in zip(self.tops, self.top_shapes, strict=True):
            if 0 in shape:
                letters = zip(shape, "NCHW", strict=False)
                sizes = ",".join(str(size or letter) for size, letter in letters)
                raise InvalidNetError(
                    f"is a training net's: it reads files that are not opened here, and the text does not "
                    f"tell the shape of top {top!r}; give the deploy prototxt, or --input-shape {sizes}"
                )
        return self.top_shapes


def channels(param: TransformationParameter, *, color: bool = True) -> int:
    """Return how many channels the text tells: by force_gray, force_color or the means; else as `color` says."""
    if param.force_gray:
        return 1
    if param.force_color:
        return 3
    return max(len(param.mean_value), 3 if color else 1)


def batched(proto: LayerParameter, data: Shape) -> tuple[Shape, ...]:
    """Return the shape of the data, and (N) for each further top."""
    return (data, *((data[0],) for _ in proto.top[1:]))


def reshaped(layers: Sequence[Layer], shape: Mapping[str, Shape] | Sequence[int]) -> list[Layer]:
    """Return the layers with the inputs' shapes replaced: one shape for the only input, or a mapping by blob."""
    fed = [layer for layer in layers if isinstance(layer, Fed)]
    described = [top for layer in fed for top in layer.described]
    inputs = [top for layer in fed for top in layer.tops]
    if not isinstance(shape, Mapping):
        if len(described) != 1:
            raise InvalidNetError(
                f"has {len(described)} inputs ({', '.join(described)}); give a shape for each by name"
            )
        shape = {described[0]: tuple(shape)}
    unknown = sorted(set(shape) - set(inputs))
    if unknown:
        raise InvalidNetError(
            f"has no input called {unknown[0]!r}; its inputs are {', '.join(inputs)}"
        )
    return [layer.reshaped(shape) if isinstance(layer, Fed) else layer for layer in layers]
