"""Recorded ResMem scores of three sets of images, with what people who saw them answered; and MemCat's table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from conftest import SHARED

FOLDER = SHARED / "memorability"
HUMAN = FOLDER / "human"
MEMCAT = FOLDER / "memcat_image_data.csv"

Table = dict[str, np.ndarray[Any, np.dtype[Any]]]


def columns(path: Path) -> Table:
    """Return a CSV by column, as text."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def human(number: int) -> Table:
    """Return hits, misses, rates and the column `resmem` of one set, 1 to 3, in one order, all float64."""
    truth, scores = (
        columns(HUMAN / f"set{number}_{kind}.csv") for kind in ("memorability", "resmem")
    )
    place = {name: at for at, name in enumerate(truth.pop("image_name"))}
    order = [place[name] for name in scores["image_name"]]
    found = {name: values.astype(np.float64)[order] for name, values in truth.items()}
    return found | {"resmem": scores["resmem"].astype(np.float64)}
