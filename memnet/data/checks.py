"""From the rows of a table to a `DataSet`, or one error that names everything wrong with them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from converter.errors import FileFormatError, context

from .dataset import DataSet, Item

_MOST = 100
"""So many problems are written out; a wrong folder makes every image missing."""

SYNTHETIC = "SYNTHETIC.txt"
"""Generated data sets have this file in their folder."""


def make_data_set(
    name: str,
    rows: Sequence[Item],
    table: Path,
    root: Path,
    *,
    split: str = "",
    others: Mapping[str, Collection[str]] | None = None,
    problems: Iterable[str] = (),
    allow_missing: bool = False,
    check_images: bool = True,
) -> DataSet:
    """Return the data set of a table's rows.

    `others` are the names in the splits that must not share any with this one. `problems` are those that reading the
    table brought up. With `allow_missing` rows without an image are left out and listed; without `check_images` no
    image is looked for.

    Raises:
        FileFormatError: every problem, over scores, names and images.
    """
    named = [(item.name, item.score) for item in rows]
    found = [*problems, *problems_of(named), *_overlaps(rows, others or {})]
    if not rows and not found:
        found = ["holds no images"]
    missing = missing_files([item.path for item in rows]) if check_images else frozenset()
    lost = () if allow_missing else tuple(item for item in rows if item.path in missing)
    found += [f"missing: {item.path}" for item in lost]
    if allow_missing and missing and all(item.path in missing for item in rows):
        found.append(f"none of the images is there, such as {rows[0].path}")
    raise_problems(
        found,
        table,
        "; allow_missing, or --on-error skip, leaves out rows without an image" if lost else "",
    )
    return DataSet(
        name,
        tuple(item for item in rows if item.path not in missing) if missing else tuple(rows),
        split=split,
        missing=tuple(item.path for item in rows if item.path in missing) if missing else (),
        synthetic=(root / SYNTHETIC).is_file(),
    )


def raise_problems(problems: Sequence[str], table: Path, hint: str = "") -> None:
    """Raise one FileFormatError with all problems of a table, if there are any."""
    if not problems:
        return
    shown = "".join(f"\n  {problem}" for problem in problems[:_MOST])
    more = f"\n  … and {len(problems) - _MOST:,} more" if len(problems) > _MOST else ""
    plural = "" if len(problems) == 1 else "s"
    with context(str(table)):
        raise FileFormatError(f"{len(problems):,} problem{plural}{hint}:{shown}{more}")


def missing_files(paths: Iterable[Path]) -> frozenset[Path]:
    """Return the paths at which there is no file; each folder is listed once, which a network disk is grateful for."""
    wanted = set(paths)
    present: dict[Path, frozenset[str]] = {}
    for folder in {path.parent for path in wanted}:
        try:
            with os.scandir(folder) as entries:
                present[folder] = frozenset(entry.name for entry in entries if entry.is_file())
        except OSError:
            present[folder] = frozenset()
    return frozenset(path for path in wanted if path.name not in present[path.parent])


def problems_of(rows: Sequence[tuple[str, float]]) -> list[str]:
    """Return what is wrong with rows of names and scores: scores outside 0 to 1, names that stand there twice."""
    counted = Counter(name for name, _ in rows)
    return [
        *(
            f"{name}: the score {score!r} is outside 0 to 1"
            for name, score in rows
            if not 0 <= score <= 1
        ),
        *(f"{name}: stands there {times} times" for name, times in counted.items() if times > 1),
    ]


def _overlaps(rows: Sequence[Item], others: Mapping[str, Collection[str]]) -> list[str]:
    return [
        f"{item.name}: is in {other} too"
        for other, names in others.items()
        for item in rows
        if item.name in names
    ]
