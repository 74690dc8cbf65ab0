"""Scores and truth as a regression: slopes both ways, concordance, what the error consists of, and error by decile.

With p the scores, y the truth, s their standard deviations and r Pearson's correlation,

    mse = (mean p - mean y)^2 + (s_p - r s_y)^2 + (1 - r^2) s_y^2.

The best predictor has s_p = r s_y: it varies less than the truth, and so it should. Where scores or truth are constant
the equation holds with r = 0.
"""

from __future__ import annotations

import numpy as np

from .results import Decile, Errors, Regression
from .vectors import Vector, constant

COLLAPSED = 0.5
"""Scores that vary less than this part of r s_y are flagged."""


def errors_of(scores: Vector, truth: Vector) -> Errors:
    """Return the errors; the constant that they are compared with is the mean of this very truth."""
    away = scores - truth
    mse, of_constant = float(np.mean(away**2)), float(truth.var())
    return Errors(
        mse=mse,
        rmse=mse**0.5,
        mae=float(np.abs(away).mean()),
        mse_of_constant=of_constant,
        r2=None if constant(truth) else 1 - mse / of_constant,
    )


def regression_of(scores: Vector, truth: Vector) -> Regression:
    """Return the regression of vectors that were checked."""
    flat, steady = constant(scores), constant(truth)
    ours, theirs = scores.mean(), truth.mean()
    spread = 0.0 if flat else float(scores.std())
    wanted = 0.0 if steady else float(truth.std())
    together = float(np.mean((scores - ours) * (truth - theirs)))
    r = None if flat or steady else min(1.0, max(-1.0, together / (spread * wanted)))
    earned = (r or 0.0) * wanted
    slope = None if flat else together / spread**2
    bias = float((ours - theirs) ** 2)
    whole = spread**2 + wanted**2 + bias
    return Regression(
        pearson=r,
        shrinkage_slope=None if steady else together / wanted**2,
        calibration_slope=slope,
        calibration_intercept=None if slope is None else float(theirs - slope * ours),
        ccc=min(1.0, 2 * together / whole) if whole else None,
        bias_squared=bias,
        spread_error=(spread - earned) ** 2,
        residual=wanted**2 - earned**2,
        flagged=(flat and not steady) or spread < COLLAPSED * earned,
        deciles=deciles_of(scores, truth),
    )


def deciles_of(scores: Vector, truth: Vector) -> tuple[Decile, ...]:
    """Return the tenths by truth, ascending; one in which no image falls, because of ties, is left out."""
    edges = np.quantile(truth, np.arange(1, 10) / 10)
    places = np.searchsorted(edges, truth, side="left")
    groups = [np.flatnonzero(places == place) for place in range(10)]
    return tuple(_decile(scores[group], truth[group]) for group in groups if len(group))


def _decile(scores: Vector, truth: Vector) -> Decile:
    return Decile(
        low=float(truth.min()),
        high=float(truth.max()),
        n=len(truth),
        truth=float(truth.mean()),
        score=float(scores.mean()),
        mae=float(np.abs(scores - truth).mean()),
    )
