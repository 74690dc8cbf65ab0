"""Spearman's rank correlation with its intervals.

D. G. Bonett and T. A. Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
Psychometrika 65 (2000): the standard error of atanh(rho) is sqrt((1 + rho^2 / 2) / (n - 3)).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from .resampling import LEVEL, percentile_interval, resampled
from .results import Correlation, Interval
from .vectors import Vector, constant, vectors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def spearman(scores: ArrayLike, truth: ArrayLike) -> float | None:
    """Return the correlation of average ranks, -1 to 1; None where either is constant."""
    return rho_of(*vectors(scores=scores, truth=truth))


def rho_of(scores: Vector, truth: Vector) -> float | None:
    """Return `spearman` of vectors that were checked."""
    if constant(scores) or constant(truth):
        return None
    from scipy.stats import spearmanr

    rho = float(spearmanr(scores, truth).statistic)
    return math.copysign(1.0, rho) if abs(rho) > 1 - _ROUNDING else rho


_ROUNDING = 4 * 2.0**-52
"""What rounding leaves between 1 and the correlation of equal ranks; two neighbours changed about are 12 / n^3."""


def correlate(
    scores: ArrayLike, truth: ArrayLike, *, samples: int = 2000, seed: int = 0
) -> Correlation:
    """Return the correlation and its 95% intervals; without `samples` there is no bootstrap."""
    ours, wanted = vectors(scores=scores, truth=truth)
    rho = rho_of(ours, wanted)
    interval = None
    if rho is not None and samples:
        interval = percentile_interval(resampled(wanted, [ours], samples, seed)[:, 0])
    return Correlation(
        n=len(ours),
        rho=rho,
        bootstrap=interval,
        bonett_wright=None if rho is None else bonett_wright(rho, len(ours)),
    )


def bonett_wright(rho: float, n: int, level: float = LEVEL) -> Interval | None:
    """Return the interval by Fisher's z; None for fewer than four images or a correlation of 1, where it has none."""
    if n < 4 or abs(rho) >= 1:
        return None
    reach = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    middle = math.atanh(rho)
    return Interval(
        low=math.tanh(middle - reach),
        high=math.tanh(middle + reach),
        level=level,
        method="Bonett-Wright",
    )
