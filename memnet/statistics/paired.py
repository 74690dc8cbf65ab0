"""Two models on the same images: is one's correlation with the truth greater?

The bootstrap of the difference is the primary answer. The two tests are those of two dependent correlations that share
a variable, applied to ranks: Williams' T2 and Steiger's Z with the pooled correlation, equations 7 and 14 of

J. H. Steiger, "Tests for comparing elements of a correlation matrix", Psychological Bulletin 87 (1980).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .correlation import rho_of
from .resampling import percentile_interval, resampled
from .results import Paired
from .vectors import vectors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def compare(
    ours: ArrayLike, theirs: ArrayLike, truth: ArrayLike, *, samples: int = 2000, seed: int = 0
) -> Paired:
    """Return how much greater the correlation of `ours` is; both models are resampled with the same images."""
    first, second, wanted = vectors(ours=ours, theirs=theirs, truth=truth)
    n = len(wanted)
    a, b, between = rho_of(first, wanted), rho_of(second, wanted), rho_of(first, second)
    if a is None or b is None or between is None:
        return _undefined(n)
    interval = None
    if samples:
        found = resampled(wanted, [first, second], samples, seed)
        interval = percentile_interval(np.asarray(found[:, 0] - found[:, 1]))
    t, z = williams_t(a, b, between, n), steiger_z(a, b, between, n)
    return Paired(
        n=n,
        delta=a - b,
        interval=interval,
        williams_t=t,
        williams_p=None if t is None else _of_t(t, n - 3),
        steiger_z=z,
        steiger_p=None if z is None else math.erfc(abs(z) / math.sqrt(2)),
    )


def _undefined(n: int) -> Paired:
    return Paired(
        n=n,
        delta=None,
        interval=None,
        williams_t=None,
        williams_p=None,
        steiger_z=None,
        steiger_p=None,
    )


def williams_t(a: float, b: float, between: float, n: int) -> float | None:
    """Return T2 of the correlations `a` and `b` with one variable, `between` each other; it has n - 3 degrees.

    None for fewer than four images, and where the correlations leave no variance.
    """
    if n < 4:
        return None
    mean = (a + b) / 2
    determinant = max(0.0, 1 - a**2 - b**2 - between**2 + 2 * a * b * between)
    variance = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - between) ** 3
    if variance <= _ROUNDING:
        return None
    return (a - b) * math.sqrt((n - 1) * (1 + between) / variance)


def steiger_z(a: float, b: float, between: float, n: int) -> float | None:
    """Return the difference of Fisher's z over its standard error; None as for `williams_t`, and for a or b of 1."""
    if n < 4 or abs(a) >= 1 or abs(b) >= 1:
        return None
    pooled = ((a + b) / 2) ** 2
    covariance = between * (1 - 2 * pooled) - pooled * (1 - 2 * pooled - between**2) / 2
    variance = 2 - 2 * covariance / (1 - pooled) ** 2
    if variance <= _ROUNDING:
        return None
    return (math.atanh(a) - math.atanh(b)) * math.sqrt((n - 3) / variance)


_ROUNDING = 1e-12
"""What is left of a variance that is zero, as where both models order the images alike."""


def _of_t(t: float, freedom: int) -> float:
    from scipy.stats import t as student

    return float(2 * student.sf(abs(t), freedom))
