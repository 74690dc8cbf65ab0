"""One distribution described, and two compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .results import Distribution, Gap
from .vectors import Vector, constant, vectors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PERCENT = (1, 5, 25, 50, 75, 95, 99)
FLOOR = 1e-3
"""What is this close to the least score counts as at the floor."""


def describe(scores: ArrayLike) -> Distribution:
    """Return the distribution of numbers."""
    return distribution_of(*vectors(scores=scores))


def distribution_of(values: Vector) -> Distribution:
    """Return `describe` of a vector that was checked."""
    found = np.quantile(values, np.array(PERCENT) / 100)
    quantiles = {str(percent): float(value) for percent, value in zip(PERCENT, found, strict=True)}
    least = float(values.min())
    return Distribution(
        n=len(values),
        mean=float(values.mean()),
        sd=0.0 if constant(values) else float(values.std()),
        least=least,
        greatest=float(values.max()),
        iqr=quantiles["75"] - quantiles["25"],
        quantiles=quantiles,
        at_floor=float(np.mean(values <= least + FLOOR)),
    )


def gap_of(scores: Vector, truth: Vector) -> Gap:
    """Return how the two distributions differ, whichever score goes with which truth."""
    from scipy.stats import wasserstein_distance

    ours, wanted = distribution_of(scores), distribution_of(truth)
    return Gap(
        mean_shift=ours.mean - wanted.mean,
        sd_ratio=ours.sd / wanted.sd if wanted.greatest > wanted.least else None,
        iqr_ratio=ours.iqr / wanted.iqr if wanted.iqr else None,
        ks=_farthest(scores, truth),
        wasserstein=float(wasserstein_distance(scores, truth)),
    )


def _farthest(first: Vector, second: Vector) -> float:
    """Return the statistic of `scipy.stats.ks_2samp`, without its p, which warns where images are few."""
    everywhere = np.concatenate([first, second])
    below = [
        np.searchsorted(np.sort(one), everywhere, "right") / len(one) for one in (first, second)
    ]
    return float(np.abs(below[0] - below[1]).max())
