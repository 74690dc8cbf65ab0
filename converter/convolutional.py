"""Net surgery: inner products over images become convolutions, so that larger images give a map of outputs.

An inner product over (C, h, w) is the convolution whose kernel is h x w; its weights (O, C * h * w) are the kernel's
(O, C, h, w), number by number, so they are still copied from file to file. At the declared size the outputs are the
plain net's as maps of 1 x 1. Inner products over what has one size whatever the image's, as after `global_pooling`,
stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod
from types import MappingProxyType
from typing import Any, ClassVar

from .errors import CaffeError, InvalidNetError, UnsupportedError, context, listed
from .families.elementwise import Elementwise
from .families.spatial import WindowText
from .layer import Array, Arrays, Blob, Layer
from .layers.convolution import Convolution
from .layers.flatten import Flatten
from .layers.inner_product import InnerProduct
from .layers.pooling import Pooling
from .layers.reshape import Reshape
from .layers.softmax import Softmax
from .net import Net, Step
from .program import Bottom, Lowered, Shape
from .shapes import axis_index

IMAGE_AXES = 4
"""Least axes of a blob of images; (N, T, D) is left alone."""

POSITIONWISE = frozenset(
    "ArgMax BN BatchNorm Bias Concat Eltwise PReLU Scale Silence Slice Softmax Split".split()  # noqa: SIM905
)
"""Layers that work on each position of a map as on a vector, once their axes are counted from the front."""


@dataclass(frozen=True, kw_only=True)
class ConvolvedInnerProduct(Convolution):
    """An inner product as a convolution; files have its weights as a matrix."""

    type: ClassVar[str] = "InnerProduct"

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        """Return the kernel, which files hold as (outputs, inputs), and the bias."""
        kernel, *bias = super().weights(bottoms)
        outputs, *inputs = kernel.shape
        return (replace(kernel, stored=(outputs, prod(inputs))), *bias)


@dataclass(frozen=True, kw_only=True)
class KeptImage(Elementwise):
    """A Flatten in front of an inner product, which needs it no more: the image is passed on."""

    type: ClassVar[str] = "Flatten"

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:  # noqa: ARG002
        """Return the bottom."""
        return (bottoms[0],)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:  # noqa: ARG002
        """Bind the bottom's variable to another name."""
        return Lowered(Bottom(0))


@dataclass(frozen=True, kw_only=True)
class KeptReshape(KeptImage):
    """A Reshape that flattens."""

    type: ClassVar[str] = "Reshape"


def to_fully_convolutional(net: Net) -> Net:
    """Return the net with its inner products over images as convolutions, which it must have.

    Raises:
        InvalidNetError: no inner product works on an image.
        UnsupportedError: layers need one vector for each image where there is a map now; all are listed.
    """
    surgery = _Surgery()
    steps = tuple(surgery.step(step) for step in net.steps)
    if surgery.refused and any(isinstance(layer, InnerProduct) for layer in net.layers):
        raise UnsupportedError(f"cannot be made fully convolutional: {listed(surgery.refused)}")
    if not surgery.turned:
        raise InvalidNetError(
            "no InnerProduct works on an image, so that there is nothing to make convolutional; "
            "the net takes other image sizes as it is, or not at all"
        )
    note = (
        f"turned into convolutions, so that larger images give a map: {', '.join(surgery.turned)}"
    )
    return replace(
        net,
        steps=steps,
        shapes=MappingProxyType(surgery.shapes),
        warnings=(*net.warnings, note),
    )


