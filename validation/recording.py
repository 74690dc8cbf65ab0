"""Recorded outputs of a Caffe that ran elsewhere: an `.npz` with `in/<blob>`, `out/<blob>`, or samples of blobs.

`pos/<blob>` are flat C-order positions into a blob and `sample/<blob>` the values there, (positions,) for one forward
or (forwards, positions) for several; then an input holds the forwards one after the other along its first axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from converter import tolerance
from converter.compare import relative_difference
from converter.errors import FileFormatError

from .report import Check, within
from .traces import Array, Trace

GROUPS = ("in", "out", "pos", "sample")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What an `.npz` holds, by blob."""

    inputs: Trace
    outputs: Trace
    positions: Trace
    samples: Trace
    ignored: tuple[str, ...]
    """Groups of arrays that are not understood."""

    @property
    def forwards(self) -> int:
        """How many forwards the samples are of."""
        return max((len(values) for values in self.samples.values() if values.ndim == 2), default=1)


def load_recording(path: str | Path) -> Recording:
    """Read a recording. Raises FileFormatError where it is none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError) as error:
        raise FileFormatError(f"{path}: is not a readable .npz recording ({error})") from error
    groups: dict[str, dict[str, Array]] = {group: {} for group in GROUPS}
    for name, array in arrays.items():
        group, _, blob = name.partition("/")
        groups.setdefault(group, {})[blob] = array
    if not (groups["out"] or groups["sample"]):
        raise FileFormatError(f"{path}: holds neither out/<blob> nor sample/<blob>")
    if groups["pos"].keys() != groups["sample"].keys():
        raise FileFormatError(f"{path}: pos/ and sample/ must be of the same blobs")
    return Recording(
        inputs=groups["in"],
        outputs=groups["out"],
        positions=groups["pos"],
        samples=groups["sample"],
        ignored=tuple(sorted(groups.keys() - set(GROUPS))),
    )


def compare(recording: Recording, ours: Trace, name: str, *, whole: bool) -> Iterator[Check]:
    """Yield a check for each recorded blob; with `whole` a blob that `ours` lacks is a failure, else it is left out."""
    for blob, expected in recording.outputs.items():
        if blob in ours or whole:
            found = _arranged(ours.get(blob), expected, recording.forwards)
            yield _check(f"{name}: {blob}", found, expected)
    for blob, values in recording.samples.items():
        if blob in ours or whole:
            found = _at(ours.get(blob), recording.positions[blob], values)
            yield _check(f"{name}: samples of {blob}", found, values)


def _check(name: str, found: Array | None, expected: Array) -> Check:
    if found is None:
        return within(name, float("inf"), tolerance.CAFFE, "the port has no such blob")
    difference = relative_difference(found, expected)
    detail = "" if found.shape == expected.shape else f"shape {found.shape} for {expected.shape}"
    return within(name, difference, tolerance.CAFFE, detail)


def _arranged(found: Array | None, expected: Array, forwards: int) -> Array | None:
    """Bring a blob of several forwards into the recording's rows; one forward's shape must be right as it is."""
    if found is None or forwards == 1 or found.size != expected.size:
        return found
    return found.reshape(expected.shape)


def _at(found: Array | None, positions: Array, values: Array) -> Array | None:
    """Return the values at the recorded positions; of another shape where the blob is too small for them."""
    forwards = len(values) if values.ndim == 2 else 1
    if (
        found is None
        or found.size % forwards
        or found.size // forwards <= positions.max(initial=-1)
    ):
        return None if found is None else np.empty(0)
    return found.reshape(forwards, -1)[:, positions].reshape(values.shape)
