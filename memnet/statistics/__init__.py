"""Statistics of memorability scores: correlation, error, distribution, comparison of models, human consistency.

    summary = summarize(scores, data.scores)
    summary.correlation.rho, summary.correlation.bootstrap.low, summary.errors.mse

Every function takes one-dimensional sequences in one order of images and raises ValueError where they hold NaN or
infinity, are empty or differ in length. A quantity that is undefined, such as the correlation of a constant, is None.
`dataclasses.asdict` of any result is JSON. `docs/statistics.md` has the definitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.lazy import names_from

if TYPE_CHECKING:
    from .correlation import correlate, spearman
    from .distribution import describe
    from .human import consistency
    from .paired import compare
    from .results import (
        Consistency,
        Correlation,
        Decile,
        Distribution,
        Errors,
        Gap,
        Interval,
        Paired,
        Regression,
        Splits,
        Summary,
    )
    from .splits import over_splits
    from .summary import summarize

__all__ = [
    "Consistency",
    "Correlation",
    "Decile",
    "Distribution",
    "Errors",
    "Gap",
    "Interval",
    "Paired",
    "Regression",
    "Splits",
    "Summary",
    "compare",
    "consistency",
    "correlate",
    "describe",
    "over_splits",
    "spearman",
    "summarize",
]

_HOMES = dict.fromkeys(__all__, "results") | {
    "compare": "paired",
    "consistency": "human",
    "correlate": "correlation",
    "describe": "distribution",
    "over_splits": "splits",
    "spearman": "correlation",
    "summarize": "summary",
}

if not TYPE_CHECKING:  # a type checker shall know the names above alone
    __getattr__ = names_from(__name__, _HOMES)
