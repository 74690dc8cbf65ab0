"""Scores from a CSV: a column of names, and `score`, `center`, `ten`, or `crop0` to `crop9`.

Of two columns one is enough to know, whatever the other is called.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from converter.errors import FileFormatError
from memnet.score_file import NAMES, SCORES

from .score_file import ScoreFile

CROP_COLUMNS = tuple(f"crop{at}" for at in range(10))


def read_csv(path: Path) -> ScoreFile:
    """Read a CSV. Raises FileFormatError with the local fact."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip().lower() for name in next(reader, [])]
            name, columns = _columns(header)
            wanted = [name, *columns.values()]
            rows = list(_rows(reader, wanted))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise FileFormatError(f"cannot be read as a CSV ({said})") from error
    names = tuple(row[0] for row in rows)
    texts = [row[1:] for row in rows]
    numbers = np.array(
        [[_number(text, name) for text in row] for name, row in zip(names, texts, strict=True)]
    )
    numbers = numbers.reshape(len(rows), len(columns))
    found = {column: numbers[:, at] for at, column in enumerate(columns)}
    ten = [found[column] for column in CROP_COLUMNS if column in found]
    return ScoreFile(
        path=path,
        names=names,
        plain=found.get("score"),
        center=found.get("center"),
        ten=np.stack(ten, axis=1) if ten else found["ten"][:, None] if "ten" in found else None,
        rounding=_rounding(texts),
    )


def _columns(header: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Return where the names are, and which of `score`, `center`, `ten`, `crop0` ... `crop9` are where."""
    names = [at for at, column in enumerate(header) if column in NAMES]
    if not names and len(header) == 2:
        names = [at for at in (0, 1) if header[at] not in SCORES and header[1 - at] in SCORES]
    if not names:
        commas = "; columns stand between commas" if len(header) == 1 else ""
        raise FileFormatError(
            f"has no column of names ({', '.join(NAMES)}), but {', '.join(header) or 'nothing'}{commas}"
        )
    if set(CROP_COLUMNS) <= set(header):
        return names[0], {column: header.index(column) for column in CROP_COLUMNS}
    found = {column: header.index(column) for column in ("center", "ten") if column in header}
    plain = [at for at, column in enumerate(header) if column in SCORES]
    if not plain and not found and len(header) == 2:
        plain = [1 - names[0]]
    if plain:
        found["score"] = plain[0]
    if not found:
        known = ", ".join((*SCORES, "center", "ten", "crop0 ... crop9"))
        raise FileFormatError(f"has no column of scores ({known}), but {', '.join(header)}")
    return names[0], found


def _rows(reader: Iterator[list[str]], wanted: Sequence[int]) -> Iterator[list[str]]:
    """Yield name and scores; a row without a score, which a picture that could not be read has, is passed over."""
    for row in reader:
        if len(row) > max(wanted) and all(row[at].strip() for at in wanted):
            yield [row[at].strip() for at in wanted]


def _number(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FileFormatError(f"the score of {name!r} is {text!r}, no finite number")
    return value


def _rounding(rows: Sequence[Sequence[str]]) -> float:
    """Return half a unit of the last decimal; the number with most decimals tells how many are written."""
    most = max(
        (len(text.partition(".")[2]) for row in rows for text in row if "e" not in text), default=0
    )
    return 0.5 * 10.0**-most if rows else 0.0
