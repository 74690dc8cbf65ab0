"""Mean absolute error of each tenth of the images by truth: where the scores are wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .drawing import Drawing, canvas, finish, label
from .numbers import fixed
from .series import Series

if TYPE_CHECKING:
    from memnet.statistics import Summary

HEIGHT = 225


def deciles(series: Sequence[Series], summaries: Mapping[str, Summary], name: str) -> Drawing:
    """Draw a line for each series; each has a summary by its label."""
    with canvas(HEIGHT + 13 * ((len(series) + 1) // 2)) as (figure, axes):
        axes.set(xlabel="mean truth of a tenth of the images", ylabel="mean absolute error")
        axes.grid()
        for one in sorted(series, key=lambda one: not one.behind):
            tenths = summaries[one.label].regression.deciles
            axes.plot(
                [tenth.truth for tenth in tenths],
                [tenth.mae for tenth in tenths],
                label=label(one.label),
                **one.line(),
            )
        axes.set_ylim(bottom=0)
        figure.legend(loc="outside upper left", ncols=2)
        return finish(figure, name, "Error by tenth of the truth", _finding(series, summaries))


def _finding(series: Sequence[Series], summaries: Mapping[str, Summary]) -> str:
    return " ".join(_said(one.label, summaries[one.label]) for one in series)


def _said(name: str, summary: Summary) -> str:
    worst = max(summary.regression.deciles, key=lambda tenth: tenth.mae)
    return (
        f"{name}: largest where the truth is {fixed(worst.low)} to {fixed(worst.high)} "
        f"(mean error {fixed(worst.mae)})."
    )
