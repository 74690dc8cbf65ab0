"""`Journal`: the rows of a run that is under way, on disk after every batch, so that an interrupted run can go on.

One JSON line for each row. An interrupt can cut the last line off, and nothing else; what is cut off is dropped.
Features, if any, stand beside it as float32 without header, row by row; they are written first, so never missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from converter.errors import OutputError

from .stream import Row


class Journal:
    """Append-only rows in `<output>.part`; a context manager that holds the files open."""

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(f"{output.name}.part")
        self.features_path = output.with_name(f"{output.name}.features.part")
        self.shape: tuple[int, ...] | None = None
        """Of one picture's features; None as long as there are none."""
        self._file: BinaryIO | None = None
        self._features: BinaryIO | None = None
        self._without_shape = 0
        """Rows that failed before the features' shape was known."""

    def __enter__(self) -> Journal:
        """Drop what an interrupt cut off, and open for appending."""
        kept = sum(len(line) for line in self._lines())
        rows = list(self.rows())
        self._file = _open(self.path, kept)
        shapes = {row.features.shape for row in rows if row.features is not None}
        self.shape = next(iter(shapes), None)
        self._without_shape = 0 if self.shape is not None else len(rows)
        self._features = _open(self.features_path, len(rows) * self._width)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files; they stay."""
        for file in (self._file, self._features):
            if file is not None:
                file.close()

    @property
    def _width(self) -> int:
        """Bytes of one row's features."""
        return 0 if self.shape is None else 4 * int(np.prod(self.shape))
