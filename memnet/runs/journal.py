"""`Journal`: the rows of a run that is under way, on disk after every batch, so that an interrupted run can go on.

One JSON line for each row. An interrupt can cut the last line off, and nothing else; what is cut off is dropped.
Features, if any, stand in a file beside it, float32 without header, one after another for the rows that have them;
they are written first, so that no row lacks its features.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from converter.errors import OutputError

from ..crops import Floats
from .lock import alone
from .stream import Row

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row without its features: a score or an error, and where the features are."""

    score: float | None
    error: str | None
    at: int | None = None


class Journal:
    """Rows by id, in memory and, features too, in `<output>.part` and `<output>.features.part`."""

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(f"{output.name}.part")
        self.features_path = output.with_name(f"{output.name}.features.part")
        self.lock_path = output.with_name(f"{output.name}.lock")
        self.entries: dict[str, Entry] = {}
        self.shape: Shape = ()
        """Of one picture's features, once there are any."""
        self._featured = 0

    def locked(self) -> AbstractContextManager[None]:
        """Keep other runs out, whose features would come between. Raises OutputError where one is under way."""
        return alone(self.lock_path, self.path)

    @property
    def is_empty(self) -> bool:
        """Whether no run has left rows."""
        return not self.path.exists() or self.path.stat().st_size == 0

    def open(self) -> None:
        """Take up what an interrupted run left, less what the interrupt cut off. Raises OutputError."""
        try:
            data = b"" if self.is_empty else self.path.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            for line in whole.splitlines():
                self._enter(*json.loads(line))
            _cut(self.path, len(whole))
            _cut(self.features_path, self._featured * self._width)
        except (OSError, ValueError, TypeError) as error:
            raise OutputError(f"{self.path}: cannot be taken up ({error}); use --force") from error

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows to the disk. Raises OutputError."""
        features = [row.features for row in rows if row.features is not None]
        lines = [_line(row) for row in rows]
        try:
            if features:
                with self.features_path.open("ab") as file:
                    file.write(np.stack(features).astype("<f4").tobytes())
            with self.path.open("ab") as file:
                file.write("".join(f"{line}\n" for line in lines).encode())
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror})") from error
        for line in lines:
            self._enter(*json.loads(line))

    def _enter(
        self, name: str, score: float | None, error: str | None, shape: Sequence[int] | None
    ) -> None:
        at = None
        if shape is not None:
            at, self.shape = self._featured, tuple(shape)
            self._featured += 1
        self.entries[name] = Entry(score, error, at)

    @property
    def _width(self) -> int:
        """Bytes of one row's features."""
        return 4 * prod(self.shape)

    def features(self, at: int) -> Floats:
        """Return the features at a place, float32 of `shape`."""
        with self.features_path.open("rb") as file:
            file.seek(at * self._width)
            return np.frombuffer(file.read(self._width), "<f4").reshape(self.shape)

    def remove(self) -> None:
        """Remove the files; the output is complete, or begins again."""
        self.path.unlink(missing_ok=True)
        self.features_path.unlink(missing_ok=True)


def _line(row: Row) -> str:
    score = None if row.score is None else float(row.score)
    shape = None if row.features is None else row.features.shape
    return json.dumps([row.id, score, row.error, shape])


def _cut(path: Path, size: int) -> None:
    """Cut off what came after the first bytes; a file of none may be missing."""
    if not size and not path.exists():
        return
    with path.open("ab") as file:
        if file.tell() < size:
            raise ValueError(f"{path} is shorter than the rows say")
        file.truncate(size)
