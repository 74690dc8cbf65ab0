"""Which images a command was given: files, folders, globs, a CSV's column, a list on stdin. Always in one order."""

from __future__ import annotations

import csv
import glob
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from converter.errors import FileFormatError

STDIN = "-"
COLUMN = "path"


def find_images(
    sources: Sequence[str], *, column: str = COLUMN, root: str | Path | None = None
) -> list[str]:
    """Return the images that `sources` name, each once, in order of first mention.

    A folder stands for the images in it at any depth (see `in_folder`); a pattern with `*`, `?`, `[...]` or `**` for
    what it matches, sorted; a `.csv` for its column `column`; `-` for the lines of stdin. Names in a CSV or a list
    are taken from `root`, by default the working directory. A name that is no image is returned all the same: reading
    it tells.

    Raises:
        FileFormatError: a folder, pattern, CSV or list without images, or a CSV that cannot be read.
    """
    found: dict[str, None] = {}
    for source in sources:
        names = list(_named(source, column, Path(root or "")))
        if not names:
            raise FileFormatError(_nothing(source))
        found.update(dict.fromkeys(names))
    return list(found)


def _named(source: str, column: str, root: Path) -> Iterator[str]:
    if source == STDIN:
        yield from (str(root / line.rstrip("\r\n")) for line in sys.stdin if line.strip())
    elif Path(source).is_dir():
        yield from in_folder(source)
    elif Path(source).suffix.lower() == ".csv":
        yield from (str(root / name) for name in _of_csv(Path(source), column))
    elif glob.has_magic(source) and not Path(source).exists():
        for match in sorted(glob.glob(source, recursive=True)):  # noqa: PTH207 (absolute patterns)
            yield from in_folder(match) if Path(match).is_dir() else [match]
    else:
        yield source


def in_folder(folder: str | Path) -> Iterator[str]:
    """Yield the files below a folder that have an image's suffix: names sorted, files before folders."""
    from .images import SUFFIXES

    for base, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if Path(name).suffix.lower() in SUFFIXES:
                yield str(Path(base) / name)


def _of_csv(path: Path, column: str) -> Iterator[str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if column not in (rows.fieldnames or ()):
                raise FileFormatError(
                    f"{path}: has no column {column!r}, but {', '.join(rows.fieldnames or ('nothing',))}; "
                    "name it with --column"
                )
            yield from (row[column] for row in rows if row[column])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise FileFormatError(f"{path}: cannot be read as a CSV ({said})") from error


def _nothing(source: str) -> str:
    from .images import SUFFIXES

    known = ", ".join(sorted(SUFFIXES))
    if source == STDIN:
        return "the list on stdin is empty; give one path a line"
    if Path(source).is_dir():
        return f"{source}: the folder holds no images ({known})"
    if Path(source).suffix.lower() == ".csv":
        return f"{source}: the CSV names no images"
    return f"{source}: matches no image ({known})"
