"""LaMem (Khosla et al. 2015): 58,741 images, and five splits into 45,000 for training, 3,741 and 10,000.

`splits/{train,val,test}_{1..5}.txt` have lines `NAME SCORE` without a header; the images are in `images/`. The scores
are hit rates, without false alarms taken off.
"""

from __future__ import annotations

import re
from pathlib import Path

from converter.errors import FileFormatError

from .checks import make_data_set
from .dataset import DataSet, Item
from .text import number, read_lines

FULL = "full"
PARTS = ("train", "val", "test")
_NAME = re.compile(r"(train|val|test)_(\d+)")

Scores = dict[str, float]


def load_lamem(
    root: str | Path,
    split: str = "test_1",
    *,
    images: str | Path | None = None,
    allow_missing: bool = False,
    check_images: bool = True,
) -> DataSet:
    """Return one split (`train_1` … `test_5`), or `full`: every image of any split, by name.

    `root` is the folder with `splits/` and `images/`, or one with the split files themselves; `images` names another
    folder of images. The training, validation and test parts of one number must be disjoint. For `full`, an image
    must have the same score wherever it stands, each number's parts must hold all images, and a `full.txt` beside
    the splits must agree.

    Raises:
        FileFormatError: a split that there is not, a line that cannot be read, scores outside 0 to 1, duplicates,
            overlaps, missing images; all of them at once.
    """
    root = Path(root)
    folder = _splits(root)
    pictures = Path(images) if images is not None else folder.parent / "images"
    if folder == root and images is None:
        pictures = root / "images"
    if split == FULL:
        table, rows, problems = folder, *_union(folder)
        others: dict[str, Scores] = {}
    else:
        table = folder / f"{split}.txt"
        rows, problems = _read(_existing(folder, split))
        others = _other_parts(folder, split)
    items = [Item(path=pictures / name, score=score, name=name) for name, score in rows]
    return make_data_set(
        "LaMem",
        items,
        table,
        folder.parent if folder != root else root,
        split=split,
        others=others,
        problems=problems,
        allow_missing=allow_missing,
        check_images=check_images,
    )


def find_splits(root: str | Path) -> list[str]:
    """Return the names of the splits there are, `full` last."""
    found = [path.stem for path in _splits(Path(root)).glob("*.txt") if _NAME.fullmatch(path.stem)]
    return [*sorted(found), FULL]


def _splits(root: Path) -> Path:
    for folder in (root / "splits", root / "lamem" / "splits", root):
        if any(_NAME.fullmatch(path.stem) for path in folder.glob("*.txt")):
            return folder
    raise FileFormatError(f"{root}: has no splits/train_1.txt and so on; give LaMem's folder")


def _existing(folder: Path, split: str) -> Path:
    path = folder / f"{split}.txt"
    if not _NAME.fullmatch(split) or not path.is_file():
        known = ", ".join(find_splits(folder))
        raise FileFormatError(f"{folder}: has no split {split!r}; it has {known}")
    return path


def _read(path: Path) -> tuple[list[tuple[str, float]], list[str]]:
    rows, problems = [], []
    for line, text in read_lines(path):
        name, _, score = text.rpartition(" ")
        try:
            rows.append((name.strip(), number(score)))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
            continue
        if not name:
            problems.append(f"line {line}: is not NAME SCORE, but {text!r}")
    return rows, problems


def _other_parts(folder: Path, split: str) -> dict[str, Scores]:
    part, _, at = split.partition("_")
    others = {f"{other}_{at}": folder / f"{other}_{at}.txt" for other in PARTS if other != part}
    return {name: dict(_read(path)[0]) for name, path in others.items() if path.is_file()}


def _union(folder: Path) -> tuple[list[tuple[str, float]], list[str]]:
    """Return all names with their scores, and where the files disagree."""
    files: dict[str, Scores] = {}
    problems: list[str] = []
    for split in find_splits(folder)[:-1]:
        rows, said = _read(folder / f"{split}.txt")
        files[split] = dict(rows)
        problems += [f"{split}: {problem}" for problem in said]
        if len(files[split]) != len(rows):
            problems.append(f"{split}: names an image twice")
    scores: Scores = {}
    for split, found in files.items():
        for name, score in found.items():
            if scores.setdefault(name, score) != score:
                problems.append(f"{name}: {score} in {split}, {scores[name]} in another split")
    problems += _incomplete(files, len(scores)) + _against_full(folder / "full.txt", scores)
    return sorted(scores.items()), problems


def _incomplete(files: dict[str, Scores], count: int) -> list[str]:
    """Name the numbers whose parts overlap or leave images out; only where all three parts are there."""
    problems = []
    for at in sorted({split.partition("_")[2] for split in files}):
        parts = [files[f"{part}_{at}"] for part in PARTS if f"{part}_{at}" in files]
        if len(parts) < len(PARTS):
            continue
        held = set().union(*parts)
        if len(held) != count:
            problems.append(f"split {at} holds {len(held):,} images of {count:,}")
        if (shared := sum(map(len, parts)) - len(held)) > 0:
            problems.append(f"split {at} has {shared:,} images in more than one part")
    return problems


def _against_full(path: Path, scores: Scores) -> list[str]:
    if not path.is_file():
        return []
    rows, problems = _read(path)
    stated = dict(rows)
    problems += [f"full.txt: {name}: is in no split" for name in stated.keys() - scores.keys()]
    problems += [f"full.txt: {name}: is left out" for name in scores.keys() - stated.keys()]
    problems += [
        f"full.txt: {name}: {stated[name]}, in the splits {scores[name]}"
        for name in stated.keys() & scores.keys()
        if stated[name] != scores[name]
    ]
    return sorted(problems)
