"""Published figures beside measured ones, in columns of their own and never as if measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..figures.numbers import NONE, fixed, short
from .markup import Child, Markup, join, tag
from .table import Cell, Head, Row, number, table, text

if TYPE_CHECKING:
    from memnet.literature import Figure
    from memnet.statistics import Consistency, Distribution, Splits, Summary

HEADS = (
    Head(text="Published quantity"),
    Head(text="Of"),
    Head(text="On"),
    Head(text="Published", number=True),
    Head(text="Stated as"),
    Head(text="Source", wide=True),
)
FIVE = "mean of 5 splits"
"""How LaMem's figures are stated in `memnet.literature`: beside them stands a mean over splits where there is one."""
READ: Mapping[str, Callable[[Summary], float | None]] = MappingProxyType(
    {
        "Spearman's rho": lambda of: of.correlation.rho,
        "mean squared error": lambda of: of.errors.mse,
        "mean absolute error": lambda of: of.errors.mae,
    }
)
"""Quantities of `memnet.literature` that are measured against the truth."""
SPREAD: Mapping[str, Callable[[Distribution], float]] = MappingProxyType(
    {
        "mean of scores": lambda of: of.mean,
        "standard deviation of scores": lambda of: of.sd,
        "least score": lambda of: of.least,
        "share of images at the least score": lambda of: of.at_floor,
        "mean of labels": lambda of: of.mean,
        "standard deviation of labels": lambda of: of.sd,
    }
)
"""Those of one distribution."""


class Measured:
    """What was measured here, by label, and of whom."""

    def __init__(
        self,
        *,
        data: str,
        summaries: Mapping[str, Summary],
        distributions: Mapping[str, Distribution],
        truth: Distribution | None,
        consistency: Consistency | None,
        synthetic: bool,
        splits: Mapping[str, Splits] = MappingProxyType({}),
    ) -> None:
        self._data = data
        self._summaries = summaries
        self._distributions = distributions
        self._truth = truth
        self._consistency = consistency
        self._synthetic = synthetic
        self._splits = splits

    def beside(self, figure: Figure) -> Child:
        """Return what was measured of a published quantity on the same data, each value with its label."""
        found = self._values(figure)
        if not found or not f"{self._data} ".startswith(f"{figure.data} "):
            return NONE
        if self._synthetic:
            return "synthetic data: not comparable"
        return join(*(tag("div", f"{label}: {short(value)}") for label, value in found))

    def _values(self, figure: Figure) -> list[tuple[str, float | None]]:
        quantity = figure.quantity
        if figure.model == "people":
            people = self._consistency if quantity == "Spearman's rho" else None
            return [("halves", people.rho)] if people else []
        if figure.model == "truth":
            known_truth = self._truth if quantity in SPREAD else None
            return [("truth", SPREAD[quantity](known_truth))] if known_truth else []
        if quantity == "Spearman's rho" and figure.unit_or_form == FIVE and self._splits:
            known = [(label, len(one.values), one.mean) for label, one in self._splits.items()]
            return [(f"{label}, mean of {count} splits", mean) for label, count, mean in known]
        if quantity in READ:
            return [(label, READ[quantity](one)) for label, one in self._summaries.items()]
        if quantity in SPREAD:
            return [(label, SPREAD[quantity](one)) for label, one in self._distributions.items()]
        return []


def published(name: str, figures: Sequence[Figure], measured: Measured | None) -> Markup | None:
    """Return the table; nothing where nothing is published. Without `measured` there is no column for it."""
    if not figures:
        return None
    if measured is None:
        rows = [_row(figure) for figure in figures]
        return table(name, "Published by the source named; not measured here", HEADS, rows)
    caption = "Published figures, by the source named, beside what was measured here"
    rows = [_row(figure, text(measured.beside(figure))) for figure in figures]
    heads = (*HEADS, Head(text="Measured here"))
    return tag("div", table(name, caption, heads, rows), class_="published")


def _row(figure: Figure, *measured: Cell) -> Row:
    source = join(figure.source, tag("div", figure.note, class_="quiet") if figure.note else None)
    return Row(
        cells=(
            text(figure.quantity),
            text(figure.model),
            text(figure.data),
            number(figure.value, fixed(figure.value, _decimals(figure.value))),
            text(figure.unit_or_form),
            text(source),
            *measured,
        )
    )


def _decimals(value: float) -> int:
    """Return as many decimals as were published."""
    return len(f"{value:g}".partition(".")[2])
