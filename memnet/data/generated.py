"""`generate`: small stand-ins for the data sets, in their own layouts, from a seed. SYNTHETIC, and labelled so.

For tests, examples and a first training run: real image files whose scores a small net can learn (see
`synthetic_picture` for how well), among them a greyscale JPEG, a CMYK JPEG, an RGBA PNG, a JPEG with an EXIF rotation,
and on request one that is cut short. Every folder gets a SYNTHETIC.txt, by which the loaders mark the data set.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from .checks import SYNTHETIC
from .synthetic_picture import COMMENT, Drawing, draw, plan

if TYPE_CHECKING:
    from PIL.Image import Image

Layout = Literal["lamem", "memcat", "faces", "csv"]
LAYOUTS: tuple[str, ...] = get_args(Layout)
LEAST = 20
"""Fewer pictures would leave a split or a category of these layouts empty."""

GREY, CMYK, ALPHA, ROTATED, TRUNCATED = 1, 2, 3, 4, 5
"""The places of the odd pictures; all others are plain JPEGs."""

_ORIENTATION = 0x0112  # EXIF
_CATEGORIES = ("animal", "food", "landscape", "sports", "vehicle")
_NOTICE = """These pictures and scores are synthetic: drawn and computed by memnet.data.generate from a seed.
No person has seen them; they measure nothing.
"""


@dataclass(frozen=True, kw_only=True)
class Generated:
    """What was written."""

    spec: str
    """For `load_data`, such as `lamem:/tmp/mini`."""
    images: tuple[Path, ...]
    truncated: tuple[Path, ...] = ()
    """Images that cannot be read."""


def generate(
    folder: str | Path,
    layout: Layout = "lamem",
    count: int = 60,
    seed: int = 0,
    *,
    truncated: bool = False,
) -> Generated:
    """Write `count` pictures with scores into `folder`, laid out as `lamem`, `memcat`, `faces` or `csv`.

    LaMem's has its five splits, of which two thirds of the images are for training, two fifteenths for validation and a
    fifth for testing; MemCat's five categories of two; faces' the numbers as .mat. The same arguments give the same
    pictures and scores. With `truncated` one JPEG is cut to a third.

    Raises:
        ValueError: another layout, or fewer than 20 pictures.
        FileExistsError: the folder has something in it.
    """
    if layout not in LAYOUTS or count < LEAST:
        raise ValueError(
            f"generate: layout {layout!r} may be {', '.join(LAYOUTS)}; count {count} at least {LEAST}"
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; give a new folder")
    (folder / SYNTHETIC).write_text(_NOTICE, encoding="utf-8")
    drawings = [plan(index, seed, grey=index == GREY) for index in range(count)]
    names = _write_layout(folder, layout, drawings, seed)
    paths = tuple(folder / name for name in names)
    for index, (path, drawing) in enumerate(zip(paths, drawings, strict=True)):
        path.parent.mkdir(parents=True, exist_ok=True)
        content = _encode(draw(drawing), index)
        path.write_bytes(
            content[: len(content) // 3] if truncated and index == TRUNCATED else content
        )
    table = folder / "scores.csv" if layout == "csv" else folder
    return Generated(
        spec=f"{layout}:{table}", images=paths, truncated=paths[TRUNCATED : TRUNCATED + truncated]
    )


def _encode(picture: Image, index: int) -> bytes:
    """Return the file's bytes; an RGBA PNG keeps whatever name it is given, as in data sets off the web."""
    from PIL import Image

    file = BytesIO()
    if index == ALPHA:
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
        picture.save(file, "PNG")
        return file.getvalue()
    exif = Image.Exif()
    if index == ROTATED:
        exif[_ORIENTATION] = 6
    mode = {GREY: "L", CMYK: "CMYK"}.get(index, "RGB")
    picture.convert(mode).save(file, "JPEG", quality=92, exif=exif, comment=COMMENT)
    return file.getvalue()


