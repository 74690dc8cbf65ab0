"""Scores that somebody wrote as a CSV, matched with pictures by name."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path, PurePath

from converter.errors import FileFormatError, context

from .data.text import delimiter_of

NAMES = ("image", "path", "id", "name", "file", "filename", "image_file", "image_name")
SCORES = ("score", "memorability", "prediction")


def scores_of(
    path: str | Path, names: Sequence[str], *, column: str | None = None, any_of: bool = True
) -> dict[str, float]:
    """Return name -> score, in the order of `names`, for those that the CSV has a score of.

    A picture is found by its path as it stands, or by its file name where that is unique on both sides. Rows without
    a score are passed over. `column` names the scores' column, by default the first of SCORES that there is, and of two
    columns the other one; without `any_of` a CSV may name none of the pictures.

    Raises:
        FileFormatError: no such file, no column of names or of scores, a score that is no number, or no match at all.
    """
    with context(str(path)):
        given = _read(Path(path), column)
        if names and all(name in given for name in names):
            return {name: given[name] for name in names}
        short = _by_file_name(given)
        counts = Counter(PurePath(name).name for name in names)
        found = {}
        for name in names:
            end = PurePath(name).name
            if name in given:
                found[name] = given[name]
            elif counts[end] == 1 and end in short:
                found[name] = short[end]
        if any_of and not found:
            raise FileFormatError(
                f"names none of the pictures; it has {next(iter(given), 'nothing')!r}, the pictures are {names[0]!r}"
            )
    return found


def _read(path: Path, column: str | None) -> dict[str, float]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            rows = csv.DictReader(chain([header], file), delimiter=delimiter_of(header))
            fields = rows.fieldnames or ()
            name = _column(fields, NAMES)
            score = _score_column(fields, name, column)
            return {row[name]: _number(row[score], row[name]) for row in rows if row[score]}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise FileFormatError(f"cannot be read as a CSV ({said})") from error


def _score_column(fields: Sequence[str], name: str, column: str | None) -> str:
    if column is not None:
        return _column(fields, (column.strip().lower(),))
    if len(fields) == 2:
        return next((field for field in fields if field != name), name)
    return _column(fields, SCORES)


def _column(fields: Sequence[str], wanted: Sequence[str]) -> str:
    for field in fields:
        if field.strip().lower() in wanted:
            return field
    raise FileFormatError(
        f"has no column {wanted[0]!r}, but {', '.join(fields) or 'nothing'}; known: {', '.join(wanted)}"
    )


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise FileFormatError(f"the score of {name!r} is {text!r}, no number") from error


def _by_file_name(given: dict[str, float]) -> dict[str, float]:
    counts = Counter(PurePath(name).name for name in given)
    return {
        PurePath(name).name: score
        for name, score in given.items()
        if counts[PurePath(name).name] == 1
    }
