"""One set of scores as figures need it: its name, numbers and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .palette import INK, MARKERS, SERIES, SOURCES, TRUTH

if TYPE_CHECKING:
    from ..scores.table import ScoreTable


@dataclass(frozen=True, kw_only=True)
class Series:
    """Scores in the order of the images."""

    label: str
    values: Sequence[float]
    colour: str = INK
    dashed: bool = False
    marker: str = "o"
    behind: bool = False
    """Drawn broad and pale, so that a line that lies on it leaves both to be seen."""

    def line(self) -> dict[str, Any]:
        """Return how matplotlib shall draw it as a line."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "ms": 8.5 if self.behind else 4.5,
            "mec": "none",
            "lw": 4.5 if self.behind else 1.3,
            "ls": "--" if self.dashed and not self.behind else "-",
            "alpha": 0.45 if self.behind else 1,
        }


def of_truth(values: Sequence[float]) -> Series:
    """Return the truth."""
    return Series(label="truth", values=values, colour=TRUTH)


def of_columns(table: ScoreTable) -> tuple[Series, ...]:
    """Return a table's columns: port, original and others by colour, ten crops dashed."""
    return tuple(
        Series(
            label=column.label,
            values=column.scores,
            colour=SOURCES.get(column.source, INK),
            dashed=column.crops == "ten",
            marker="D" if column.crops == "ten" else "o",
            behind=column.source == "original",
        )
        for column in table.columns
    )


def of_models(scores: Sequence[tuple[str, Sequence[float]]]) -> tuple[Series, ...]:
    """Return scores of any number of models; colours repeat after four, dashed, and markers after seven."""
    return tuple(
        Series(
            label=name,
            values=values,
            colour=SERIES[place % len(SERIES)],
            dashed=place // len(SERIES) % 2 == 1,
            marker=MARKERS[place % len(MARKERS)],
        )
        for place, (name, values) in enumerate(scores)
    )
