"""Bland and Altman's plot of a port against the original: difference by mean, with bias and limits of agreement."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, Any, TypeAlias

from .drawing import Drawing, canvas, finish, label
from .numbers import short, ten_to
from .palette import INK, MUTED
from .points import points
from .series import Series

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

HEIGHT = 270
PLAIN = (-2, 3)
"""Powers of ten that an axis has without a factor."""


def bland_altman(port: Series, original: Series, name: str) -> Drawing:
    """Draw port - original of each image against the mean of the two."""
    import numpy as np

    ours, theirs = np.asarray(port.values, np.float64), np.asarray(original.values, np.float64)
    gap, middle = ours - theirs, (ours + theirs) / 2
    largest = float(np.abs(gap).max())
    power = floor(log10(largest)) if largest else 0
    power = 0 if PLAIN[0] <= power <= PLAIN[1] else power
    scale = 10.0**power
    with canvas(HEIGHT) as (figure, axes):
        _frame(axes, middle, gap / scale, power)
        said = points(axes, middle, gap / scale, port.colour)
        _lines(axes, gap, scale)
        figure.legend(loc="outside upper left", ncols=2)
        title = f"{label(port.label, 40)} less {label(original.label, 40)}"
        return finish(figure, name, title, _finding(gap, theirs, said))


def _frame(axes: Axes, x: Numbers, y: Numbers, power: int) -> None:
    lines = abs(float(y.mean())) + 1.96 * float(y.std())
    reach = 1.12 * max(float(abs(y).max()), lines) or 1.0
    margin = (float(x.max() - x.min()) or 1) * 0.03
    times = f", ×{ten_to(power)}" if power else ""
    axes.set(
        xlim=(x.min() - margin, x.max() + margin),
        ylim=(-reach, reach),
        xlabel="mean of port and original",
        ylabel=f"port − original{times}",
    )
    axes.locator_params(nbins=6)
    axes.grid()


def _lines(axes: Axes, gap: Numbers, scale: float) -> None:
    bias, sd = float(gap.mean()), float(gap.std())
    axes.axhline(bias / scale, color=INK, lw=1.3, label=f"mean {short(bias, 2)}")
    for side in (-1, 1):
        axes.axhline(
            (bias + side * 1.96 * sd) / scale,
            color=MUTED,
            lw=1.2,
            ls=(0, (4, 3)),
            label=f"± 1.96 sd: {short(1.96 * sd, 2)}" if side > 0 else None,
        )


def _finding(gap: Numbers, theirs: Numbers, marks: str) -> str:
    largest, spread = float(abs(gap).max()), float(theirs.std())
    if not largest:
        return "Every score of the port is the original's, bit for bit."
    share = f" ({short(largest / spread, 2)} of the original's sd)" if spread else ""
    return f"Mean difference {short(float(gap.mean()), 2)}, the largest {short(largest, 2)}{share}. {marks}"
