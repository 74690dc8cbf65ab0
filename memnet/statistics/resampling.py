"""Bootstrap of rank correlations. Images are drawn with replacement, all columns of an image together.

A resample needs no sorting: how often each image was drawn, added up in the order of the original values, gives the
average rank of every value in it. 2,000 resamples of 10,000 images take half a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .results import Interval
from .vectors import Vector

METHOD = "percentile bootstrap"
LEVEL = 0.95


@dataclass(frozen=True)
class _Column:
    """A variable, as the place of each image's value among the sorted distinct values."""

    place: np.ndarray[tuple[int], np.dtype[np.intp]]
    distinct: int

    @classmethod
    def of(cls, values: Vector) -> _Column:
        distinct, place = np.unique(values, return_inverse=True)
        return cls(place, len(distinct))

    def ranks(self, drawn: Vector) -> Vector:
        """Return each image's average rank, less the mean rank, where it was drawn `drawn` times."""
        held = np.bincount(self.place, drawn, self.distinct)
        middle = np.cumsum(held) - (held - 1) / 2
        centred: Vector = (middle - (drawn.sum() + 1) / 2)[self.place]
        return centred


def resampled(truth: Vector, scores: Sequence[Vector], samples: int, seed: int) -> Vector:
    """Return the rank correlation of each of `scores` with `truth` in each resample, (samples, len(scores)).

    All columns of a row are of the same resample. NaN where a resample is constant.
    """
    target, columns = _Column.of(truth), [_Column.of(one) for one in scores]
    generator = np.random.default_rng(seed)
    size = len(truth)
    found = np.empty((samples, len(scores)))
    for row in found:
        drawn = np.bincount(generator.integers(0, size, size), minlength=size).astype(np.float64)
        wanted = target.ranks(drawn)
        for at, column in enumerate(columns):
            row[at] = _correlation(column.ranks(drawn), wanted, drawn)
    return found


def _correlation(first: Vector, second: Vector, weights: Vector) -> float:
    weighted = weights * first
    scale = (weighted @ first) * ((weights * second) @ second)
    return float(weighted @ second / np.sqrt(scale)) if scale > 0 else float("nan")


def percentile_interval(values: Vector, level: float = LEVEL) -> Interval | None:
    """Return the interval between two quantiles of what is defined among `values`; None where nothing is."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(low=float(low), high=float(high), level=level, method=METHOD)
