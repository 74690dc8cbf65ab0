"""`load_weights`: the stored blobs of a Caffe model, by layer name, without reading them.

A binary file is mapped, and blobs of packed float32 (all that Caffe itself writes) are views on the
map; anything else is converted when asked for. The file must not be changed while in use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from protos.wire import WireError, split_net

from .errors import FileFormatError, WeightsError, context
from .files.kinds import Kind
from .files.sniff import describe, identify
from .files.stored import Readable, map_file, padded, readable
from .files.type_names import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from protos.wire import StoredLayer

    from .files.stored import Array, Bytes
    from .program import Shape

__all__ = ["Weights", "load_weights"]

# How many axes the blobs of a layer type have. Files older than 2015 store all blobs with four,
# leading ones added; which of them were added, only the type can say.
_AXES: Mapping[str, tuple[int, ...]] = {
    "BatchNorm": (1, 1, 1),
    "Convolution": (4, 1),
    "Deconvolution": (4, 1),
    "Embed": (2, 1),
    "InnerProduct": (2, 1),
    "PReLU": (1,),
}


class _Blob(Protocol):
    @property
    def shape(self) -> Shape: ...

    def read(self) -> Array: ...


class _Mapped(NamedTuple):
    """A blob of a mapped file; `shape` is as stored."""

    file: Bytes
    blob: Readable

    @property
    def shape(self) -> Shape:
        return self.blob.shape

    def read(self) -> Array:
        return self.blob.read(self.file)


class _Content(NamedTuple):
    """What a file of either kind holds."""

    format: str
    layers: Mapping[str, Mapping[int, _Blob]]
    types: Mapping[str, str]
    net_bytes: bytes = b""
    warnings: tuple[str, ...] = ()


class Weights(Mapping[str, tuple[np.ndarray[Any, np.dtype[np.float32]], ...]]):
    """Layer name → its blobs as read-only float32 arrays, in the file's order.

    Legacy four-axis dims are shortened to the axes that the layer's type has; `fit` compares with a
    net's shapes as Caffe does. A layer stored without blobs is kept: its value is ().

    Attributes:
        path: the file.
        format: "V0", "V1", "V2" (binary, by the age of its layers) or "HDF5".
        types: layer name → Caffe's type of today ("Convolution"), "" where the file says none.
        net_bytes: the file's NetParameter without blobs; b"" for HDF5, which has none.
        warnings: contradictions in the file, and how they were decided.
    """

    def __init__(self, path: Path, content: _Content, file: Bytes | None = None) -> None:
        self.path = path
        self.format = content.format
        self.types = MappingProxyType(content.types)
        self.net_bytes = content.net_bytes
        self.warnings = content.warnings
        self._layers = content.layers
        self._file = file

    def __getitem__(self, name: str) -> tuple[Array, ...]:
        return tuple(self._read(name, index) for index in self._layers[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __contains__(self, name: object) -> bool:
        return name in self._layers  # Mapping's own would read the blobs

    def __repr__(self) -> str:
        return f"<Weights of {len(self)} layers, {self.format}, {self.path}>"

    def count(self, name: str) -> int:
        """How many blobs a layer has in the file, without reading them."""
        return max(self._layers.get(name, ()), default=-1) + 1

    def indices(self, name: str) -> tuple[int, ...]:
        """Which blobs of a layer the file has; HDF5 stores a shared one with its owner alone."""
        return tuple(self._layers.get(name, ()))

    def fit(self, name: str, index: int, shape: Shape) -> Array:
        """Blob `index` of a layer in the shape a net wants, read-only.

        Equal shapes fit, and legacy dims that are the wanted shape after leading ones. An equal
        count is not enough (blob.cpp, Blob::ShapeEquals).

        Raises:
            WeightsError: the file has no such blob, or it has another shape.
        """
        blob = self._layers.get(name, {}).get(index)
        if blob is None:
            raise WeightsError(f"layer {name!r}: the file has no blob {index}")
        if not _fits(blob, tuple(shape)):
            raise WeightsError(
                f"layer {name!r}: blob {index} has shape {blob.shape} in the file, "
                f"the net needs {tuple(shape)}"
            )
        return self._stored(name, index).reshape(tuple(shape))

    def span(self, array: np.ndarray[Any, Any]) -> tuple[Path, int] | None:
        """Where in the file the bytes of `array` lie, if it is a contiguous view on the file."""
        if self._file is None or array.dtype != np.dtype("<f4") or not array.flags.c_contiguous:
            return None
        offset = _address(array) - _address(self._file)
        return (self.path, offset) if 0 <= offset <= self._file.size - array.nbytes else None

    def _stored(self, name: str, index: int) -> Array:
        with context(str(self.path)), context(f"layer {name!r}"), context(f"blob {index}"):
            return self._layers[name][index].read()

    def _read(self, name: str, index: int) -> Array:
        return self._stored(name, index).reshape(self._shape(name, index))

    def _shape(self, name: str, index: int) -> Shape:
        """The blob's shape; legacy dims without the ones that the type's axes do not need."""
        blob = self._layers[name][index]
        axes = _AXES.get(self.types[name], ())
        added = 4 - axes[index] if _legacy(blob) and index < len(axes) else 0
        return blob.shape[added:] if blob.shape[:added] == (1,) * added else blob.shape


def load_weights(path: str | Path) -> Weights:
    """The weights in a `.caffemodel` of any age or in Caffe's HDF5, told apart by content.

    Raises:
        FileFormatError: not such a file, damaged, or with blobs that Caffe would refuse; the
            message names file, layer, blob, what was found and what is expected.
    """
    path = Path(path)
    with context(str(path)):
        kind = identify(path)
        if kind is Kind.HDF5_WEIGHTS:
            return Weights(path, _hdf5_content(path))
        if kind is Kind.BINARY_NET:
            file = map_file(path)
            return Weights(path, _binary_content(file), file)
        raise FileFormatError(f"holds no weights: it is {describe(kind, path)}")


def _hdf5_content(path: Path) -> _Content:
    from .files.hdf5 import stored_layers

    layers = stored_layers(path)
    return _Content(format="HDF5", layers=layers, types=dict.fromkeys(layers, ""))


def _binary_content(file: Bytes) -> _Content:
    try:
        skeleton, layers = split_net(file.data)
    except WireError as error:
        raise FileFormatError(f"is damaged or cut short: {error}") from error
    by_name = {layer.name: layer for layer in layers}
    blobs = {name: _readable(layer) for name, layer in by_name.items()}
    return _Content(
        format=_format(layers),
        layers={
            name: {index: _Mapped(file, blob) for index, blob in enumerate(found)}
            for name, found in blobs.items()
        },
        types={name: type_name(layer.type, layer.version) for name, layer in by_name.items()},
        net_bytes=skeleton,
        warnings=(*_repeated(layers), *_contradictions(blobs)),
    )


def _readable(layer: StoredLayer) -> list[Readable]:
    found = []
    for index, blob in enumerate(layer.blobs):
        with context(f"layer {layer.name!r}"), context(f"blob {index}"):
            found.append(readable(blob))
    return found


def _format(layers: tuple[StoredLayer, ...]) -> str:
    versions = sorted({layer.version for layer in layers})
    if len(versions) != 1:
        raise FileFormatError(
            f"mixes layers of the formats {' and '.join(versions) or 'none'}, which Caffe refuses"
        )
    return versions[0]


def _repeated(layers: tuple[StoredLayer, ...]) -> list[str]:
    """Names given to several layers, where that matters; Caffe copies all of them, in order."""
    counts = Counter(layer.name for layer in layers)
    with_blobs = {layer.name for layer in layers if layer.blobs}
    return [
        f"layer {name!r} is stored {count} times; as in Caffe, the last one wins"
        for name, count in counts.items()
        if count > 1 and name in with_blobs
    ]


def _contradictions(blobs: Mapping[str, list[Readable]]) -> list[str]:
    return [
        f"layer {name!r}: blob {index} has {warning}"
        for name, found in blobs.items()
        for index, blob in enumerate(found)
        for warning in blob.warnings
    ]


def _legacy(blob: _Blob) -> bool:
    return isinstance(blob, _Mapped) and blob.blob.legacy


def _fits(blob: _Blob, shape: Shape) -> bool:
    return blob.shape == (padded(shape) if _legacy(blob) else shape)


def _address(array: np.ndarray[Any, Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
