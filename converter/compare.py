"""How far two arrays are apart."""

from __future__ import annotations

from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[Any]]


def relative_difference(found: Numbers, expected: Numbers) -> float:
    """Return max|found - expected| / max|expected|; NaN and infinities must stand in the same places, or it is inf."""
    if found.shape != expected.shape:
        return float("inf")
    found, expected = found.astype(np.float64), expected.astype(np.float64)
    finite = np.isfinite(expected)
    if (
        not np.array_equal(found[~finite], expected[~finite], equal_nan=True)
        or not np.isfinite(found[finite]).all()
    ):
        return float("inf")
    worst = np.abs(found[finite] - expected[finite]).max(initial=0.0)
    scale = np.abs(expected[finite]).max(initial=0.0)
    return float(worst / scale) if scale else float(worst)
