"""Caffe's HDF5 weights: `/data/<layer name>/<blob index>`, one data set of floats per blob.

A `/` in a layer name makes groups within groups. A blob shared by layers is stored once, with its
first layer, so a group may lack blobs or be empty. Reading follows nothing that leads out of the
file and believes no size that the file could not hold; the library opens the file for each
read, so nothing is left open.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from ..errors import FileFormatError, context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import h5py  # type: ignore[import-untyped]

    from ..program import Shape
    from .stored import Array

__all__ = ["HDF5Blob", "open_hdf5", "read_dataset", "stored_layers", "top_members"]

_LARGEST_RATIO = 100  # of a blob's size to the whole file's; Caffe compresses nothing


@dataclass(frozen=True, kw_only=True)
class HDF5Blob:
    """A blob in an HDF5 file: its shape, known; its numbers, read on demand."""

    path: Path
    name: str
    shape: Shape

    def read(self) -> Array:
        """The numbers, float32, read-only. Raises FileFormatError where the file is damaged."""
        with open_hdf5(self.path) as file:
            array = read_dataset(file[self.name])
        array.flags.writeable = False
        return array


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """The file, opened for reading; what the library says of damage comes as FileFormatError."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError) as error:
        raise FileFormatError(f"is a damaged HDF5 file; download it again ({error})") from error


def top_members(path: Path) -> dict[str, str]:
    """Name → "group", "data set" or "link", of all that lies at the top of the file."""
    with open_hdf5(path) as file:
        return {name: _what(file, name) for name in file}


def stored_layers(path: Path) -> dict[str, dict[int, HDF5Blob]]:
    """Layer name → its stored blobs by index, in the file's order of names.

    Raises:
        FileFormatError: not Caffe's weights, or parts of it are links or outside of the file.
    """
    with open_hdf5(path) as file:
        data = _members(file).get("data")
        if data is None or not _is_group(data):
            raise FileFormatError("is an HDF5 file without Caffe's group /data")
        return {
            "/".join(name): _layer("/".join(name), path, members)
            for name, members in _layers(data, (), set())
        }


def read_dataset(dataset: h5py.Dataset) -> Array:
    """All numbers of a data set, as float32. Raises FileFormatError where they are elsewhere."""
    from .stored import as_float32

    check_dataset(dataset)
    return as_float32(dataset[()]).reshape(dataset.shape)


def check_dataset(dataset: h5py.Dataset) -> None:
    """Refuse what is not plain numbers in this very file."""
    if dataset.shape is None or dataset.dtype.kind != "f":
        raise FileFormatError(f"holds {dataset.dtype} where Caffe stores floats")
    if dataset.is_virtual or dataset.external:
        raise FileFormatError("keeps its numbers in other files, which are not followed")
    size, limit = dataset.nbytes, _LARGEST_RATIO * _file_size(dataset)
    if size > limit:
        raise FileFormatError(f"claims {size} bytes, more than a file of this size can hold")


def _layers(
    group: h5py.Group, name: tuple[str, ...], seen: set[h5py.Group]
) -> Iterator[tuple[tuple[str, ...], dict[str, h5py.Dataset]]]:
    """Every group that stands for a layer, with its data sets: it has some, or is empty."""
    if group in seen:  # equal: the same object in the file
        raise FileFormatError(f"has a group {group.name} inside itself or twice")
    seen.add(group)
    members = _members(group)
    groups = {key: member for key, member in members.items() if _is_group(member)}
    datasets = {key: member for key, member in members.items() if key not in groups}
    if name and (datasets or not groups):
        yield name, datasets
    for key, member in groups.items():
        yield from _layers(member, (*name, key), seen)


def _layer(name: str, path: Path, datasets: dict[str, h5py.Dataset]) -> dict[int, HDF5Blob]:
    with context(f"layer {name!r}"):
        blobs = (_blob(key, path, dataset) for key, dataset in datasets.items())
        return dict(sorted(blobs, key=itemgetter(0)))


def _blob(key: str, path: Path, dataset: h5py.Dataset) -> tuple[int, HDF5Blob]:
    if not (key.isascii() and key.isdigit() and str(int(key)) == key):
        raise FileFormatError(f"has a data set {key!r}; Caffe numbers blobs 0, 1, 2")
    with context(f"blob {key}"):
        check_dataset(dataset)
    return int(key), HDF5Blob(path=path, name=dataset.name, shape=dataset.shape)


def _members(group: h5py.Group) -> dict[str, h5py.Group | h5py.Dataset]:
    """What a group holds, in the order of names. Raises FileFormatError on a link elsewhere."""
    import h5py

    members = {}
    for key in group:
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise FileFormatError(f"{group.name}/{key} is a link, which Caffe never writes")
        member = group[key]
        if not isinstance(member, h5py.Group | h5py.Dataset):
            raise FileFormatError(f"{group.name}/{key} is neither a group nor a data set")
        members[key] = member
    return members


def _what(group: h5py.Group, name: str) -> str:
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return "link"
    return "group" if group.get(name, getclass=True) is h5py.Group else "data set"


def _is_group(member: h5py.Group | h5py.Dataset) -> bool:
    import h5py

    return isinstance(member, h5py.Group)


def _file_size(dataset: h5py.Dataset) -> int:
    size: int = dataset.file.id.get_filesize()
    return size
