"""All runs of a sweep over their epochs, in the manner of the published one (coeneedell.com, "MemNet", 2020).

There a Weights & Biases panel shows "Val Rank Corr", one line for each run with a dot at its end; here against epochs,
and with the best run emphasised.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from converter.files.whole import whole

from ..colours import line_of
from .table import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE = "runs.png"
LABELLED = 12
"""More runs than this are not named in the legend, but for the best."""
WIDTH = 150
"""Characters in a line of the legend."""


def draw_runs(rows: Sequence[Row], path: str | Path) -> Path:
    """Write a PNG, SVG or PDF of the runs, the best first, and return its path."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    shown = [row for row in rows if row.curve.best is not None]
    for at, row in reversed(list(enumerate(shown))):  # the best last, so that it lies on top
        _draw(axes, row, at, named=at == 0 or len(shown) <= LABELLED)
    axes.set_title(_title(rows, len(shown)))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    if shown:
        handles, labels = axes.get_legend_handles_labels()
        columns = max(1, WIDTH // max(map(len, labels)))
        named = {"fontsize": 7, "ncols": columns, "frameon": False}
        figure.legend(handles[::-1], labels[::-1], loc="outside upper center", **named)
    path = Path(path)
    with whole(path) as part:
        figure.savefig(part, format=path.suffix[1:])
    return path


def _title(rows: Sequence[Row], shown: int) -> str:
    data = " (SYNTHETIC)" if any(row.synthetic for row in rows) else ""
    none = f"; {len(rows) - shown} of {len(rows)} runs have none" if shown < len(rows) else ""
    return f"Spearman correlation on the validation images{data}{none}"


def _draw(axes: Axes, row: Row, at: int, *, named: bool) -> None:
    best = at == 0
    colour, style = ("black", "-") if best else line_of(at - 1)
    points = [
        (epoch, rho)
        for epoch, rho in zip(row.curve.epochs, row.curve.spearman, strict=True)
        if rho is not None
    ]
    values = ", ".join(
        f"{key.rpartition('.')[2]} {_short(value)}" for key, value in row.values.items()
    )
    axes.plot(
        [epoch for epoch, _ in points],
        [rho for _, rho in points],
        color=colour,
        linestyle=style,
        linewidth=2.2 if best else 0.9,
        label=f"{'best: ' if best else ''}{row.number} ({values})" if named else None,
    )
    axes.plot(*points[-1], "o", color=colour, markersize=5 if best else 3)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
