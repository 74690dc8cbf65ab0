"""LaMem (Khosla et al. 2015): 58,741 images, and five splits into 45,000 for training, 3,741 and 10,000.

`splits/{train,val,test}_{1..5}.txt` have lines `NAME SCORE` without a header; the images are in `images/`. The scores
are hit rates, without false alarms taken off, and each split has its own: an image's five scores come from different
draws of its responses and correlate at 0.84.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from converter.errors import FileFormatError

from .checks import make_data_set, problems_of
from .dataset import DataSet, Item
from .text import number, read_lines

FULL = "full"
PARTS = ("train", "val", "test")
_PART = re.compile(r"(train|val|test)_(\d+)")
_WHOLE = re.compile(r"full_(\d+)")
_ROUNDED = 6e-4  # lists of all images that are passed around have three decimals

Scores = dict[str, float]
Rows = list[tuple[str, float]]
Problems = list[str]


def load_lamem(
    root: str | Path,
    split: str = "test_1",
    *,
    images: str | Path | None = None,
    allow_missing: bool = False,
    check_images: bool = True,
) -> DataSet:
    """Return one part (`train_1` … `test_5`), or all images with one split's scores (`full_1`) or their mean (`full`).

    `root` is the folder with `splits/` and `images/`, or one with the split files themselves; `images` names another
    folder of images. The training, validation and test parts of one split must be disjoint. For `full` every split
    must hold the same images, and a `full.txt` beside the splits the same images and some split's scores.

    Raises:
        FileFormatError: a split that there is not, a line that cannot be read, scores outside 0 to 1, duplicates,
            overlaps, missing images; all of them at once.
    """
    root = Path(root)
    folder = _splits(root)
    home = root if folder == root else folder.parent
    pictures = Path(images) if images is not None else home / "images"
    _check_split(folder, split)
    table, rows, problems = _rows(folder, split)
    return make_data_set(
        "LaMem",
        [Item(path=pictures / name, score=score, name=name) for name, score in rows],
        table,
        home,
        split=split,
        others=_other_parts(folder, split),
        problems=problems,
        allow_missing=allow_missing,
        check_images=check_images,
    )


def find_splits(root: str | Path) -> list[str]:
    """Return what `load_lamem` can load: the parts there are, then each split as a whole, then `full`."""
    found = sorted(
        path.stem for path in _splits(Path(root)).glob("*.txt") if _PART.fullmatch(path.stem)
    )
    numbers = sorted({name.partition("_")[2] for name in found})
    return [*found, *(f"{FULL}_{at}" for at in numbers), FULL]


def _splits(root: Path) -> Path:
    for folder in (root / "splits", root / "lamem" / "splits", root):
        if any(_PART.fullmatch(path.stem) for path in folder.glob("*.txt")):
            return folder
    raise FileFormatError(f"{root}: has no splits/train_1.txt and so on; give LaMem's folder")


def _check_split(folder: Path, split: str) -> None:
    known = find_splits(folder)
    if split not in known:
        raise FileFormatError(f"{folder}: has no split {split!r}; it has {', '.join(known)}")


def _rows(folder: Path, split: str) -> tuple[Path, Rows, Problems]:
    """Return the table to name in errors, its rows, and what cannot be right about it."""
    if split == FULL:
        return folder, *_mean_of_splits(folder)
    if match := _WHOLE.fullmatch(split):
        rows, problems = _whole_split(folder, match[1])
        return folder, sorted(rows), problems
    path = folder / f"{split}.txt"
    return path, *_read(path)


def _read(path: Path) -> tuple[Rows, Problems]:
    rows: Rows = []
    problems: Problems = []
    for line, text in read_lines(path):
        name, _, score = text.rpartition(" ")
        if not name:
            problems.append(f"line {line}: is not NAME SCORE, but {text!r}")
            continue
        try:
            rows.append((name.strip(), number(score)))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    return rows, problems


def _other_parts(folder: Path, split: str) -> Mapping[str, Scores]:
    if not (match := _PART.fullmatch(split)):
        return {}
    others = {f"{part}_{match[2]}" for part in PARTS if part != match[1]} & set(find_splits(folder))
    return {name: dict(_read(folder / f"{name}.txt")[0]) for name in sorted(others)}


def _whole_split(folder: Path, at: str) -> tuple[Rows, Problems]:
    """Return the images of all parts of one split; an image in two parts is there twice, which is told later."""
    rows: Rows = []
    problems: Problems = []
    for part in PARTS:
        path = folder / f"{part}_{at}.txt"
        if not path.is_file():
            problems.append(f"split {at} has no {path.name}")
            continue
        found, said = _read(path)
        rows += found
        problems += [f"{path.name}: {problem}" for problem in said]
    return rows, problems


def _mean_of_splits(folder: Path) -> tuple[Rows, Problems]:
    """Return all images with the mean of their scores, and where the splits disagree about which images there are."""
    wholes: dict[str, Scores] = {}
    problems: Problems = []
    for name in find_splits(folder):
        if not (match := _WHOLE.fullmatch(name)):
            continue
        rows, said = _whole_split(folder, match[1])
        wholes[match[1]] = dict(rows)
        problems += said
        problems += [f"split {match[1]}: {problem}" for problem in problems_of(rows)]
    names = sorted(set().union(*wholes.values()))
    for at, scores in wholes.items():
        problems += [f"{name}: is in no part of split {at}" for name in names if name not in scores]
    problems += _against_full(folder / f"{FULL}.txt", wholes)
    held = [[scores[name] for scores in wholes.values() if name in scores] for name in names]
    return [(name, sum(each) / len(each)) for name, each in zip(names, held, strict=True)], problems


def _against_full(path: Path, wholes: Mapping[str, Scores]) -> Problems:
    """Compare somebody's list of all images with the splits; whose scores it has is not known."""
    if not path.is_file():
        return []
    rows, problems = _read(path)
    stated, names = dict(rows), set().union(*wholes.values())
    problems += [f"{path.name}: {name}: is in no split" for name in sorted(stated.keys() - names)]
    problems += [f"{path.name}: {name}: is left out" for name in sorted(names - stated.keys())]
    for name in sorted(names & stated.keys()):
        scores = [scores[name] for scores in wholes.values() if name in scores]
        if all(
            abs(stated[name] - score) > _ROUNDED for score in (*scores, sum(scores) / len(scores))
        ):
            problems.append(f"{path.name}: {name}: {stated[name]}, in no split")
    return problems
