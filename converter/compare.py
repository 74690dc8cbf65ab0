"""How far two arrays are apart."""

from __future__ import annotations

from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[Any]]


def relative_difference(found: Numbers, expected: Numbers) -> float:
    """Return max|found - expected| / max|expected|; NaN and infinities must stand in the same places, or it is inf.

    Where all is 0, the difference itself; the scale is at least float32's least normal number, below which its steps
    are no longer relative.
    """
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
    scale = float(np.abs(expected[finite]).max(initial=0.0))
    return float(worst / reach(scale))


def reach(scale: float) -> float:
    """Return what a difference is divided by, of a blob whose largest value is `scale`."""
    return max(scale, float(np.finfo(np.float32).tiny)) if scale else 1.0
