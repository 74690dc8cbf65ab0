"""Relative error of every blob, by depth from top to bottom, with the floor of float32 and the limit."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, inf, isfinite, log10
from typing import TYPE_CHECKING

from converter.tolerance import FLOAT32_STEP

from .drawing import Drawing, canvas, finish, label
from .numbers import count, counted, short, ten_to
from .numbers import limit as as_limit
from .palette import BAD, MARKERS, MUTED, PAPER, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..net.blobs import BlobRow

ROWS = 44
"""Names that find room; of a longer net every second, third, ... is named."""
ROW = 12.5
HEAD = 92
DOTS = 300
"""Above this many blobs a line alone is drawn, and dots where a limit is exceeded."""


def depth(rows: Sequence[BlobRow], name: str) -> Drawing:
    """Draw the relative errors of all judges. `rows` holds at least one."""
    places = _places(rows)
    scale = _Scale(rows)
    judges = list(dict.fromkeys(row.judge for row in rows))
    with canvas(HEAD + ROW * min(len(places), ROWS)) as (figure, axes):
        _frame(axes, scale, places, {row.limit for row in rows})
        for colour, marker, judge in zip(SERIES * 9, MARKERS * 9, judges, strict=False):
            own = [row for row in rows if row.judge == judge]
            _judge(axes, scale, places, own, colour, marker)
        if not all(row.passed for row in rows):
            axes.plot([], [], "s", color=BAD, ms=6, label="beyond the limit")
        _own_error(axes, scale, places, rows)
        figure.legend(loc="outside upper left", ncols=2)
        return finish(figure, name, "Relative error of each blob, by depth", _finding(rows))


class _Scale:
    """log10 of an error; 0 stands one decade left of the least, infinity and NaN one right of the greatest."""

    def __init__(self, rows: Sequence[BlobRow]) -> None:
        found = [row.relative for row in rows] + [row.judge_error or 0 for row in rows]
        limits = [row.limit for row in rows if 0 < row.limit < inf]
        finite = [log10(value) for value in found if isfinite(value) and value > 0]
        self.low = floor(min([*finite, log10(FLOAT32_STEP)]))
        self.high = ceil(max([*finite, *map(log10, limits), log10(FLOAT32_STEP)]))
        self.has_zero = any(value == 0 for value in (row.relative for row in rows))
        self.has_infinite = not all(map(isfinite, found))

    @property
    def ends(self) -> tuple[float, float]:
        return self.low - 1.3 * self.has_zero - 0.2, self.high + 1.3 * self.has_infinite + 0.2

    def __call__(self, value: float) -> float:
        if not isfinite(value):
            return self.high + 1
        return log10(value) if value > 0 else self.low - 1

    def ticks(self) -> dict[float, str]:
        step = max(1, ceil((self.high - self.low) / 7))
        ticks: dict[float, str] = {
            power: ten_to(power) for power in range(self.high, self.low - 1, -step)
        }
        ticks |= {self.low - 1: "0"} if self.has_zero else {}
        return ticks | ({self.high + 1: "∞"} if self.has_infinite else {})


def _places(rows: Sequence[BlobRow]) -> dict[str, int]:
    """Return each blob's row, by depth."""
    ordered = sorted(rows, key=lambda row: row.depth)
    return {blob: place for place, blob in enumerate(dict.fromkeys(row.blob for row in ordered))}


def _frame(axes: Axes, scale: _Scale, places: dict[str, int], limits: set[float]) -> None:
    left, right = scale.ends
    axes.set(xlim=(left, right), ylim=(len(places) - 0.4, -0.6), xlabel="relative error, log scale")
    ticks = scale.ticks()
    axes.set_xticks(list(ticks), list(ticks.values()))
    every = ceil(len(places) / ROWS)
    named = [blob for blob, place in places.items() if place % every == 0]
    axes.set_yticks([places[blob] for blob in named], [label(blob) for blob in named], fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.axvspan(
        left, log10(FLOAT32_STEP), color=MUTED, alpha=0.13, lw=0, label="below one float32 step"
    )
    for limit in sorted(limits):
        if 0 < limit < inf:
            axes.axvline(
                log10(limit), color=BAD, lw=1.3, ls=(0, (4, 2)), label=f"limit {as_limit(limit)}"
            )


def _judge(
    axes: Axes, scale: _Scale, places: dict[str, int], rows: list[BlobRow], colour: str, marker: str
) -> None:
    rows = sorted(rows, key=lambda row: row.depth)
    x = [scale(row.relative) for row in rows]
    y = [places[row.blob] for row in rows]
    axes.plot(x, y, color=colour, lw=0.9, alpha=0.55 if len(places) <= DOTS else 0.85)
    said = f"against {label(rows[0].judge)}"
    if len(places) <= DOTS:
        axes.plot(x, y, marker, color=colour, ms=4.6, mec=PAPER, mew=0.5, label=said)
    else:
        axes.plot([], [], color=colour, lw=2, label=said)
    failed = [place for place, row in enumerate(rows) if not row.passed]
    if failed:
        axes.plot(
            [x[place] for place in failed],
            [y[place] for place in failed],
            marker,
            color=BAD,
            ms=6,
            mec=PAPER,
            mew=0.5,
            clip_on=False,
        )


def _own_error(axes: Axes, scale: _Scale, places: dict[str, int], rows: Sequence[BlobRow]) -> None:
    """Rings where a judge itself stands from the float64 truth: no port can be expected to be nearer."""
    known = [row for row in rows if row.judge_error is not None and row.judge != "reference"]
    if known and len(places) <= DOTS:
        axes.plot(
            [scale(row.judge_error or 0) for row in known],
            [places[row.blob] for row in known],
            "o",
            color=MUTED,
            mfc="none",
            ms=6.5,
            mew=0.8,
            label="that judge's own rounding",
        )


def _finding(rows: Sequence[BlobRow]) -> str:
    failed = sorted((row for row in rows if not row.passed), key=lambda row: row.depth)
    if failed:
        first = failed[0]
        return (
            f"{count(len(failed))} of {counted(len(rows), 'comparison')} exceed the limit. The first from the input is "
            f"blob {first.blob} (depth {first.depth}, against {first.judge}): {short(first.relative)}, "
            f"limit {as_limit(first.limit)}."
        )
    worst = max(rows, key=lambda row: row.relative)
    below = sum(row.relative <= FLOAT32_STEP for row in rows)
    return (
        f"All {counted(len(rows), 'comparison')} are within the limit. The largest relative error is "
        f"{short(worst.relative)}, of blob {worst.blob} (depth {worst.depth}, against {worst.judge}); its limit is "
        f"{as_limit(worst.limit)}. No more than one float32 step ({short(FLOAT32_STEP)}): {count(below)} of them."
    )
