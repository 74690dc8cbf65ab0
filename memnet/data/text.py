"""The text of a table: UTF-8 with or without a byte order mark, lines ended in any way."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable
from pathlib import Path

from converter.errors import FileFormatError, context

Record = dict[str, str]
_DELIMITERS = ",;\t"


def read_text(path: Path) -> str:
    """Return a file's text. Raises FileFormatError where there is none."""
    with context(str(path)):
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise FileFormatError("is not UTF-8 text; save it as CSV in UTF-8") from error
        except OSError as error:
            raise FileFormatError(f"cannot be read ({error.strerror})") from error


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines that are not blank, with their numbers from one, stripped."""
    lines = enumerate(read_text(path).splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def read_records(path: Path, needed: Iterable[str] = ()) -> list[Record]:
    """Return the rows of a CSV by column name; its delimiter is whichever of comma, semicolon and tab the header has.

    Raises:
        FileFormatError: no header, or one without the columns that are `needed`.
    """
    text = read_text(path)
    delimiter = delimiter_of(text.partition("\n")[0])
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    columns = [column.strip() for column in reader.fieldnames or ()]
    reader.fieldnames = columns
    with context(str(path)):
        if not any(columns):
            raise FileFormatError("lacks the column names, which are a table's first line")
        twice = sorted({column for column in columns if column and columns.count(column) > 1})
        if twice:
            raise FileFormatError(f"has the column {', '.join(twice)} more than once; rename one")
        lacking = [column for column in needed if column not in columns]
        if lacking:
            raise FileFormatError(
                f"lacks the column {', '.join(lacking)}; it has {', '.join(columns)}"
            )
        try:
            return [{column: row[column] for column in columns} for row in reader]
        except csv.Error as error:
            raise FileFormatError(f"is no CSV ({error})") from error


def delimiter_of(header: str) -> str:
    """Return whichever of comma, semicolon and tab a CSV's header has most of outside quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


def number(text: str) -> float:
    """Return a number, not a NaN. Raises ValueError with a sentence."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if math.isnan(value):
        raise ValueError("the score is missing (NaN)")
    return value


def whole(text: str) -> int | None:
    """Return a count; None where the field is empty. Raises ValueError with a sentence."""
    if not text.strip():
        return None
    value = number(text)
    if value < 0 or value != int(value):
        raise ValueError(f"{text!r} is not a count")
    return int(value)
