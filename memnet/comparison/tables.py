"""The other tables of a comparison: splits one by one, paired differences, and what others have published."""

from __future__ import annotations

from collections.abc import Sequence

from ..literature import RHO
from ..statistics import Splits, over_splits
from .aligned import number, p_value, table
from .cross_table import groups, mark
from .results import Comparison, Data, Model


def split_table(found: Comparison) -> str:
    """Return each model's correlation on every split; empty where nothing has several."""
    lines: list[str] = []
    for group in groups(found):
        if len(group) < 2:
            continue
        head = [group[0].name, *(str(data.split) for data in group), "mean", "sd"]
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
    return [model.name, *values, number(splits.mean), number(splits.sd, 4)]


def paired_table(found: Comparison) -> str:
    """Return the differences of models on the same images; empty where there is one model."""
    if not found.paired:
        return ""
    head = ["on", "|a", "|b", "a - b", "95%", "Williams t", "p", "Steiger Z", "p"]
    rows = [head]
    for one in found.paired:
        pair = one.paired
        between = "-"
        if pair.interval is not None:
            between = f"{number(pair.interval.low)} to {number(pair.interval.high)}"
        rows.append(
            [
                f"{one.data} {one.split or ''}".rstrip(),
                one.a,
                one.b,
                number(pair.delta),
                between,
                number(pair.williams_t, 2),
                p_value(pair.williams_p),
                number(pair.steiger_z, 2),
                p_value(pair.steiger_p),
            ]
        )
    return "\n".join(["the same images: rho of a less rho of b", "", *table(rows)])


def published_list(found: Comparison) -> str:
    """Return the correlations that others have published on these data sets; empty where there are none."""
    lines = [
        [
            figure.data,
            figure.model,
            f"{figure.value:g}",
            "; ".join(filter(None, (figure.unit_or_form, figure.source, figure.note))),
        ]
        for figure in found.published
        if figure.quantity == RHO
    ]
    if not lines:
        return ""
    head = ["on", "model", "rho", "|as stated"]
    return "\n".join(["published, not measured here", "", *table([head, *lines], left=2)])
