"""The other tables of a comparison: splits one by one, paired differences, and what others have published."""

from __future__ import annotations

from collections.abc import Sequence

from ..literature import RHO, Figure
from ..statistics import Splits, over_splits
from .aligned import WIDTH, number, p_value, paragraph, table
from .cross_table import groups, mark
from .results import Comparison, Data, Model, PairedModels

NAME = 19
"""Columns for a name beside five splits, or beside what is measured of a pair."""
_PAIRED = ("on", "a - b", "95%", "Williams\nt", "\np", "Steiger\nZ", "\np")


def split_table(found: Comparison) -> str:
    """Return each model's correlation on every split; empty where nothing has several."""
    lines: list[str] = []
    for group in groups(found):
        if len(group) < 2:
            continue
        name = paragraph(group[0].name, 2, NAME)
        head = [name, *(str(data.split) for data in group), "mean", "sd"]
        rows = [_of_splits(found, model, group) for model in found.models]
        lines += [*table([head, *rows]), ""]
    if lines:
        lines.append("splits share images, so their sd is no standard error")
    return "\n".join(lines)


def _of_splits(found: Comparison, model: Model, group: Sequence[Data]) -> list[str]:
    cells = {cell.split: cell for cell in found.cells_of(model, group)}
    splits: Splits = over_splits([cell.summary.correlation.rho for cell in cells.values()])
    values = [
        f"{number(cells[data.split].summary.correlation.rho)}{mark([cells[data.split]])}"
        if data.split in cells
        else "- "
        for data in group
    ]
    return [paragraph(model.name, 2, NAME), *values, number(splits.mean), number(splits.sd, 4)]


def paired_table(found: Comparison) -> str:
    """Return the differences of models on the same images; empty where there is one model."""
    if not found.paired:
        return ""
    lines = ["the same images: rho of a less rho of b, and its 95% interval"]
    for a, b in dict.fromkeys((one.a, one.b) for one in found.paired):
        rows = [_of_pair(one) for one in found.paired if (one.a, one.b) == (a, b)]
        lines += ["", paragraph(f"a = {a}, b = {b}", 2), *table([_PAIRED, *rows])]
    return "\n".join(lines)


def _of_pair(one: PairedModels) -> list[str]:
    pair = one.paired
    between = "-"
    if pair.interval is not None:
        between = f"{number(pair.interval.low)} to {number(pair.interval.high)}"
    return [
        paragraph(f"{one.data} {one.split or ''}".rstrip(), 2, NAME),
        number(pair.delta),
        between,
        number(pair.williams_t, 2),
        p_value(pair.williams_p),
        number(pair.steiger_z, 2),
        p_value(pair.steiger_p),
    ]


def published_list(found: Comparison) -> str:
    """Return the correlations that others have published on these data sets; empty where there are none."""
    lines = [
        [figure.data, figure.model, f"{figure.value:g}", _stated(figure)]
        for figure in found.published
        if figure.quantity == RHO
    ]
    if not lines:
        return ""
    used = len(table([line[:3] for line in lines], left=2)[0]) + 2
    rows = [[*line[:3], paragraph(line[3], 2, WIDTH - used)] for line in lines]
    head = ["on", "model", "rho", "|as stated"]
    return "\n".join(["published, not measured here", "", *table([head, *rows], left=2)])


def _stated(figure: Figure) -> str:
    return "; ".join(filter(None, (figure.unit_or_form, figure.source, figure.note)))
