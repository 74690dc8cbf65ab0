"""`ScoreFile`: scores that somebody recorded, matched with images by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, TypeAlias

import numpy as np

from converter.errors import FileFormatError
from memnet.crops import Crops

Doubles: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Array: TypeAlias = np.ndarray[Any, Any]

CENTRE = 4
"""Of ten crops, in pycaffe's and in MATLAB's order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreFile:
    """The scores of a file, in its order."""

    path: Path
    names: tuple[str, ...] | None
    """None where the file has none, and its rows go by the order of the images."""
    plain: Doubles | None = None
    """(N,): one score for an image, of whatever crops."""
    center: Doubles | None = None
    """(N,)"""
    ten: Doubles | None = None
    """(N, 10), of each crop, or (N, 1), their mean."""
    fed: Mapping[str, Array] = field(default_factory=dict)
    """`center` (M, C, H, W), `ten` (M, 10, C, H, W): what the net was fed for the first M images."""
    samples: tuple[Array, Array] | None = None
    """Flat positions into (crops, C, H, W), and (N, positions): the values that the net was fed there."""
    sha256: tuple[str, ...] | None = None
    """Of each image's file, in hexadecimal digits."""
    rounding: float = 0.0
    """Half a unit in the last decimal that the file writes."""

    def rows(self, names: Sequence[str]) -> list[int | None]:
        """Return where each image stands in the file: by its name, or by its file's name where that is unique."""
        if self.names is None:
            if (count := self._count()) != len(names):
                raise FileFormatError(
                    f"{self.path}: has no names, and scores of {count} images where there are {len(names)}"
                )
            return list(range(len(names)))
        if not self.names:
            raise FileFormatError(f"{self.path}: holds no scores")
        whole = {name: at for at, name in enumerate(self.names)}
        ends = Counter(PurePath(name).name for name in self.names)
        short = {PurePath(name).name: at for at, name in enumerate(self.names)}
        asked = Counter(PurePath(name).name for name in names)

        def row(name: str) -> int | None:
            end = PurePath(name).name
            alone = asked[end] == 1 and ends[end] == 1
            return whole.get(name, short.get(end) if alone else None)

        found = [row(name) for name in names]
        if names and not any(at is not None for at in found):
            raise FileFormatError(
                f"{self.path}: names none of the images; it has {self.names[0]!r}, "
                f"the images are {names[0]!r} ..."
            )
        return found

    def _count(self) -> int:
        held = (self.plain, self.center, self.ten)
        return next((len(scores) for scores in held if scores is not None), 0)

    def scores(self, crops: Crops, *, plain_is: Crops | None) -> Doubles | None:
        """Return (N, crops) or (N, 1) for these crops; a plain column counts as `plain_is`."""
        if crops == "ten":
            found = self.ten
        elif self.center is not None or self.ten is None or self.ten.shape[1] == 1:
            found = None if self.center is None else self.center[:, None]
        else:
            found = self.ten[:, CENTRE, None]
        if found is None and self.plain is not None and plain_is == crops:
            found = self.plain[:, None]
        return found
