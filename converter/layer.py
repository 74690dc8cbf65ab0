"""`Layer`: one Caffe layer, frozen, with the five facets every layer type defines in one file of `converter/layers`.

`parse` reads the proto, `shapes` follows Caffe's integer arithmetic, `weights` lists its blobs in Caffe's order,
`reference` is its float64 meaning in NumPy, `lower` says what it becomes in PyTorch. A subclass registers itself
under its Caffe type; adding a layer is adding its file to `converter/layers`.
"""

from __future__ import annotations

import builtins
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypedDict

import numpy as np

from .errors import InvalidNetError
from .program import Lowered, Shape

if TYPE_CHECKING:
    from protos import FillerParameter, LayerParameter

Array = np.ndarray[Any, np.dtype[np.float64]]
Arrays = tuple[Array, ...]
Stored = np.ndarray[Any, np.dtype[Any]]

ANY = None


class Header(TypedDict):
    """The fields every layer has."""

    name: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]


def header(proto: LayerParameter) -> Header:
    """Read what every layer has: `cls(**header(proto), ...)`."""
    tops = max(1, len(proto.top))  # a loss without a top has an anonymous one
    if len(proto.loss_weight) not in {0, tops}:
        raise InvalidNetError(
            f"gives loss_weight {len(proto.loss_weight)} times for {tops} tops; "
            f"give it once for each top, or not at all"
        )
    return {"name": proto.name, "bottoms": tuple(proto.bottom), "tops": tuple(proto.top)}


def number(value: float) -> float:
    """Return the shortest decimal that Caffe's float32 parameter rounds to: 0.0001, not 9.999999747378752e-05."""
    return float(str(np.float32(value)))


@dataclass(frozen=True, kw_only=True)
class Filler:
    """How Caffe fills a blob that no file gives (`filler.hpp`)."""

    type: str = "constant"
    value: float = 0.0
    min: float = 0.0
    max: float = 1.0
    mean: float = 0.0
    std: float = 1.0
    sparse: int = -1
    variance_norm: int = 0

    @classmethod
    def parse(cls, proto: FillerParameter) -> Filler:
        """Read a FillerParameter."""
        return cls(
            type=proto.type,
            value=number(proto.value),
            min=number(proto.min),
            max=number(proto.max),
            mean=number(proto.mean),
            std=number(proto.std),
            sparse=proto.sparse,
            variance_norm=proto.variance_norm,
        )


@dataclass(frozen=True, kw_only=True)
class Blob:
    """One learnable blob of a layer: its state-dict name below the layer's attribute, and Caffe's shape of it."""

    key: str
    shape: Shape
    filler: Filler = Filler()
    buffer: bool = False
    """Not a parameter in torch (running statistics): copied where Caffe shares it, never tied."""
    stored: Shape | None = None
    """Its shape in files, where that is another: that of the inner product which a convolution was."""

    @property
    def file_shape(self) -> Shape:
        """The shape that a file has, and that its filler fills."""
        return self.shape if self.stored is None else self.stored


@dataclass(frozen=True, kw_only=True)
class Layer(ABC):
    """One layer of a net. Shapes are NCHW tuples; arrays in `reference` are float64."""

    name: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]

    type: ClassVar[str]
    registry: ClassVar[dict[str, builtins.type[Layer]]] = {}
    num_bottoms: ClassVar[tuple[int, int | None]] = (1, 1)
    """Least and most bottoms (None: any number), as the layer's header in Caffe demands."""
    num_tops: ClassVar[tuple[int, int | None]] = (1, 1)
    in_place: ClassVar[bool] = False
    """Whether Caffe computes it rightly when its top is its bottom."""
    role: ClassVar[Literal["layer", "input", "loss"]] = "layer"
    stateful: ClassVar[bool] = False
    """Whether a forward begins where the last one ended; see `reference_from`."""
    jumps: ClassVar[bool] = False
    """Whether rounding of its bottoms can move its tops by more than a rounding: a choice, an order, a threshold."""
    modules: ClassVar[Mapping[str, str | Path]] = {}
    """For a layer from outside: torch module class -> its file, whose text is copied into `model.py`."""
    restrictions: ClassVar[str] = ""
    """For the list of layers: what of Caffe's layer is refused."""

    def __init_subclass__(cls, *, type: str = "", **kwargs: Any) -> None:  # noqa: A002 (Caffe's word)
        """Register the class under its Caffe type; a second class for one type is refused."""
        super().__init_subclass__(**kwargs)
        if not type:
            return
        known = _registered(type, cls.__module__)
        if known is not None and not _same(known, cls):
            msg = f"layer type {type!r} is already registered by {known.__module__}.{known.__qualname__}"
            raise TypeError(msg)
        cls.type = type
        Layer.registry[type] = cls

    @classmethod
    @abstractmethod
    def parse(cls, proto: LayerParameter) -> Layer:
        """Read the layer's fields; refuse what cannot be represented. Raises InvalidNetError, UnsupportedError."""

    @abstractmethod
    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        """Return the shapes of the tops. Raises InvalidNetError where Caffe would refuse."""

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:  # noqa: ARG002
        """Return the layer's learnable blobs in Caffe's order."""
        return ()

    def state(self, blobs: Sequence[Stored], bottoms: Sequence[Shape]) -> dict[str, Stored]:
        """Return the state-dict entries of the lowered module for blobs already in Caffe's shapes.

        Views are kept views, so that they can be copied from file to file.
        """
        return {blob.key: array for blob, array in zip(self.weights(bottoms), blobs, strict=True)}

    @abstractmethod
    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        """Compute the tops in float64, from Caffe's documented behaviour."""

    def reference_from(
        self,
        bottoms: Sequence[Array],
        blobs: Sequence[Array],
        state: Arrays,  # noqa: ARG002
    ) -> tuple[Arrays, Arrays]:
        """Compute the tops and the state after, from the state before; `()` is that of a new net."""
        return self.reference(bottoms, blobs), ()

    @abstractmethod
    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        """Return what the layer becomes in PyTorch."""

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:  # noqa: ARG002
        """Return bottom -> n for each bottom that counts with the integers below n, as labels do."""
        return {}

    def multiply_adds(self, bottoms: Sequence[Shape], tops: Sequence[Shape]) -> int:  # noqa: ARG002
        """Return the multiplications with weights in one forward."""
        return 0

    def check_counts(self) -> None:
        """Refuse numbers of bottoms and tops that Caffe's layer refuses (layer.hpp, CheckBlobCounts)."""
        _check_count("bottom", len(self.bottoms), self.num_bottoms)
        _check_count("top", len(self.tops), self.num_tops)


def _registered(layer_type: str, module: str) -> builtins.type[Layer] | None:
    """Return the class that has a type; a type of ours is taken even before its file is imported."""
    from .layers import find

    ours = module.startswith(find.__module__)
    return Layer.registry.get(layer_type) if ours else find(layer_type)


def _same(first: builtins.type, second: builtins.type) -> bool:
    """Whether two classes are one that was defined again: `dataclass` with slots does, and so does a reload."""
    return (first.__module__, first.__qualname__) == (second.__module__, second.__qualname__)


def _check_count(what: str, found: int, allowed: tuple[int, int | None]) -> None:
    least, most = allowed
    if found < least or (most is not None and found > most):
        wanted = (
            str(least)
            if least == most
            else f"{least} or more"
            if most is None
            else f"{least} to {most}"
        )
        raise InvalidNetError(f"has {found} {what} blobs, takes {wanted}")