def _write_layout(
    folder: Path, layout: Layout, drawings: Sequence[Drawing], seed: int
) -> list[str]:
    """Write the tables; return where the images belong, relative to the folder."""
    if layout == "lamem":
        return _lamem(folder, drawings, seed)
    if layout == "memcat":
        return _memcat(folder, drawings, seed)
    if layout == "faces":
        return _faces(folder, drawings, seed)
    names = [
        f"images/{index:04d}.{'png' if index == ALPHA else 'jpg'}" for index in range(len(drawings))
    ]
    scores = [f"{drawing.score:.6f}" for drawing in drawings]
    _write_csv(folder / "scores.csv", ("path", "score"), list(zip(names, scores, strict=True)))
    return names


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def _lamem(folder: Path, drawings: Sequence[Drawing], seed: int) -> list[str]:
    names = [f"{index + 1:08d}.jpg" for index in range(len(drawings))]
    lines = [f"{name} {each.score:.6f}\n" for name, each in zip(names, drawings, strict=True)]
    test, val = round(len(lines) / 5), round(len(lines) * 2 / 15)
    (folder / "splits").mkdir()
    for split in range(1, 6):
        order = np.random.default_rng([seed, split, 2]).permutation(len(lines))
        parts = {
            "test": order[:test],
            "val": order[test : test + val],
            "train": order[test + val :],
        }
        for part, chosen in parts.items():
            text = "".join(lines[at] for at in chosen)
            (folder / "splits" / f"{part}_{split}.txt").write_text(text, encoding="utf-8")
    return [f"images/{name}" for name in names]


def _memcat(folder: Path, drawings: Sequence[Drawing], seed: int) -> list[str]:
    """Scores are quotients of counts here, so the noise of some 100 responses comes on top."""
    from .memcat import COLUMNS, SCORE, TABLE

    header = ("", *COLUMNS, "H", "FA", "n_resp", *SCORE.values())
    rows, names = [], []
    for at, drawing in enumerate(drawings):
        category = _CATEGORIES[at % len(_CATEGORIES)]
        sub, name = f"{category}_{at // len(_CATEGORIES) % 2 + 1}", f"{at:06d}.jpg"
        hits, alarms, seen = _counts(drawing, seed)
        scores = (hits / seen, (hits - alarms) / seen)
        rows.append((at + 1, name, category, sub, hits, alarms, seen, *scores))
        names.append(f"MemCat_images/MemCat/{category}/{sub}/{name}")
    (folder / "MemCat_data").mkdir()
    _write_csv(folder / "MemCat_data" / TABLE, header, rows)
    return names


def _faces(folder: Path, drawings: Sequence[Drawing], seed: int) -> list[str]:
    from scipy.io import savemat

    from .faces import IMAGES, SCORES_FILES, SCORES_FOLDERS, TARGETS

    home = folder / SCORES_FOLDERS[0]
    home.mkdir()
    names = [f"Synthetic_Face_{at:04d}_oval.jpg" for at in range(len(drawings))]
    lines = [f"{at},{name}\r\n" for at, name in enumerate(names, 1)]  # as saved on Windows
    (home / TARGETS).write_bytes("".join(lines).encode())
    hits, alarms, seen = np.array([_counts(drawing, seed) for drawing in drawings], float).T
    scores = {"hits": hits, "misses": seen - hits, "falseAlarms": alarms, "HR": hits / seen}
    savemat(home / SCORES_FILES[1], scores | {"correctRejections": seen - alarms})
    return [f"{IMAGES}/{name}" for name in names]


def _counts(drawing: Drawing, seed: int) -> tuple[int, int, int]:
    """Return hits, false alarms and responses; a better remembered picture has fewer false alarms."""
    generator = np.random.default_rng([*drawing.seed, seed, 3])
    seen = int(generator.integers(80, 121))
    return (
        round(drawing.score * seen),
        int(generator.binomial(seen, 0.2 * (1.05 - drawing.score))),
        seen,
    )
