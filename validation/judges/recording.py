"""Recorded outputs of a Caffe that ran elsewhere: an `.npz` or HDF5 file with arrays `<group>/<blob>`.

`in/<blob>` is what was fed and `out/<blob>` what was made; `out2/<blob>` after a second forward with the same inputs.
`pos/<blob>` are flat C-order positions into a blob and `sample/<blob>` the values there, (positions,) for one forward
or (forwards, positions) for several; then an input holds the forwards one after the other along its first axis.
`about` is a JSON text: versions, hashes and options, as `parity-check record` writes them. `scores/`, `crops/` and
`images/` are of images, see `score_files.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from converter.errors import FileFormatError, InvalidNetError

from ..traces import Array, Trace

if TYPE_CHECKING:
    import h5py  # type: ignore[import-untyped]

GROUPS = ("in", "out", "out2", "pos", "sample")
OF_IMAGES = ("images", "scores", "crops")
ABOUT = "about"
HDF5 = (".h5", ".hdf5")
SUFFIXES = (".npz", *HDF5)


@dataclass(frozen=True, kw_only=True)
class Values:
    """What a judge says of a blob: all of it, or its values at flat positions."""

    array: Array
    places: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Forward:
    """One forward, and what there must be after it."""

    inputs: Trace
    expected: Mapping[str, tuple[Values, ...]]
    again: bool = False
    """Whether recurrent layers go on from the forward before."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a file holds, by blob."""

    name: str
    inputs: Trace
    outputs: Trace
    again: Trace
    """After a second forward with the same inputs."""
    positions: Trace
    samples: Trace
    ignored: tuple[str, ...]
    """Groups of arrays that are not understood."""
    about: Mapping[str, Any]

    @property
    def blobs(self) -> tuple[str, ...]:
        """The blobs that there is something of."""
        return tuple(dict.fromkeys((*self.outputs, *self.samples, *self.again)))

    @property
    def count(self) -> int:
        """How many forwards the samples are of."""
        return max((len(values) for values in self.samples.values() if values.ndim == 2), default=1)

    def forwards(self, inputs: Trace) -> Iterator[Forward]:
        """Yield the forwards that it is of. Raises InvalidNetError where the inputs cannot be cut into as many."""
        count = self.count
        for blob, array in inputs.items():
            if count > 1 and (not array.ndim or array.shape[0] % count):
                raise InvalidNetError(
                    f"{self.name}: input {blob!r} of shape {array.shape} cannot be cut into the {count} forwards "
                    f"that its samples are of"
                )
        for at in range(count):
            cut = partial(_cut, count=count, at=at)
            fed = {blob: cut(array) for blob, array in inputs.items()}
            yield Forward(inputs=fed, expected=self._expected(at, count))
        if self.again:
            after = {blob: (Values(array=array),) for blob, array in self.again.items()}
            yield Forward(inputs=inputs, expected=after, again=True)

    def _expected(self, at: int, count: int) -> dict[str, tuple[Values, ...]]:
        expected: dict[str, tuple[Values, ...]] = {}
        for blob, array in self.outputs.items():
            expected[blob] = (Values(array=_cut(array, count, at)),)
        for blob, values in self.samples.items():
            sample = values[at] if values.ndim == 2 else values
            places = self.positions[blob].reshape(-1)
            expected[blob] = (
                *expected.get(blob, ()),
                Values(array=sample.reshape(-1), places=places),
            )
        return expected


def _cut(array: Array, count: int, at: int) -> Array:
    """Return one forward's part of an array; where it has a row for each forward, that row."""
    if count == 1:
        return array
    if not array.ndim or array.shape[0] % count:
        return np.empty(0)  # which no blob is
    row: Array = array.reshape(count, -1, *array.shape[1:])[at]
    return row


def load_recording(path: str | Path) -> Recording:
    """Read a recording. Raises FileFormatError where it is none."""
    path = Path(path)
    arrays = _read(path)
    about = _about(path, arrays.pop(ABOUT, None))
    groups: dict[str, dict[str, Array]] = {group: {} for group in GROUPS}
    for name, array in arrays.items():
        group, _, blob = name.partition("/")
        groups.setdefault(group, {})[blob] = array
    known = {*GROUPS, *OF_IMAGES}
    if not any(groups.get(group) for group in ("out", "sample", "scores")):
        raise FileFormatError(f"{path}: holds neither out/<blob> nor sample/<blob>, nor scores")
    if groups["pos"].keys() != groups["sample"].keys():
        raise FileFormatError(f"{path}: pos/ and sample/ must be of the same blobs")
    _check_numbers(path, groups)
    return Recording(
        name=path.name,
        inputs=groups["in"],
        outputs=groups["out"],
        again=groups["out2"],
        positions=groups["pos"],
        samples=groups["sample"],
        ignored=tuple(sorted(groups.keys() - known)),
        about=about,
    )


def _check_numbers(path: Path, groups: Mapping[str, Trace]) -> None:
    """Refuse text and complex numbers, and positions that are none. Raises FileFormatError."""
    for group in GROUPS:
        for blob, array in groups[group].items():
            if array.dtype.kind not in "fiub":
                raise FileFormatError(
                    f"{path}: {group}/{blob} holds {array.dtype}, no real numbers"
                )
    for blob, places in groups["pos"].items():
        if places.dtype.kind not in "iu" or places.min(initial=0) < 0:
            raise FileFormatError(f"{path}: pos/{blob} must hold whole numbers from 0")


def _read(path: Path) -> dict[str, Array]:
    try:
        if path.suffix in HDF5:
            return _read_hdf5(path)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError) as error:
        kind = "HDF5" if path.suffix in HDF5 else ".npz"
        said = str(error.strerror or error) if isinstance(error, OSError) else str(error)
        if "allow_pickle" in said:
            said = "it is another file, or holds objects"  # NumPy says how to open it unsafely
        raise FileFormatError(f"{path}: is not a readable {kind} recording ({said})") from error


def _read_hdf5(path: Path) -> dict[str, Array]:
    import h5py

    arrays: dict[str, Array] = {}

    def keep(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = np.asarray(item[()])

    with h5py.File(path, "r") as file:
        file.visititems(keep)
    return arrays


def _about(path: Path, text: Array | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    said = text.item() if text.ndim == 0 else ""
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    try:
        about = json.loads(str(said))
    except ValueError as error:
        raise FileFormatError(f"{path}: `about` is not JSON ({error})") from error
    return about if isinstance(about, dict) else {}
