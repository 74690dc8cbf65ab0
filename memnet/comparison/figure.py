"""One picture of a comparison: for each data set the distributions, the error by decile, and the correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import OutputError

from ..colours import line_of
from ..runs.outputs import replacing
from .cross_table import PERHAPS, SEEN, groups, mark
from .results import Cell, Comparison, Data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
STYLE: Mapping[str, object] = {
    "svg.hashsalt": "comparison",
    "text.parse_math": False,
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
_BINS = 60
_TRUTH = "#444444"
_SEEN = {SEEN: " (seen)", PERHAPS: " (perhaps seen)", " ": ""}
_MARKERS = "oDs^vPX"
"""Beside the colours, for who does not see them."""
_SIZE = (12.0, 3.2)
"""Inches of a row of three."""


def check_figure(path: str) -> None:
    """Refuse, before anything is computed, what cannot be drawn. Raises OutputError."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise OutputError(f"{path}: a figure is {', '.join(SUFFIXES)}; choose one by the suffix")


def write_figure(found: Comparison, path: str) -> None:
    """Draw a row for each data set, LaMem's splits as the first of them. Raises OutputError."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = [group[0] for group in groups(found)]
    out = Path(path)
    with rc_context(dict(STYLE)):  # type: ignore[arg-type]
        figure = Figure(figsize=(_SIZE[0], _SIZE[1] * len(rows)), layout="constrained")
        for axes, data in zip(figure.subplots(len(rows), 3, squeeze=False), rows, strict=True):
            _draw(axes, data, _cells(found, data))
        with replacing(out) as temporary:
            _save(figure, temporary, out.suffix.lower().removeprefix("."))


def _cells(found: Comparison, data: Data) -> list[Cell]:
    return [cell for model in found.models for cell in found.cells_of(model, [data])]


def _save(figure: Figure, path: Path, kind: str) -> None:
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    figure.savefig(path, format=kind, dpi=150, metadata=undated)


def _draw(axes: Sequence[Axes], data: Data, cells: Sequence[Cell]) -> None:
    title = f"{data}, {data.n:,} images" + (" (SYNTHETIC)" if data.synthetic else "")
    axes[0].set_title(title, loc="left")
    _distributions(axes[0], data, cells)
    _deciles(axes[1], cells)
    _correlations(axes[2], data, cells)


def _distributions(axes: Axes, data: Data, cells: Sequence[Cell]) -> None:
    low = min(0.0, *(cell.summary.scores.least for cell in cells))
    high = max(1.0, *(cell.summary.scores.greatest for cell in cells))
    shown = [("truth", (_TRUTH, "-"), data.truth)]
    shown += [(cell.model, line_of(at), cell.scores) for at, cell in enumerate(cells)]
    weights = [1 / data.n] * data.n
    for label, (colour, style), values in shown:
        axes.hist(
            values,
            _BINS,
            range=(low, high),
            weights=weights,
            histtype="step",
            color=colour,
            ls=style,
            label=label,
        )
    axes.set(xlabel="score", ylabel="share of images")
    axes.legend(fontsize=7)


def _deciles(axes: Axes, cells: Sequence[Cell]) -> None:
    for at, cell in enumerate(cells):
        deciles = cell.summary.regression.deciles
        truths, errors = [one.truth for one in deciles], [one.mae for one in deciles]
        colour, style = line_of(at)
        axes.plot(truths, errors, marker=_MARKERS[at % len(_MARKERS)], ms=3, ls=style, color=colour)
    axes.set(xlabel="truth, by decile", ylabel="mean absolute error")
    axes.set_ylim(bottom=0)


def _correlations(axes: Axes, data: Data, cells: Sequence[Cell]) -> None:
    for at, cell in enumerate(cells):
        found = cell.summary.correlation
        if found.rho is None:
            continue
        colour, _ = line_of(at)
        axes.plot(found.rho, at, marker=_MARKERS[at % len(_MARKERS)], color=colour)
        if found.bootstrap is not None:
            axes.hlines(at, found.bootstrap.low, found.bootstrap.high, color=colour)
    if data.consistency is not None:
        axes.axvline(data.consistency.rho, color=_TRUTH, ls=":", label="people, half against half")
        axes.legend(fontsize=7)
    names = [f"{cell.model}{_SEEN[mark([cell])]}" for cell in cells]
    axes.set_yticks(range(len(cells)), names)
    axes.set_ylim(len(cells) - 0.5, -0.5)
    axes.set_xlabel("Spearman's rho, 95% interval")
