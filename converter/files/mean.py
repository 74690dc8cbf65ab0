"""`load_mean`: a mean image, or the means of the channels, from the formats they come in.

Caffe stores a mean as it stores images: channels first, blue before red. A `.npy` may have the
channels first or last. In a `.mat` the variable's name tells: `mean_data` is width x height x
channels, as matcaffe's `read_mean` gives it; `image_mean`, in the demos of 2013 and in MemNet's
file, is height x width x channels. What can be read in two ways is refused.
"""

from __future__ import annotations

import tokenize
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FileFormatError, context
from .kinds import Kind
from .mat5 import variables
from .sniff import describe, identify
from .stored import as_float32, load_blob, map_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..program import Shape
    from .stored import Array

__all__ = ["load_mean"]

_MOST_NUMBERS = 1 << 24  # 64 MiB of float32; ImageNet's mean has 3 * 256 * 256
_MATLAB_AXES = {"image_mean": (2, 0, 1), "mean_data": (2, 1, 0)}
_NAMES = "image_mean (height x width x channels) or mean_data (width x height x channels)"
_CHANNELS = (1, 3)  # grey and colour, where only a shape can tell which axis is which
_NPY_ERRORS = (
    ValueError,
    OSError,
    EOFError,
    SyntaxError,
    TypeError,
    OverflowError,
    tokenize.TokenError,
)


def load_mean(path: str | Path) -> Array:
    """The mean in a `.binaryproto`, `.npy` or `.mat`, told apart by content.

    Returns:
        float32 (channels, height, width), channels in the file's order (for Caffe: BGR); (channels,
        1, 1) where the file holds one number per channel. float64 is rounded.

    Raises:
        FileFormatError: no mean, or a shape that can be understood in two ways.
    """
    path = Path(path)
    with context(str(path)):
        kind = identify(path)
        if kind not in _READERS:
            raise FileFormatError(f"holds no mean: it is {describe(kind, path)}")
        mean = np.ascontiguousarray(as_float32(_READERS[kind](path)))
        if not np.isfinite(mean).all():
            raise FileFormatError("holds values that are infinite or no numbers")
        return mean


def _of_blob(path: Path) -> NDArray[Any]:
    blob = load_blob(path)
    shape = blob.shape
    if len(shape) == 4 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) == 1:
        shape = (*shape, 1, 1)
    if len(shape) != 3:
        raise FileFormatError(f"holds a blob of shape {blob.shape}, a mean is (channels, h, w)")
    return blob.reshape(shape)


def _of_npy(path: Path) -> NDArray[Any]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)  # mapped: no size is believed
    except _NPY_ERRORS as error:
        raise FileFormatError(f"is a damaged .npy file ({error})") from error
    _check_numbers(array.shape, array.dtype)
    return _planes(np.array(array))


def _of_mat(path: Path) -> NDArray[Any]:
    with path.open("rb") as file:
        modern = file.read(10) == b"MATLAB 7.3"
    name, array = _of_hdf5_mat(path) if modern else _of_old_mat(path)
    _check_numbers(array.shape, array.dtype)
    return _matlab_planes(name, array)


def _of_hdf5_mat(path: Path) -> tuple[str, NDArray[Any]]:
    """MATLAB 7.3 writes HDF5, with all axes reversed."""
    from .hdf5 import open_hdf5, read_dataset

    with open_hdf5(path) as file:
        shapes = {key: item.shape[::-1] for key, item in file.items() if hasattr(item, "nbytes")}
        name = _mean_variable(shapes)
        return name, read_dataset(file[name]).T


def _of_old_mat(path: Path) -> tuple[str, NDArray[Any]]:
    found = {variable.name: variable for variable in variables(map_file(path).data)}
    name = _mean_variable({name: variable.shape for name, variable in found.items()})
    return name, found[name].read()


def _mean_variable(shapes: dict[str, Shape]) -> str:
    """The variable whose order of axes its name tells, or the only one."""
    named = [name for name in shapes if name in _MATLAB_AXES] or list(shapes)
    if len(named) != 1:
        held = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "nothing"
        raise FileFormatError(f"must hold one mean, called {_NAMES}, but holds {held}")
    _check_size(shapes[named[0]])
    return named[0]


def _check_numbers(shape: Shape, dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "fui":
        raise FileFormatError(f"holds {dtype}, a mean is of numbers")
    _check_size(shape)


def _check_size(shape: Shape) -> None:
    if prod(shape) > _MOST_NUMBERS:
        raise FileFormatError(f"has shape {shape}, which is too large for a mean")


def _planes(array: NDArray[Any]) -> NDArray[Any]:
    """Channels first, from channels first or last."""
    shape = array.shape
    if len(shape) == 4 and shape[0] == 1:
        return _planes(array[0])
    if array.size in _CHANNELS and max(shape, default=1) == array.size:
        return array.reshape(-1, 1, 1)  # one number per channel, in whichever axis
    if len(shape) == 2 and min(shape) > max(_CHANNELS):
        return array[np.newaxis]
    if len(shape) == 3 and (shape[0] in _CHANNELS) != (shape[2] in _CHANNELS):
        return array if shape[0] in _CHANNELS else array.transpose(2, 0, 1)
    raise _unclear(shape, "(3, height, width), (height, width, 3), (3,) or the same with 1")


def _matlab_planes(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Channels first, from the order that goes with the variable's name."""
    shape = array.shape
    if array.size in _CHANNELS:
        return array.reshape(-1, 1, 1)
    if name not in _MATLAB_AXES:
        raise FileFormatError(
            f"holds {name} {shape}, whose axes are not known: call it {_NAMES}, or save it as .npy"
        )
    if len(shape) == 2:  # MATLAB drops a last axis of one
        array = array[:, :, np.newaxis]
    if array.ndim == 3 and array.shape[2] in _CHANNELS:
        return array.transpose(_MATLAB_AXES[name])
    raise _unclear(shape, f"what {name} is: channels last")


def _unclear(shape: Shape, wanted: str) -> FileFormatError:
    return FileFormatError(f"has shape {shape}, which is not, or not surely, {wanted}")


_READERS: dict[Kind, Callable[[Path], NDArray[Any]]] = {
    Kind.BINARY_MEAN: _of_blob,
    Kind.NPY: _of_npy,
    Kind.MAT: _of_mat,
}
