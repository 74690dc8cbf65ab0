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


def worst_element(found: Numbers, expected: Numbers) -> str:
    """Say where two arrays of one shape differ most, with both values."""
    gap = np.nan_to_num(np.abs(found.astype(np.float64) - expected), nan=np.inf)
    at = tuple(map(int, np.unravel_index(int(gap.argmax()), gap.shape)))
    share = np.mean(gap > 0)
    return f"worst at {at}: {found[at]!r} for {expected[at]!r}; {share:.1%} of elements differ"
