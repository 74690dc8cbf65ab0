"""`[LABEL=]WHAT`, and `csv:FILE#COLUMNS`: how models and data are named on the command line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from converter.errors import FileFormatError

CSV = "csv:"
_LABELLED = re.compile(r"([^=/\\:#]+)=(.+)", re.DOTALL)


def split_label(spec: str) -> tuple[str | None, str]:
    """Return the label, if there is one, and what it labels; a path with an equals sign is none."""
    match = _LABELLED.fullmatch(spec)
    return (match[1].strip(), match[2]) if match else (None, spec)


def split_columns(path: str, first: str, keys: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """Return the path and the columns of `PATH#COLUMN` or `PATH#KEY=COLUMN,...`; a bare column is that of `first`.

    Raises:
        FileFormatError: a key that is not among `keys`.
    """
    path, _, text = path.partition("#")
    columns: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, column = part.partition("=")
        if not equals:
            key, column = first, part
        if key not in keys:
            raise FileFormatError(
                f"{path}: {part!r} names no column; after # stand a column, or {', '.join(keys)}=COLUMN"
            )
        columns[key.strip()] = column.strip()
    return path, columns


def for_labels(given: Iterable[str], labels: Collection[str], option: str) -> dict[str, str]:
    """Return label -> value of options `[LABEL=]VALUE`; one without a label is for all that have none of their own.

    Raises:
        FileFormatError: a label that no model has.
    """
    of_all: dict[str, str] = {}
    found: dict[str, str] = {}
    for text in given:
        label, value = split_label(text)
        if label is not None and label not in labels:
            raise FileFormatError(
                f"{option} {text!r}: no model is called {label!r}; they are {', '.join(labels)}"
            )
        if label is None:
            of_all = dict.fromkeys(labels, value)
        else:
            found[label] = value
    return of_all | found


def distinct(labels: Iterable[str], what: str) -> None:
    """Raise FileFormatError where two have one label."""
    seen: set[str] = set()
    for label in labels:
        if label in seen:
            raise FileFormatError(
                f"two {what} are called {label!r}; give one another name, as in NAME={label}"
            )
        seen.add(label)
