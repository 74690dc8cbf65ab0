"""Distributions one below another on one axis, each to its own height: how wide they are is what one should see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .drawing import Drawing, canvas, finish, label
from .numbers import fixed, short
from .palette import GRID, INK, MUTED
from .series import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 48
HEAD = 42
BINS = 48
"""At most; fewer for few images, so that a bar is not one image."""


def distributions(series: Sequence[Series], name: str, quantity: str = "score") -> Drawing:
    """Draw each series' histogram with its median and middle half."""
    import numpy as np

    every = np.concatenate([np.asarray(one.values, np.float64) for one in series])
    low, high = float(every.min()), float(every.max())
    margin = (high - low or 1) * 0.02
    with canvas(HEAD + ROW * len(series)) as (figure, axes):
        axes.set(xlim=(low - margin, high + margin), ylim=(len(series) - 0.75, -1), xlabel=quantity)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        for row, one in enumerate(series):
            _ridge(axes, row, one, margin)
        return finish(figure, name, f"Distribution of each {quantity}", _finding(series))


def _ridge(axes: Axes, row: int, one: Series, margin: float) -> None:
    import numpy as np

    values = np.asarray(one.values, np.float64)
    low, high = float(values.min()), float(values.max())
    middle, reach = (low + high) / 2, max((high - low) / 2, margin / 20)  # a constant is a needle
    bins = min(BINS, max(8, int(2 * len(values) ** 0.5)))
    heights, edges = np.histogram(values, bins, (middle - reach, middle + reach))
    top = row - 0.55 * heights / heights.max()
    axes.axhline(row, color=GRID, lw=0.8)
    axes.fill_between(
        edges,
        np.append(top, top[-1]),
        row,
        step="post",
        color=one.colour,
        alpha=0.32,
        lw=0,
    )
    axes.stairs(top, edges, baseline=row, color=one.colour, lw=1.2)
    quarter, median, rest = np.percentile(values, (25, 50, 75))
    axes.plot([quarter, rest], [row + 0.09] * 2, color=one.colour, lw=2.6, solid_capstyle="butt")
    axes.plot([median], [row + 0.09], "|", color=INK, ms=7, mew=1.4)
    _say(axes, row, one, values.std())


def _say(axes: Axes, row: int, one: Series, sd: float) -> None:
    across = axes.get_yaxis_transform()
    axes.text(
        0, row - 0.64, label(one.label, 34), transform=across, weight="bold", color=one.colour
    )
    axes.text(1, row - 0.64, f"sd {short(sd)}", transform=across, ha="right", color=MUTED)


def _finding(series: Sequence[Series]) -> str:
    import numpy as np

    spreads = [float(np.std(one.values)) for one in series]
    said = "; ".join(
        f"{one.label}: mean {fixed(float(np.mean(one.values)))}, sd {short(sd)}"
        for one, sd in zip(series, spreads, strict=True)
    )
    return f"{said}. The bar is the middle half, the tick the median; heights are each row's own."
