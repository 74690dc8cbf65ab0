"""What models are tested on: data sets, LaMem once for each split that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.errors import FileFormatError

from ..data import DataSet, Item, load_csv, load_data
from ..data.checks import make_data_set
from ..data.lamem import find_splits
from ..data.text import Record, number, read_records, whole
from .specs import CSV, distinct, split_columns, split_label

ALL = "all"
LAMEM = "lamem:"
KEYS = ("name", "score", "hits", "misses", "responses")
NAMES = ("image_name", "image_file", "image", "path", "name", "file", "filename")


@dataclass(frozen=True, kw_only=True)
class TestSet:
    """Images with truth, and what to call them."""

    __test__ = False  # pytest collects what begins with Test

    name: str
    data: DataSet

    def __str__(self) -> str:
        return f"{self.name} {self.data.split}".rstrip() + (
            " (SYNTHETIC)" if self.data.synthetic else ""
        )


def load_sets(
    specs: Sequence[str],
    splits: Sequence[str] = (),
    *,
    allow_missing: bool = False,
    check_images: bool = True,
) -> list[TestSet]:
    """Return the sets of `[NAME=]KIND:PATH`, in order; `splits` are LaMem's, where `all` stands for its test splits.

    A CSV's columns may follow its path: `csv:FILE#score`, or `csv:FILE#hits=HITS,misses=MISSES`, which gives hit rates
    and human consistency.

    Raises:
        FileFormatError: what the loaders find wrong, splits where nothing has any, or two sets of one name.
    """
    if splits and not any(split_label(spec)[1].startswith(LAMEM) for spec in specs):
        raise FileFormatError(f"--split {','.join(splits)}: none of the data has splits")
    found: list[TestSet] = []
    for spec in specs:
        label, what = split_label(spec)
        held = _load(what, splits, allow_missing, check_images)
        found += [TestSet(name=label or data.name, data=data) for data in held]
    distinct((f"{one.name} {one.data.split}".rstrip() for one in found), "data sets")
    return found


def _load(what: str, splits: Sequence[str], allow_missing: bool, check: bool) -> list[DataSet]:
    if what.startswith(LAMEM):
        chosen = _splits(what.removeprefix(LAMEM), splits)
        return [
            load_data(what, split, allow_missing=allow_missing, check_images=check)
            for split in chosen
        ]
    if not what.startswith(CSV):
        return [load_data(what, allow_missing=allow_missing, check_images=check)]
    path, columns = split_columns(what.removeprefix(CSV), "score", KEYS)
    if "hits" in columns:
        return [_counted(Path(path), columns, allow_missing, check)]
    return [
        load_csv(
            path,
            path_column=columns.get("name"),
            score_column=columns.get("score"),
            allow_missing=allow_missing,
            check_images=check,
        )
    ]


def _splits(root: str, splits: Sequence[str]) -> list[str]:
    found: list[str] = []
    for split in splits or ("test_1",):
        wanted = find_splits(root) if split == ALL else [split]
        found += [one for one in wanted if split != ALL or one.startswith("test_")]
    return list(dict.fromkeys(found))


def _counted(table: Path, columns: Mapping[str, str], allow_missing: bool, check: bool) -> DataSet:
    """Return a CSV of counts; the score is hits / responses unless a column has it."""
    if not columns.keys() & {"misses", "responses"}:
        raise FileFormatError(
            f"{table}: hits={columns['hits']} needs misses=COLUMN or responses=COLUMN"
        )
    records = read_records(table, columns.values())
    held = records[0] if records else {}
    name = columns.get("name") or next((one for one in NAMES if one in held), None)
    if name is None:
        raise FileFormatError(f"{table}: has no column of names, but {', '.join(held)}; give name=")
    rows: list[Item] = []
    problems: list[str] = []
    for line, record in enumerate(records, 2):
        try:
            rows.append(_item(record, record[name].strip(), table.parent, columns))
        except (ValueError, ZeroDivisionError) as error:
            problems.append(f"row {line}: {record[name]}: {error}")
    return make_data_set(
        table.stem,
        rows,
        table,
        table.parent,
        problems=problems,
        allow_missing=allow_missing,
        check_images=check,
    )


def _item(record: Record, name: str, folder: Path, columns: Mapping[str, str]) -> Item:
    hits, other = (
        whole(record[columns[key]])
        for key in ("hits", "responses" if "responses" in columns else "misses")
    )
    if hits is None or other is None:
        raise ValueError("a count is missing")
    responses = other if "responses" in columns else hits + other
    score = number(record[columns["score"]]) if "score" in columns else hits / responses
    return Item(path=folder / name, score=score, name=name, hits=hits, responses=responses)
