"""MemCat (Goetschalckx and Wagemans 2019): 10,000 images in five categories, with hits, false alarms and responses.

The table is read by the names of its columns. Without correction the score is hits / responses; with it, (hits - false
alarms) / responses. The images lie in folders by category and subcategory.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from converter.errors import FileFormatError

from .checks import make_data_set
from .dataset import DataSet, Item
from .text import Record, number, read_records, whole

TABLE = "memcat_image_data.csv"
TABLE_FOLDERS = (".", "MemCat_data", "data")
IMAGE_FOLDERS = ("MemCat_images/MemCat", "MemCat_images", "images/MemCat", "images", "MemCat", ".")
COLUMNS = ("image_file", "category", "subcategory")
SCORE = {False: "memorability_wo_fa_correction", True: "memorability_w_fa_correction"}

_ROUNDING = 1e-9  # the table has 15 digits


def load_memcat(
    root: str | Path,
    *,
    corrected: bool = False,
    images: str | Path | None = None,
    allow_missing: bool = False,
    check_images: bool = True,
) -> DataSet:
    """Return all images; `corrected` takes the scores with false alarms taken off.

    `root` is the folder that holds `MemCat_data/` and `MemCat_images/`, or `data/` and `images/`, or the table itself;
    it may be the table's path. `images` names another folder of images, the one with the categories.

    Raises:
        FileFormatError: no table, a column that lacks, a row that cannot be read, a score that is not what its counts
            make, duplicates, missing images; all rows at once.
    """
    table = _table(Path(root))
    home = table.parent if Path(root).is_file() else Path(root)
    records = read_records(table, (*COLUMNS, SCORE[corrected]))
    folder = Path(images) if images is not None else _folder(home, records)
    rows: list[Item] = []
    problems: list[str] = []
    for line, record in enumerate(records, 2):
        try:
            rows.append(_item(record, folder, corrected))
        except ValueError as error:
            problems.append(f"row {line}: {record['image_file'] or 'no name'}: {error}")
    return make_data_set(
        "MemCat, false alarms taken off" if corrected else "MemCat",
        rows,
        table,
        home,
        problems=problems,
        allow_missing=allow_missing,
        check_images=check_images,
    )


def _table(root: Path) -> Path:
    if root.is_file():
        return root
    for folder in TABLE_FOLDERS:
        if (root / folder / TABLE).is_file():
            return root / folder / TABLE
    raise FileFormatError(f"{root}: has no {TABLE}, nor in {' or '.join(TABLE_FOLDERS[1:])}/")


def _folder(root: Path, records: Iterable[Record]) -> Path:
    """Return the first folder that has one of the table's categories in it."""
    categories = {record["category"] for record in records}
    for name in IMAGE_FOLDERS:
        if any((root / name / category).is_dir() for category in categories):
            return root / name
    return root / IMAGE_FOLDERS[0]


def _item(record: Record, folder: Path, corrected: bool) -> Item:
    name, category, subcategory = (record[column].strip() for column in COLUMNS)
    if not name:
        raise ValueError("has no image_file")
    item = Item(
        path=folder / category / subcategory / name,
        score=number(record[SCORE[corrected]]),
        name=name,
        category=f"{category}/{subcategory}",
        hits=whole(record.get("H", "")),
        responses=whole(record.get("n_resp", "")),
        false_alarms=whole(record.get("FA", "")),
    )
    _check_counts(item, corrected)
    return item


def _check_counts(item: Item, corrected: bool) -> None:
    if item.hits is None or not item.responses or item.false_alarms is None:
        return
    expected = (item.hits - corrected * item.false_alarms) / item.responses
    if abs(expected - item.score) > _ROUNDING:
        raise ValueError(f"the score is {item.score}, its counts make {expected:.6f}")
