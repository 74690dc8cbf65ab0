"""One table of scores: figures, statistics, port against original, what is published, the worst images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..figures.bland_altman import bland_altman
from ..figures.calibration import calibration
from ..figures.deciles import deciles
from ..figures.distributions import distributions
from ..figures.drawing import Drawing
from ..figures.numbers import counted
from ..figures.scatter import scatter
from ..figures.series import Series, of_columns, of_truth
from .markup import Markup, tag
from .parts import badge, figures, section
from .published import Measured, published
from .score_tables import over_splits, pairs, people
from .statistics_table import spreads, statistics
from .thumbs import worst

if TYPE_CHECKING:
    from memnet.statistics import Distribution

    from ..scores.table import ScoreTable

FEW = 20
"""Images below which nothing is drawn against the truth: tenths of them would be single images."""


def scores(found: ScoreTable, name: str) -> Markup:
    """Return the section of one table; `name` is unique on the page."""
    return section(
        name,
        f"Scores: {found.data}",
        badge("SYNTHETIC DATA") if found.synthetic else None,
        tag("p", _what(found)),
        figures(*_drawings(found, name)),
        pairs(found, f"{name}-pairs"),
        statistics(f"{name}-statistics", found.summaries) if found.summaries else None,
        spreads(f"{name}-spreads", _with_truth(found)),
        over_splits(f"{name}-splits", found),
        people(found.consistency),
        published(f"{name}-published", found.published, _measured(found)),
        worst(found),
    )


def _what(found: ScoreTable) -> str:
    truth = "with truth" if found.truth is not None else "no truth known: no correlation, no error"
    if found.truth is not None and len(found.names) < FEW:
        truth += f"; fewer than {FEW} images are not drawn against it"
    return f"{counted(len(found.names), 'image')}, {counted(len(found.columns), 'column')} of scores, {truth}."


def _drawings(found: ScoreTable, name: str) -> list[Drawing]:
    columns = of_columns(found)
    if not found.names or not columns:
        return []
    truth = () if found.truth is None else (of_truth(found.truth),)
    against = _against_truth(found, [one for one in columns if one.label in found.summaries], name)
    return [
        distributions((*truth, *columns), f"{name}-distributions"),
        *against[:1],  # two in a row: this one, then the pairs beside each other
        *_agreement(found, {one.label: one for one in columns}, name),
        *against[1:],
    ]


def _agreement(found: ScoreTable, columns: Mapping[str, Series], name: str) -> list[Drawing]:
    return [
        bland_altman(columns[pair.port], columns[pair.original], f"{name}-agreement-{place}")
        for place, pair in enumerate(found.pairs)
        if {pair.port, pair.original} <= columns.keys()
    ]


def _against_truth(found: ScoreTable, columns: Sequence[Series], name: str) -> list[Drawing]:
    if found.truth is None or len(found.names) < FEW or not columns:
        return []
    return [
        calibration(columns, found.truth, found.summaries, f"{name}-calibration"),
        *(
            scatter(one, found.truth, found.summaries[one.label], f"{name}-scatter-{place}")
            for place, one in enumerate(columns)
        ),
        deciles(columns, found.summaries, f"{name}-deciles"),
    ]


def _truth(found: ScoreTable) -> Distribution | None:
    return next((one.truth for one in found.summaries.values()), None)


def _with_truth(found: ScoreTable) -> dict[str, Distribution]:
    truth = _truth(found)
    return ({"truth": truth} if truth else {}) | dict(found.distributions)


def _measured(found: ScoreTable) -> Measured:
    return Measured(
        data=found.data,
        summaries=found.summaries,
        distributions=found.distributions,
        truth=_truth(found),
        consistency=found.consistency,
        synthetic=found.synthetic,
        splits=found.splits,
    )
