"""The statistics of several columns of scores, a row for each quantity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ..figures.numbers import NONE, count, fixed, short
from .markup import Child, Markup, tag
from .parts import between
from .table import Cell, Head, Row, table, text

if TYPE_CHECKING:
    from memnet.statistics import Distribution, Summary

    Quantity: TypeAlias = Callable[[Summary], Child]
    Spread: TypeAlias = Callable[[Distribution], Child]

QUANTITIES: tuple[tuple[str, Quantity], ...] = (
    ("Spearman's ρ with the truth", lambda of: fixed(of.correlation.rho)),
    ("  95% interval, percentile bootstrap", lambda of: between(of.correlation.bootstrap)),
    ("  95% interval, Bonett-Wright", lambda of: between(of.correlation.bonett_wright)),
    ("Mean squared error", lambda of: fixed(of.errors.mse, 4)),
    ("  of the best constant", lambda of: fixed(of.errors.mse_of_constant, 4)),
    ("  R² against that constant", lambda of: fixed(of.errors.r2)),
    ("Root mean squared error", lambda of: fixed(of.errors.rmse, 4)),
    ("Mean absolute error", lambda of: fixed(of.errors.mae, 4)),
    (
        "  where the truth is above 0.5",
        lambda of: fixed(of.above_half.mae, 4) if of.above_half else NONE,
    ),
    ("Mean score less mean truth", lambda of: short(of.gap.mean_shift)),
    ("Standard deviation, scores / truth", lambda of: short(of.gap.sd_ratio)),
    ("Interquartile range, scores / truth", lambda of: short(of.gap.iqr_ratio)),
    ("Kolmogorov-Smirnov distance", lambda of: fixed(of.gap.ks)),
    ("Wasserstein distance", lambda of: fixed(of.gap.wasserstein, 4)),
    ("Pearson's r", lambda of: fixed(of.regression.pearson)),
    ("Lin's concordance", lambda of: fixed(of.regression.ccc)),
    ("Slope of score on truth (shrinkage)", lambda of: short(of.regression.shrinkage_slope)),
    ("Slope of truth on score (calibration)", lambda of: short(of.regression.calibration_slope)),
    ("  its intercept", lambda of: short(of.regression.calibration_intercept)),
    ("Squared error: from bias", lambda of: short(of.regression.bias_squared)),
    ("  from the wrong spread", lambda of: short(of.regression.spread_error)),
    ("  that no line removes", lambda of: short(of.regression.residual)),
    (
        "Spread below half of what Pearson's r earns",
        lambda of: "yes" if of.regression.flagged else "no",
    ),
)
SPREADS: tuple[tuple[str, Spread], ...] = (
    ("Images", lambda of: count(of.n)),
    ("Mean", lambda of: fixed(of.mean, 4)),
    ("Standard deviation", lambda of: short(of.sd)),
    ("Interquartile range", lambda of: short(of.iqr)),
    ("Least", lambda of: fixed(of.least, 4)),
    *(
        (
            "Median" if percent == "50" else f"  {percent}% are below",
            lambda of, percent=percent: fixed(of.quantiles.get(percent), 4),
        )
        for percent in ("1", "5", "25", "50", "75", "95", "99")
    ),
    ("Greatest", lambda of: fixed(of.greatest, 4)),
    ("Share within 0.001 of the least", lambda of: fixed(of.at_floor, 4)),
)


def statistics(name: str, summaries: Mapping[str, Summary]) -> Markup:
    """Return what the scores are worth beside the truth."""
    rows = [_row(said, [read(one) for one in summaries.values()]) for said, read in QUANTITIES]
    return table(name, "Scores against the truth", _heads(list(summaries)), rows, sorts=False)


def spreads(name: str, distributions: Mapping[str, Distribution]) -> Markup:
    """Return each distribution by itself."""
    rows = [_row(said, [read(one) for one in distributions.values()]) for said, read in SPREADS]
    return table(name, "Distributions", _heads(list(distributions)), rows, sorts=False)


def _heads(labels: Sequence[str]) -> list[Head]:
    return [Head(text="Quantity"), *(Head(text=label, number=True) for label in labels)]


def _row(said: str, values: Sequence[Child]) -> Row:
    first = tag("span", said.strip(), class_="part") if said.startswith(" ") else said
    return Row(cells=(text(first), *(Cell(shown=value, key="") for value in values)))
