"""Which images a command was given: files, folders, globs, a CSV's column, a list on stdin. Always in one order."""

from __future__ import annotations

import csv
import glob
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

from converter.errors import FileFormatError, listed

from ..data.text import delimiter_of

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
        FileFormatError: a folder, pattern, CSV or list without images, a CSV or list that cannot be read, or names that
            no output could hold, because they are not UTF-8.
    """
    found: dict[str, None] = {}
    for source in sources:
        if not source:
            raise FileFormatError("a source is an empty text; give a file, folder or pattern")
        names = list(_named(source, column, Path(root or "")))
        if not names:
            raise FileFormatError(_nothing(source))
        found.update(dict.fromkeys(names))
    odd = [name for name in found if not _is_text(name)]
    if odd:
        told = [name.encode("utf-8", "backslashreplace").decode() for name in odd]
        raise FileFormatError(
            f"rename what is not UTF-8, for no output can hold it: {listed(told)}"
        )
    return list(found)


def _is_text(name: str) -> bool:
    """Whether a name is Unicode; bytes that are none come from the file system as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _named(source: str, column: str, root: Path) -> Iterator[str]:
    if source == STDIN:
        yield from (str(root / line) for line in _of_stdin())
    elif Path(source).is_dir():
        yield from in_folder(source)
    elif Path(source).suffix.lower() == ".csv":
        yield from (str(root / name) for name in _of_csv(Path(source), column))
    elif glob.has_magic(source) and not Path(source).exists():
        for match in _matches(source):
            yield from in_folder(match) if Path(match).is_dir() else [str(Path(match))]
    else:
        yield str(Path(source))


def _of_stdin() -> Iterator[str]:
    try:
        lines = (line.rstrip("\r\n") for line in sys.stdin)
        first = next(lines, "").removeprefix("\ufeff")  # a byte order mark
        if "\0" in first:
            raise FileFormatError(
                "the list on stdin holds NULs, as find -print0 writes; give one path a line (find -print)"
            )
        yield from (line for line in chain([first], lines) if line.strip())
    except UnicodeDecodeError as error:
        raise FileFormatError(f"the list on stdin is not UTF-8 text ({error})") from error


def _matches(pattern: str) -> Iterator[str]:
    """Yield what a pattern matches, sorted; `**` goes through no folder twice on one way."""
    parts = Path(pattern).parts
    free = parts.index("**") if "**" in parts else len(parts)
    real = lru_cache(maxsize=4096)(os.path.realpath)
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 (absolute patterns)
        way = [real(folder) for folder in Path(match).parents if len(folder.parts) >= free]
        if len(set(way)) == len(way):
            yield match


def in_folder(folder: str | Path, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the files below a folder that have an image's suffix: names sorted, files before folders.

    Links to folders are followed, but for those that lead back up, to one of `above` it. A folder that cannot be listed
    is left out with a warning.
    """
    from ..images import SUFFIXES

    real = os.path.realpath(folder)
    if real in above:
        return
    above = above or tuple(map(str, Path(real).parents))
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError as error:
        warnings.warn(
            f"{folder}: is left out, it cannot be listed ({error.strerror})", stacklevel=2
        )
        return
    for name, is_folder in names:
        if not is_folder and Path(name).suffix.lower() in SUFFIXES:
            yield str(Path(folder) / name)
    for name, is_folder in names:
        if is_folder:
            yield from in_folder(Path(folder) / name, (*above, real))


def _of_csv(path: Path, column: str) -> Iterator[str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            rows = csv.DictReader(chain([header], file), delimiter=delimiter_of(header))
            rows.fieldnames = columns = [name.strip() for name in rows.fieldnames or ()]
            if column not in columns:
                raise FileFormatError(
                    f"{path}: has no column {column!r}, but {', '.join(columns) or 'nothing'}; name it with --column"
                )
            names = [(row[column] or "").strip() for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise FileFormatError(f"{path}: cannot be read as a CSV ({said})") from error
    if empty := names.count(""):
        warnings.warn(
            f"{path}: {empty:,} of {len(names):,} rows are left out, their {column!r} is empty",
            stacklevel=2,
        )
    yield from filter(None, names)


def _nothing(source: str) -> str:
    from ..images import SUFFIXES

    known = ", ".join(sorted(SUFFIXES))
    if source == STDIN:
        return "the list on stdin is empty; give one path a line"
    if Path(source).is_dir():
        return f"{source}: the folder holds no images ({known})"
    if Path(source).suffix.lower() == ".csv":
        return f"{source}: the CSV names no images"
    return f"{source}: matches no image ({known})"
