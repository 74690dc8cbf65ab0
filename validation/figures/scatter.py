"""Scores against the truth, with the line of equality and the mean score of each tenth of the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .drawing import Drawing, canvas, finish, label
from .numbers import fixed, short
from .palette import INK, MUTED, PAPER
from .points import points
from .series import Series

if TYPE_CHECKING:
    from memnet.statistics import Summary

HEIGHT = 320


def scatter(series: Series, truth: Sequence[float], summary: Summary, name: str) -> Drawing:
    """Draw one column of scores against the truth, both on one scale."""
    import numpy as np

    x, y = np.asarray(truth, np.float64), np.asarray(series.values, np.float64)
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    margin = (high - low or 1) * 0.03
    ends = (low - margin, high + margin)
    with canvas(HEIGHT) as (figure, axes):
        axes.set(xlim=ends, ylim=ends, xlabel="truth", ylabel="score")
        axes.set_box_aspect(0.8)
        axes.grid()
        said = points(axes, x, y, series.colour)
        axes.plot(ends, ends, color=MUTED, lw=1, ls=(0, (4, 3)), label="score = truth")
        deciles = summary.regression.deciles
        axes.plot(
            [tenth.truth for tenth in deciles],
            [tenth.score for tenth in deciles],
            "o-",
            color=INK,
            mec=PAPER,
            mew=0.7,
            ms=5,
            lw=1.4,
            label="mean of each tenth by truth",
        )
        figure.legend(loc="outside upper left", ncols=2)
        return finish(
            figure, name, f"{label(series.label, 60)} against truth", _finding(summary, said)
        )


def _finding(summary: Summary, marks: str) -> str:
    found = summary.regression
    return (
        f"Spearman's ρ {fixed(summary.correlation.rho)}; scores rise by {short(found.shrinkage_slope)} for each 1 of "
        f"truth and spread {short(summary.gap.sd_ratio)} times as far. {marks}"
    )