@dataclass
class _Surgery:
    """Goes through a net in order; `shapes` are those of the new net."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    turned: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _fixed: set[str] = field(default_factory=set)
    """Blobs of one shape whatever the image's size."""

    def step(self, step: Step) -> Step:
        """Return the new net's step; a refused one is the old one."""
        try:
            with context(f"layer {step.layer.name!r} ({step.layer.type})"):
                new = self._turn(step)
        except CaffeError as error:
            self.refused.append(str(error))
            new = step
        self.shapes.update(zip(new.layer.tops, new.tops, strict=True))
        if self._makes_fixed(new):
            self._fixed.update(new.layer.tops)
        return new

    def _turn(self, step: Step) -> Step:
        bottoms = tuple(self.shapes[bottom] for bottom in step.layer.bottoms)
        layer = self._layer(step, bottoms)
        if layer is step.layer and bottoms == step.bottoms:
            return step
        tops, blobs = layer.shapes(bottoms), layer.weights(bottoms)
        if isinstance(layer, ConvolvedInnerProduct):
            self.turned.append(layer.name)
        return Step(layer=layer, bottoms=bottoms, tops=tops, blobs=blobs)

    def _layer(self, step: Step, bottoms: tuple[Shape, ...]) -> Layer:
        layer = step.layer
        if bottoms and len(bottoms[0]) >= IMAGE_AXES and layer.bottoms[0] not in self._fixed:
            if isinstance(layer, InnerProduct):
                return _convolved(layer, step.bottoms[0], bottoms[0])
            if isinstance(layer, Flatten | Reshape) and _flattens(step):
                kept = KeptImage if isinstance(layer, Flatten) else KeptReshape
                return kept(name=layer.name, bottoms=layer.bottoms, tops=layer.tops)
        if bottoms == step.bottoms or _elementwise(layer):
            return layer
        if layer.type in POSITIONWISE and all(map(_is_map_of, bottoms, step.bottoms)):
            return _counted_from_front(layer, step.bottoms[0])
        blob, shape = next(
            (blob, new)
            for blob, new, old in zip(layer.bottoms, bottoms, step.bottoms, strict=True)
            if new != old
        )
        raise UnsupportedError(
            f"needs {blob!r} as one vector for each image, which is a map of shape {shape} now; "
            f"cut the net before this layer"
        )

    def _makes_fixed(self, step: Step) -> bool:
        layer = step.layer
        if layer.role == "input":
            return all(len(shape) < IMAGE_AXES for shape in step.tops)
        pools_all = isinstance(layer, Pooling) and layer.kernel is None
        return pools_all or self._fixed.issuperset(layer.bottoms)


def _convolved(layer: InnerProduct, old: Shape, image: Shape) -> ConvolvedInnerProduct:
    """Return the convolution for an image, which was a blob of shape `old` before."""
    if axis_index(layer.axis, old) != 1:
        raise UnsupportedError(f"works from axis {layer.axis} on; only axis 1 is a whole image")
    if layer.transpose:
        raise UnsupportedError(
            "transpose keeps its weights as (inputs, outputs); store them plainly"
        )
    window = WindowText(
        kernel_size=image[2:],
        stride=(),
        pad=(),
        dilation=(),
        kernel_hw=None,
        stride_hw=None,
        pad_hw=None,
    )
    return ConvolvedInnerProduct(
        name=layer.name,
        bottoms=layer.bottoms,
        tops=layer.tops,
        num_output=layer.num_output,
        bias_term=layer.bias_term,
        group=1,
        axis=1,
        window=window,
        weight_filler=layer.weight_filler,
        bias_filler=layer.bias_filler,
    )


def _flattens(step: Step) -> bool:
    """Whether each image becomes a vector (or stays the one that it was)."""
    (bottom,), (top,) = step.bottoms, step.tops
    return top == (bottom[0], prod(bottom[1:]))


def _elementwise(layer: Layer) -> bool:
    return isinstance(layer, Elementwise) and not isinstance(layer, Softmax)


def _is_map_of(new: Shape, old: Shape) -> bool:
    """Whether a blob is unchanged, or one position of a map of its vectors."""
    return new == old or (len(old) == 2 and new[:2] == old and prod(new[2:]) == 1)


def _counted_from_front(layer: Layer, old: Shape) -> Layer:
    """Return the layer with its axes as they were, which -1 would not say any more."""
    if not hasattr(layer, "axis"):
        return layer
    if layer.axis is None:
        raise UnsupportedError(
            "ranks all values of an image; give it axis 1, to rank at each position"
        )
    axis = axis_index(layer.axis, old)
    changes: dict[str, Any] = {"axis": axis}
    if getattr(layer, "num_axes", None) == -1:
        changes["num_axes"] = len(old) - axis
    return replace(layer, **changes)
