"""The port's rounding beside the judge's, both from the float64 truth: which of the two is nearer to it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, floor, isfinite, log, log10
from typing import TYPE_CHECKING

from converter.tolerance import ERROR_RATIO_WORST, FLOAT32_STEP

from .drawing import Drawing, canvas, finish, label
from .numbers import count, counted, short, ten_to
from .palette import BAD, MARKERS, MUTED, PAPER, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..net.blobs import BlobRow

HEIGHT = 320


def known(rows: Sequence[BlobRow]) -> list[BlobRow]:
    """Return the rows that have both errors."""
    return [
        row
        for row in rows
        if row.port_error is not None
        and row.judge_error is not None
        and isfinite(row.port_error)
        and isfinite(row.judge_error)
        and row.judge_error > 0
    ]


def ratio(rows: Sequence[BlobRow], name: str) -> Drawing:
    """Draw the rows of `known`, of which there is at least one; an exact port stands on the lower edge."""
    values = [(row.judge_error or 0.0, row.port_error or 0.0) for row in rows]
    powers = [log10(value) for pair in values for value in pair if value > 0]
    low = min(floor(min(powers)), floor(log10(FLOAT32_STEP)))
    high = max(ceil(max(powers)), low + 2)
    with canvas(HEIGHT) as (figure, axes):
        _frame(axes, low, high)
        judges = list(dict.fromkeys(row.judge for row in rows))
        for colour, marker, judge in zip(SERIES[1:] * 9, MARKERS[1:] * 9, judges, strict=False):
            own = [pair for pair, row in zip(values, rows, strict=True) if row.judge == judge]
            x = [log10(theirs) for theirs, _ in own]
            y = [log10(ours) if ours > 0 else low for _, ours in own]
            axes.plot(x, y, marker, color=colour, ms=5, mec=PAPER, mew=0.5, label=label(judge))
        figure.legend(loc="outside upper left", ncols=2)
        return finish(figure, name, "Rounding of the port and of the judge", _finding(rows))


def _frame(axes: Axes, low: int, high: int) -> None:
    ticks = range(low, high + 1, max(1, ceil((high - low) / 6)))
    axes.set(
        xlim=(low, high),
        ylim=(low, high),
        xlabel="judge's error from float64",
        ylabel="port's error from float64",
    )
    axes.set_xticks(ticks, [ten_to(power) for power in ticks])
    axes.set_yticks(ticks, [ten_to(power) for power in ticks])
    axes.set_box_aspect(0.8)
    axes.grid()
    axes.plot([low, high], [low, high], color=MUTED, lw=1, label="equal")
    worst = log10(ERROR_RATIO_WORST)
    said = f"{ERROR_RATIO_WORST:g} times the judge's"
    axes.plot(
        [low, high], [low + worst, high + worst], color=BAD, lw=1.2, ls=(0, (4, 2)), label=said
    )


def _finding(rows: Sequence[BlobRow]) -> str:
    ratios = [(row.ratio or 0.0, row) for row in rows]
    mean = exp(sum(log(max(value, 1e-9)) for value, _ in ratios) / len(ratios))
    value, worst = max(ratios, key=lambda pair: pair[0])
    nearer = sum(value <= 1 for value, _ in ratios)
    return (
        "Below the line the port is nearer to the float64 truth than the judge: "
        f"{count(nearer)} of {counted(len(rows), 'blob')}. "
        f"Its error is {short(mean)} times the judge's (geometric mean), at most {short(value)} times, at {worst.blob}."
    )
