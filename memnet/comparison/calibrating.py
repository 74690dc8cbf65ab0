"""A calibration fitted on what was just scored, for later runs. `memnet.calibration` refuses test images."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np

from converter.errors import FileFormatError

from ..calibration import Fitted, fit, save_calibration
from ..data import DataSet, Item
from .results import Cell, Comparison, Data


def parse_fit(text: str) -> tuple[Fitted, str]:
    """Return kind and path of `linear:FILE` or `quantile:FILE`. Raises FileFormatError."""
    given, _, path = text.partition(":")
    for kind in get_args(Fitted):
        if kind == given and path:
            return kind, path
    raise FileFormatError(f"--save-calibration {text!r} is not linear:FILE or quantile:FILE")


def save_fit(found: Comparison, text: str) -> None:
    """Fit on the only cell of a comparison and write the calibration.

    Raises:
        FileFormatError: several cells, images that are no validation split, or scores that fit nothing.
        OutputError: the file cannot be written.
    """
    kind, path = parse_fit(text)
    if len(found.cells) != 1:
        raise FileFormatError(
            f"--save-calibration fits one model on one split, found {len(found.cells)} cells"
        )
    cell, data = found.cells[0], found.data[0]
    try:
        calibration = fit(kind, np.array(cell.scores), _data_set(cell, data))
    except ValueError as error:
        raise FileFormatError(f"--save-calibration: {error}") from error
    save_calibration(calibration, path)


def _data_set(cell: Cell, data: Data) -> DataSet:
    rows = zip(data.names, data.truth, strict=True)
    items = tuple(Item(path=Path(name), score=score, name=name) for name, score in rows)
    return DataSet(data.name, items, split=cell.split or "", synthetic=data.synthetic)
