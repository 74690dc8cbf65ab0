"""What the functions of this package return: plain numbers, frozen; `dataclasses.asdict` of each is JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float
    level: float = 0.95
    method: str
    """`percentile bootstrap` or `Bonett-Wright`."""


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Spearman's rank correlation of scores with the truth, and its two intervals."""

    n: int
    rho: float | None
    bootstrap: Interval | None
    bonett_wright: Interval | None


@dataclass(frozen=True, kw_only=True)
class Errors:
    """How far scores are from the truth."""

    mse: float
    rmse: float
    mae: float
    mse_of_constant: float
    """Of the best constant, the mean truth of these images: the variance of the truth."""
    r2: float | None
    """1 - mse / mse_of_constant."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One set of numbers by itself."""

    n: int
    mean: float
    sd: float
    """Divided by n."""
    least: float
    greatest: float
    iqr: float
    quantiles: Mapping[str, float]
    """By percent: "1", "5", "25", "50", "75", "95" and "99"."""
    at_floor: float
    """Share within 0.001 of the least."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The distribution of scores against that of the truth."""

    mean_shift: float
    sd_ratio: float | None
    iqr_ratio: float | None
    ks: float
    """Kolmogorov and Smirnov's largest distance of the two cumulative distributions."""
    wasserstein: float
    """How far, on average, scores must be moved to have the truth's distribution."""


@dataclass(frozen=True, kw_only=True)
class Decile:
    """A tenth of the images by truth; equal truths stay together, so numbers differ where there are ties."""

    low: float
    high: float
    n: int
    truth: float
    score: float
    mae: float


@dataclass(frozen=True, kw_only=True)
class Regression:
    """Scores and truth as a regression, both ways, and what the mean squared error consists of."""

    pearson: float | None
    shrinkage_slope: float | None
    """Of scores on truth, r * sd of scores / sd of truth; below 1 where scores regress to the mean."""
    calibration_slope: float | None
    """Of truth on scores; 1 for a predictor whose scores are the expected truth."""
    calibration_intercept: float | None
    ccc: float | None
    """Lin's concordance."""
    bias_squared: float
    spread_error: float
    """(sd of scores - r * sd of truth) squared."""
    residual: float
    """(1 - r^2) * variance of truth: what no line through these scores removes."""
    flagged: bool
    """Whether scores vary less than half as much as their correlation earns: sd ratio below r / 2."""
    deciles: tuple[Decile, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Everything about one model's scores of one set of images."""

    correlation: Correlation
    errors: Errors
    scores: Distribution
    truth: Distribution
    gap: Gap
    regression: Regression
    above_half: Errors | None
    """Errors over the images whose truth is above 0.5; None where there are none."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two models' correlations with one truth, over the same images; differences are first less second."""

    n: int
    delta: float | None
    interval: Interval | None
    williams_t: float | None
    williams_p: float | None
    steiger_z: float | None
    steiger_p: float | None


@dataclass(frozen=True, kw_only=True)
class Consistency:
    """How well one half of the people predicts the other."""

    splits: int
    rho: float
    """Mean over random halves, as published ones are; not corrected for half the people."""
    sd: float
    spearman_brown: float
    """What `rho` would be with all people on both sides: 2 rho / (1 + rho)."""
    ceiling: float
    """The square root of it: the correlation that a perfect predictor would have with these scores."""


@dataclass(frozen=True, kw_only=True)
class Splits:
    """One correlation over several splits. They share images, so `sd` is no basis for a t-test."""

    values: tuple[float | None, ...]
    mean: float | None
    sd: float | None
    """Divided by n - 1."""
