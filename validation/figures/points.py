"""Points of a scatter: dots where they are few, hexagons shaded by number where dots would hide each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

DOTS = 600
FEW = 200
"""Larger dots below this many."""
SHADES = 6


def points(axes: Axes, x: Numbers, y: Numbers, colour: str) -> str:
    """Draw the points into axes whose limits are set; return what one mark stands for."""
    if len(x) <= DOTS:
        axes.plot(x, y, ".", color=colour, ms=8 if len(x) < FEW else 5, mec="none", alpha=0.7)
        return "A dot is an image."
    import numpy as np
    from matplotlib.colors import to_rgb

    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    extent = (left, right, min(bottom, top), max(bottom, top))
    cells = axes.hexbin(x, y, gridsize=38, mincnt=1, extent=extent, linewidths=0)
    counts = np.asarray(cells.get_array(), np.float64)
    share = np.log1p(counts) / np.log1p(counts.max())
    shade = np.ceil(share * SHADES).clip(1) / SHADES
    cells.set_array(None)
    cells.set_facecolor([(*to_rgb(colour), 0.12 + 0.78 * float(one)) for one in shade])
    axes.set(xlim=(left, right), ylim=(bottom, top))
    return f"The more images, the stronger a cell's colour (log scale, up to {int(counts.max())})."
