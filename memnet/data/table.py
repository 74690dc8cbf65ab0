"""Any CSV with a column of paths and a column of scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from converter.errors import FileFormatError

from .checks import make_data_set
from .dataset import DataSet, Item
from .text import Record, number, read_records, whole

PATHS = ("path", "image", "image_path", "file", "filename", "image_file", "image_name", "name")
SCORES = (
    "score",
    "memorability",
    "memorability_score",
    "hit_rate",
    "hr",
    "truth",
    "label",
    "target_hr",
)
HITS, MISSES, RESPONSES = ("hits", "target_hit"), ("misses", "target_miss"), ("responses", "n_resp")
"""Counts, where a table has them."""


def load_csv(
    table: str | Path,
    *,
    path_column: str | None = None,
    score_column: str | None = None,
    root: str | Path | None = None,
    split: str = "",
    allow_missing: bool = False,
    check_images: bool = True,
) -> DataSet:
    """Return the rows of a CSV with a header; comma, semicolon or tab, whichever its header has.

    Without `path_column` and `score_column` the first of PATHS and of SCORES is taken, whatever its case. Paths are
    relative to `root`, by default the table's folder. Columns of hits, and of responses or misses, are read where there
    are some. `split` is what the table is used as, such as `val`.

    Raises:
        FileFormatError: no such column, rows that cannot be read, scores outside 0 to 1, duplicates, missing images;
            all rows at once.
    """
    table = Path(table)
    records = read_records(table)
    if not records:
        raise FileFormatError(f"{table}: has no rows below the column names")
    columns = list(records[0])
    paths = _column(table, columns, path_column, PATHS, "path_column")
    scores = _column(table, columns, score_column, SCORES, "score_column")
    folder = Path(root) if root is not None else table.parent
    rows: list[Item] = []
    problems: list[str] = []
    for line, record in enumerate(records, 2):
        name = record[paths].strip()
        if not name:
            problems.append(f"row {line}: has no path")
            continue
        try:
            hits, responses = _counts(record)
            rows.append(
                Item(
                    path=folder / name,
                    score=number(record[scores]),
                    name=name,
                    hits=hits,
                    responses=responses,
                )
            )
        except ValueError as error:
            problems.append(f"row {line}: {name}: {error}")
    return make_data_set(
        table.stem,
        rows,
        table,
        table.parent,
        split=split,
        problems=problems,
        allow_missing=allow_missing,
        check_images=check_images,
    )


def _counts(record: Record) -> tuple[int | None, int | None]:
    """Return hits and responses of a row, whose table may have misses for these; None where it lacks them."""
    by_name = {column.lower(): column for column in reversed(record)}

    def count(usual: Sequence[str]) -> int | None:
        column = next((by_name[name] for name in usual if name in by_name), None)
        return whole(record[column]) if column is not None else None

    hits, misses, responses = count(HITS), count(MISSES), count(RESPONSES)
    if responses is None and hits is not None and misses is not None:
        responses = hits + misses
    return hits, responses


def _column(
    table: Path, columns: Sequence[str], given: str | None, usual: Sequence[str], argument: str
) -> str:
    by_name = {column.lower(): column for column in reversed(columns)}
    wanted = usual if given is None else (given,)
    for name in wanted:
        if name in columns:
            return name
        if given is None and name in by_name:
            return by_name[name]
    raise FileFormatError(
        f"{table}: has no column {' or '.join(wanted)}, but {', '.join(columns)}; name it with {argument}"
    )
