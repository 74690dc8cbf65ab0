"""Statistics of memorability scores: correlation, error, distribution, comparison of models, human consistency.

    summary = summarize(scores, data.scores)
    summary.correlation.rho, summary.correlation.bootstrap.low, summary.errors.mse

Every function takes one-dimensional sequences in one order of images and raises ValueError where they hold NaN or
infinity, are empty or differ in length. A quantity that is undefined, such as the correlation of a constant, is None.
`dataclasses.asdict` of any result is JSON. `docs/statistics.md` has the definitions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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

_FUNCTIONS = {
    "compare": "paired",
    "consistency": "human",
    "correlate": "correlation",
    "describe": "distribution",
    "over_splits": "splits",
    "spearman": "correlation",
    "summarize": "summary",
}

if not TYPE_CHECKING:  # a type checker shall know the names above alone

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_FUNCTIONS.get(name, 'results')}", __name__), name)
        globals()[name] = value
        return value
