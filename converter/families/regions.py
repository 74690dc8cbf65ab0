"""What ROIPooling and PSROIPooling share: regions (R, 5) of image, x1, y1, x2, y2, and C's rounding.

Which elements a bin holds is decided in float32 by Caffe, so the reference decides in float32, too.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array
from ..program import Shape

Bins = tuple[tuple[int, int], ...]


def check_regions(shape: Shape) -> None:
    """Refuse a bottom that does not have five numbers for each region."""
    if prod(shape[1:]) != 5:
        raise InvalidNetError(f"takes regions of shape (R, 5), found {shape}")


def round_half_away(x: np.ndarray) -> np.ndarray:
    """Round as C's `round` does: halves away from zero."""
    whole = np.trunc(x)
    rounded: np.ndarray = whole + np.sign(x) * (np.abs(x - whole) >= 0.5)
    return rounded


def pool_regions(
    x: Array,
    regions: Array,
    bins: Callable[[np.ndarray], tuple[Bins, Bins]],
    pool: Callable[[Array, int, int], Array],
) -> Array:
    """Return (R, channels, rows, columns): `pool` of each bin's patch (channels, h, w) and of its row and column.

    `bins` gives [begin, end) of the rows and of the columns of a region, not yet clipped to the plane.
    """
    found = []
    for region in regions.reshape(-1, 5):
        plane = x[int(region[0])]
        rows, columns = bins(region[1:].astype(np.float32))
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                patch = plane[:, _within(row, x.shape[2]), _within(column, x.shape[3])]
                found.append(pool(patch, i, j))
    return np.moveaxis(np.array(found).reshape(-1, len(rows), len(columns), found[0].size), -1, 1)


def _within(span: tuple[int, int], size: int) -> slice:
    begin, end = (min(max(edge, 0), size) for edge in span)
    return slice(begin, max(begin, end))
