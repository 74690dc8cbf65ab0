"""`summarize`: all that is said about one model's scores of one set of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .correlation import correlate
from .distribution import distribution_of, gap_of
from .regression import errors_of, regression_of
from .results import Summary
from .vectors import vectors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

HALF = 0.5
"""Few images are forgotten by most people, and errors are published for the others alone as well."""


def summarize(
    scores: ArrayLike, truth: ArrayLike, *, samples: int = 2000, seed: int = 0
) -> Summary:
    """Return the correlation with its intervals, errors, distributions and regression."""
    ours, wanted = vectors(scores=scores, truth=truth)
    above = wanted > HALF
    return Summary(
        correlation=correlate(ours, wanted, samples=samples, seed=seed),
        errors=errors_of(ours, wanted),
        scores=distribution_of(ours),
        truth=distribution_of(wanted),
        gap=gap_of(ours, wanted),
        regression=regression_of(ours, wanted),
        above_half=errors_of(ours[above], wanted[above]) if above.any() else None,
    )
