"""`read_scores`: scores from a file of either kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from converter.errors import FileFormatError, context

from ..judges.recording import SUFFIXES
from .csv_file import read_csv
from .recording import read_recording
from .score_file import ScoreFile


def read_scores(path: str | Path, output: str = "", fed: str = "") -> ScoreFile:
    """Read a file of scores; `output` and `fed` are the net's output and input blob, for a recording of blobs.

    Raises:
        FileFormatError: no such file, no column of names or scores, a name twice, a score that is no finite number.
    """
    path = Path(path)
    with context(str(path)):
        found = (
            read_recording(path, output, fed) if path.suffix.lower() in SUFFIXES else read_csv(path)
        )
        _check_names(found.names or ())
        return found


def _check_names(names: Sequence[str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise FileFormatError(f"names {twice[0]!r} more than once")
