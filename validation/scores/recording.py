"""Scores from a recording, `.npz` or HDF5.

It has `images/names` (N,) with `scores/center` (N,) or `scores/ten` (N, 10), a score for each crop. It may have
`images/sha256` (N,) of the files, and `crops/center` (M, C, H, W) or `crops/ten` (M, 10, C, H, W), what the net was fed
for the first M. One without scores is read as a recording of blobs (see `recording.py`): `out/<the net's output>`
(N, 10) or (N,), and `sample/<the net's input>` (N, positions), rows in the order of the images it was made with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from converter.errors import FileFormatError, context

from ..judges.recording import HDF5
from .score_file import Array, Doubles, ScoreFile

KEYS = (
    "images/names",
    "images/sha256",
    "scores/center",
    "scores/ten",
    "crops/center",
    "crops/ten",
)


def read_recording(path: Path, output: str, fed: str) -> ScoreFile:
    """Read a recording of the scores of a net with these blobs. Raises FileFormatError with the local fact."""
    recorded = (f"out/{output}", f"pos/{fed}", f"sample/{fed}")
    with _opened(path) as file:
        there = _keys(file)
        held = {name: np.asarray(file[name]) for name in (*KEYS, *recorded) if name in there}
    if not {"scores/center", "scores/ten"} & held.keys():
        return _of_blobs(path, held, *recorded)
    names, hashes = (
        tuple(map(_text, held[key].reshape(-1))) if key in held else None
        for key in ("images/names", "images/sha256")
    )
    count = len(names) if names is not None else None
    center, ten = (
        _scores(key, held[key], count) if key in held else None
        for key in ("scores/center", "scores/ten")
    )
    arrays = {key[6:]: held[key] for key in ("crops/center", "crops/ten") if key in held}
    for crops, array in arrays.items():
        if array.dtype.kind not in "fiu" or array.ndim < 4:
            raise FileFormatError(f"crops/{crops} is {array.dtype} {array.shape}, no pictures")
    if center is not None and center.shape[1] != 1:
        raise FileFormatError(f"scores/center has {center.shape[1]} scores for an image, not one")
    return ScoreFile(
        path=path,
        names=names,
        sha256=hashes if names is not None and len(hashes or ()) == len(names) else None,
        center=None if center is None else center[:, 0],
        ten=ten,
        fed=arrays,
    )


def _of_blobs(path: Path, held: Mapping[str, Array], out: str, pos: str, sample: str) -> ScoreFile:
    if out not in held:
        raise FileFormatError(f"holds no scores: neither scores/center nor scores/ten, nor {out!r}")
    scores = _scores(out, held[out], None)
    return ScoreFile(
        path=path,
        names=None,
        center=scores[:, 0] if scores.shape[1] == 1 else None,
        ten=scores if scores.shape[1] == 10 else None,
        samples=(held[pos], held[sample]) if pos in held and sample in held else None,
    )


def holds_scores(path: Path, output: str) -> bool:
    """Whether a recording can hold scores of images: its own keys, or an output without its input."""
    with context(str(path)), _opened(path) as file:
        names = _keys(file)
    own = {"scores/center", "scores/ten"} & names
    return bool(own) or (f"out/{output}" in names and not any(n.startswith("in/") for n in names))


def _scores(what: str, array: Array, count: int | None) -> Doubles:
    """Return (N, 1) or (N, 10)."""
    if array.dtype.kind not in "fiu" or not array.ndim:
        raise FileFormatError(f"{what} is {array.dtype} {array.shape}, no scores of images")
    if count is not None and len(array) != count:
        raise FileFormatError(f"{what} is of {len(array)} images, images/names of {count}")
    each = math.prod(array.shape[1:])
    if each not in {1, 10}:
        raise FileFormatError(f"{what} has {each} values for an image, not one or ten")
    found: Doubles = array.reshape(len(array), each).astype(np.float64)
    if not np.isfinite(found).all():
        raise FileFormatError(f"{what} holds NaN or infinity")
    return found


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open an `.npz` or HDF5 file whose arrays are read one by one."""
    try:
        if path.suffix.lower() in HDF5:
            import h5py  # type: ignore[import-untyped]

            with h5py.File(path, "r") as file:
                yield file
        else:
            with np.load(path, allow_pickle=False) as file:
                yield file
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError) as error:
        raise FileFormatError(f"is not a readable recording ({error})") from error


def _keys(file: Any) -> set[str]:
    """Return the full names of the arrays."""
    if not hasattr(file, "visit"):
        return set(file)
    found: set[str] = set()
    file.visit(found.add)
    return found


def _text(name: Any) -> str:
    """Return a name that Python 2 may have written as bytes."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
