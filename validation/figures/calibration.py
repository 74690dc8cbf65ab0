"""Calibration: the mean truth of each tenth by score. A predictor that means what it says lies on the diagonal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from .drawing import Drawing, canvas, finish, label
from .numbers import short
from .palette import MUTED
from .series import Series

if TYPE_CHECKING:
    import numpy as np

    from memnet.statistics import Summary

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

HEIGHT = 290


def calibration(
    series: Sequence[Series], truth: Sequence[float], summaries: Mapping[str, Summary], name: str
) -> Drawing:
    """Draw all columns of one set of images."""
    import numpy as np

    right = np.asarray(truth, np.float64)
    curves = [_tenths(np.asarray(one.values, np.float64), right) for one in series]
    every = np.concatenate([np.concatenate(curve) for curve in curves])
    low, high = float(every.min()), float(every.max())
    margin = (high - low or 1) * 0.06
    with canvas(HEIGHT + 13 * ((len(series) + 1) // 2)) as (figure, axes):
        ends = (low - margin, high + margin)
        axes.set(
            xlim=ends,
            ylim=ends,
            xlabel="mean score of a tenth by score",
            ylabel="mean truth of these images",
        )
        axes.grid()
        axes.plot(ends, ends, color=MUTED, lw=1, ls=(0, (4, 3)), label="calibrated")
        drawn = sorted(zip(series, curves, strict=True), key=lambda pair: not pair[0].behind)
        for one, (x, y) in drawn:
            axes.plot(
                x,
                y,
                label=label(one.label),
                **one.line(),
            )
        figure.legend(loc="outside upper left", ncols=2)
        return finish(figure, name, "Calibration", _finding(series, summaries))


def _tenths(scores: Numbers, truth: Numbers) -> tuple[Numbers, Numbers]:
    import numpy as np

    order = np.argsort(scores, kind="stable")
    groups = [group for group in np.array_split(order, 10) if len(group)]
    return (
        np.array([scores[group].mean() for group in groups]),
        np.array([truth[group].mean() for group in groups]),
    )


def _finding(series: Sequence[Series], summaries: Mapping[str, Summary]) -> str:
    slopes = "; ".join(
        f"{one.label} {short(summaries[one.label].regression.calibration_slope)}" for one in series
    )
    return f"Slope of truth on score, 1 where scores mean what they say: {slopes}."
