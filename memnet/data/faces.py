"""The 10k US Adult Faces (Bainbridge, Isola and Oliva 2013): 2,222 scored target faces of 10,168.

`Memorability Scores/target-filenames.txt` numbers the targets from one; the scores of number n stand at n in
`memorability-scores.mat`, or in a CSV saved from the spreadsheet beside it. The score is the hit rate, hits / (hits +
misses). The package's README names the quantities but not the variables, so they are looked for by those words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converter.errors import FileFormatError, context

from .checks import make_data_set, raise_problems
from .dataset import DataSet, Item
from .text import number, read_lines, read_records

TARGETS = "target-filenames.txt"
HOMES = (".", "10k US Adult Faces Database")
SCORES_FOLDERS = ("Memorability Scores", "Full Attribute Scores", ".")
SCORES_FILES = ("memorability-scores.csv", "memorability-scores.mat")
IMAGES = "Face Images"

WORDS = {
    "hits": ("hits", "hit"),
    "misses": ("misses", "miss"),
    "false_alarms": ("falsealarms", "falsealarm", "fas", "fa"),
    "correct_rejections": ("correctrejections", "correctrejection", "crs", "cr"),
    "hit_rate": ("hitrate", "hr"),
}
_NUMBER_COLUMNS = ("image", "imagenumber", "number", "label", "id", "")

Columns = Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]


def load_faces(
    root: str | Path,
    *,
    scores: str | Path | None = None,
    images: str | Path | None = None,
    allow_missing: bool = False,
    check_images: bool = True,
) -> DataSet:
    """Return the target faces; `root` is the database's folder or the one around it.

    `scores` names another file of scores, `.mat` or `.csv`; `images` another folder of images.

    Raises:
        FileFormatError: no table of targets or scores, other numbers of the two, a score outside 0 to 1, missing
            images; all rows at once.
    """
    home, table = _targets(Path(root))
    source = Path(scores) if scores is not None else _scores(home, table)
    folder = Path(images) if images is not None else _images(home)
    names = _names(table)
    columns = _columns(source, len(names))
    rows: list[Item] = []
    problems: list[str] = []
    for at, name in enumerate(names):
        try:
            rows.append(_item(folder / name, name, columns, at))
        except ValueError as error:
            problems.append(f"{name}: {error}")
    return make_data_set(
        "10k US Adult Faces",
        rows,
        source,
        Path(root),
        problems=problems,
        allow_missing=allow_missing,
        check_images=check_images,
    )


def _targets(root: Path) -> tuple[Path, Path]:
    for home in HOMES:
        for folder in SCORES_FOLDERS:
            if (path := root / home / folder / TARGETS).is_file():
                return root / home, path
    raise FileFormatError(
        f"{root}: has no 'Memorability Scores/{TARGETS}'; give the database's folder"
    )


def _scores(home: Path, table: Path) -> Path:
    for folder in (table.parent, *(home / name for name in SCORES_FOLDERS)):
        for name in SCORES_FILES:
            if (folder / name).is_file():
                return folder / name
    raise FileFormatError(
        f"{table.parent}: has no {' or '.join(reversed(SCORES_FILES))}; save the spreadsheet as CSV"
    )


def _images(home: Path) -> Path:
    """Return the folder of faces: in the database's folder, or beside it where the archives were unpacked apart."""
    places = (home / IMAGES, home / HOMES[1] / IMAGES, home.parent / IMAGES)
    return next((place for place in places if place.is_dir()), places[0])


def _names(table: Path) -> list[str]:
    """Return the file names in the order of their numbers, which must be 1 to N."""
    found: dict[int, str] = {}
    problems = []
    for line, text in read_lines(table):
        label, _, name = (part.strip() for part in re.sub(r"[\t;]", ",", text).partition(","))
        if label.isdecimal() and name:
            if int(label) in found:
                problems.append(f"line {line}: the number {label} stands there twice")
            found[int(label)] = name
        elif line > 1:  # the first line may be a header
            problems.append(f"line {line}: is not NUMBER,NAME, but {text!r}")
    if not problems and sorted(found) != list(range(1, len(found) + 1)):
        problems.append(f"the {len(found)} numbers are not 1 to {len(found)}")
    raise_problems(problems, table)
    return [found[label] for label in sorted(found)]


def _columns(source: Path, count: int) -> Columns:
    """Return the quantities by the names of WORDS, each (count,) float64."""
    with context(str(source)):
        held = _of_mat(source) if source.suffix.lower() == ".mat" else _of_csv(source)
        words = {name: [word for word in WORDS[name] if word in held] for name in WORDS}
        columns = {name: held[given[0]] for name, given in words.items() if given}
        if "hit_rate" not in columns and not {"hits", "misses"} <= columns.keys():
            raise FileFormatError(
                f"holds neither hits and misses nor a hit rate, but {', '.join(sorted(held)) or 'nothing'}"
            )
        for name, column in columns.items():
            if column.shape != (count,):
                raise FileFormatError(
                    f"has {column.size:,} values of {name} for {count:,} target faces"
                )
        return columns


def _of_csv(source: Path) -> Columns:
    records = read_records(source)
    by_word = {_word(column): column for column in (records[0] if records else {})}
    for label in _NUMBER_COLUMNS:
        if label in by_word and all(row[by_word[label]].strip().isdecimal() for row in records):
            records = sorted(records, key=lambda row: int(row[by_word[label]]))
            break
    held: dict[str, Any] = {}
    for word, column in by_word.items():
        try:
            held[word] = np.array([number(row[column]) for row in records])
        except ValueError as error:
            if any(word in words for words in WORDS.values()):
                raise FileFormatError(f"column {column}: {error}") from error
    return held


def _of_mat(source: Path) -> Columns:
    """Return every numeric vector, from the top level or from a struct, which may be one of arrays or an array."""
    from scipy.io import loadmat

    try:
        content = loadmat(source, squeeze_me=True)
    except (ValueError, OSError, NotImplementedError, TypeError) as error:
        raise FileFormatError(f"is not a MATLAB file that can be read ({error})") from error
    held: dict[str, Any] = {}
    for name, value in content.items():
        if name.startswith("__"):
            continue
        fields = value.dtype.names if isinstance(value, np.ndarray) else None
        parts = {field: value[field] for field in fields} if fields else {name: value}
        for part, numbers in parts.items():
            try:
                held[_word(part)] = np.asarray(np.asarray(numbers).tolist(), np.float64).ravel()
            except (
                TypeError,
                ValueError,
            ):  # texts, or matrices of several sizes: not a score for each face
                continue
    return held


def _word(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _item(path: Path, name: str, columns: Columns, at: int) -> Item:
    hits, misses = _count(columns, "hits", at), _count(columns, "misses", at)
    alarms, rejections = (
        _count(columns, "false_alarms", at),
        _count(columns, "correct_rejections", at),
    )
    seen = hits + misses if hits is not None and misses is not None else None
    if seen is None:
        score = number(str(columns["hit_rate"][at]))
    elif seen == 0:
        raise ValueError("has neither hits nor misses")
    else:
        score = (hits or 0) / seen
    return Item(
        path=path,
        score=score,
        name=name,
        hits=hits,
        responses=seen,
        false_alarms=alarms,
        first_showings=alarms + rejections
        if alarms is not None and rejections is not None
        else None,
    )


def _count(columns: Columns, name: str, at: int) -> int | None:
    if name not in columns:
        return None
    value = float(columns[name][at])
    if not value.is_integer() or value < 0:
        raise ValueError(f"{name} is {value}, not a count")
    return int(value)
