"""Any CSV with a column of paths and a column of scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from converter.errors import FileFormatError

from .checks import make_data_set
from .dataset import DataSet, Item
from .text import number, read_records

PATHS = ("path", "image", "image_path", "file", "filename", "image_file", "image_name", "name")
SCORES = ("score", "memorability", "memorability_score", "hit_rate", "hr", "truth", "label")


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
    relative to `root`, by default the table's folder. `split` is what the table is used as, such as `val`.

    Raises:
        FileFormatError: no such column, rows that cannot be read, scores outside 0 to 1, duplicates, missing images;
            all rows at once.
    """
    table = Path(table)
    records = read_records(table)
    columns = list(records[0]) if records else []
    paths = _column(table, columns, path_column, PATHS, "path_column")
    scores = _column(table, columns, score_column, SCORES, "score_column")
    folder = Path(root) if root is not None else table.parent
    rows: list[Item] = []
    problems: list[str] = []
    for line, record in enumerate(records, 2):
        name = record[paths].strip()
        try:
            rows.append(Item(path=folder / name, score=number(record[scores]), name=name))
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
        f"{table}: has no column {' or '.join(wanted)}, but {', '.join(columns) or 'no rows'}; name it with {argument}"
    )
