"""All that is measured of one model on one set, in words and numbers: error, spread, floor, deciles."""

from __future__ import annotations

from collections.abc import Iterator

from ..statistics import Consistency, Correlation, Errors, Gap, Interval, Regression, Summary
from ..statistics.summary import HALF
from .aligned import number, paragraph, table
from .results import Cell, Data

_WIDTH = 14


def findings(cell: Cell, data: Data) -> str:
    """Return a block of lines."""
    head = f"{cell.model} on {data}, {data.n:,} images"
    told = [f"  ! {text}" for text in (cell.seen, *cell.warnings) if text]
    measured = [f"  {label:<{_WIDTH}}{text}" for label, text in _lines(cell.summary, data)]
    tables = [
        *table(list(_quantiles(cell.summary))),
        "",
        *table(list(_deciles(cell.summary.regression))),
    ]
    return "\n".join(
        [
            paragraph(head, 2),
            *(paragraph(text, 4) for text in told),
            *(paragraph(text, 2 + _WIDTH) for text in measured),
            "",
            *(f"  {line}".rstrip() for line in tables),
        ]
    )


def _lines(found: Summary, data: Data) -> Iterator[tuple[str, str]]:
    yield "rank", _rank(found.correlation)
    yield "error", _error(found.errors)
    if found.above_half is not None:
        above = sum(truth > HALF for truth in data.truth)
        yield "above 0.5", f"{_error(found.above_half)}; {above:,} images"
    yield "squared error", _parts(found.regression)
    yield "spread", _spread(found)
    yield "distributions", _distributions(found.gap)
    yield "regression", _regression(found.regression)
    yield (
        "floor",
        f"least score {found.scores.least:.4f}; {found.scores.at_floor:.2%} within 0.001 of it",
    )
    if data.consistency is not None:
        yield "people", _people(data.consistency)


def _parts(found: Regression) -> str:
    return (
        f"bias {found.bias_squared:.5f} + spread {found.spread_error:.5f} + "
        f"residual {found.residual:.5f}"
    )


def _spread(found: Summary) -> str:
    scores, truth = found.scores, found.truth
    return (
        f"mean {number(scores.mean)}, sd {number(scores.sd, 4)}; truth {number(truth.mean)}, {number(truth.sd, 4)}; "
        f"ratio {number(found.gap.sd_ratio)}, where r = {number(found.regression.pearson)} is best"
    )


def _distributions(found: Gap) -> str:
    return (
        f"mean shift {found.mean_shift:+.3f}, IQR ratio {number(found.iqr_ratio)}, KS {number(found.ks)}, "
        f"Wasserstein {number(found.wasserstein, 4)}"
    )


def _regression(found: Regression) -> str:
    return (
        f"scores on truth {number(found.shrinkage_slope)}; truth on scores {number(found.calibration_slope)} x score "
        f"+ {number(found.calibration_intercept)}; concordance {number(found.ccc)}"
    )


def _people(found: Consistency) -> str:
    return (
        f"half against half {number(found.rho)} ± {number(found.sd)} ({found.splits} halves); all against all "
        f"{number(found.spearman_brown)}; perfect scores would reach {number(found.ceiling)}"
    )


def _rank(found: Correlation) -> str:
    if found.rho is None:
        return "undefined"
    intervals = [one for one in (found.bootstrap, found.bonett_wright) if one is not None]
    return f"Spearman's rho {number(found.rho)}" + "".join(
        f"; {_interval(one)}" for one in intervals
    )


def _interval(found: Interval) -> str:
    return f"{found.level:.0%} {number(found.low)} to {number(found.high)} ({found.method})"


def _error(found: Errors) -> str:
    return (
        f"squared {found.mse:.5f}, its root {number(found.rmse, 4)}, absolute {number(found.mae, 4)}; "
        f"a constant {found.mse_of_constant:.5f}, R2 {number(found.r2)}"
    )


def _quantiles(found: Summary) -> Iterator[list[str]]:
    scores, truth = found.scores, found.truth
    yield ["quantile", "scores", "truth"]
    yield ["least", number(scores.least, 4), number(truth.least, 4)]
    for percent, value in scores.quantiles.items():
        yield [f"{percent}%", number(value, 4), number(truth.quantiles[percent], 4)]
    yield ["greatest", number(scores.greatest, 4), number(truth.greatest, 4)]


def _deciles(found: Regression) -> Iterator[list[str]]:
    yield ["truth of", "images", "mean", "score", "absolute error"]
    for one in found.deciles:
        yield [
            f"{number(one.low)} to {number(one.high)}",
            f"{one.n:,}",
            number(one.truth),
            number(one.score),
            number(one.mae, 4),
        ]
