"""The cross-data table: what a model was trained on by what it was tested on, and what to mind about its cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..statistics import Interval, Splits, over_splits
from .aligned import number, paragraph, table
from .results import Cell, Comparison, Data, Model

SEEN, PERHAPS = "*", "?"
MODEL, SET = 26, 16
"""Columns for a model and what it was trained on, and for a set: three sets side by side."""
TITLE = "Spearman's rho with people's scores, and its 95% interval (bootstrap over images); over splits mean ± sd"


def cross_table(found: Comparison) -> str:
    """Return the table with its footnotes."""
    notes = [paragraph(text, 2) for text in _footnotes(found)]
    return "\n".join([paragraph(TITLE), "", *table(list(_rows(found))), "", *notes]).rstrip()


def groups(found: Comparison) -> list[list[Data]]:
    """Return the sets by name: the splits of one data set are a group."""
    names = dict.fromkeys(data.name for data in found.data)
    return [[data for data in found.data if data.name == name] for name in names]


def _rows(found: Comparison) -> Iterator[Sequence[str]]:
    columns = groups(found)
    yield ["tested on", *(f"{_title(group)}\n{_size(group)}" for group in columns)]
    for model in found.models:
        cells = [found.cells_of(model, group) for group in columns]
        yield [_named(model), *map(_shown, cells)]
    if any(data.consistency for data in found.data):
        yield ["people\n  half against half", *map(_people, columns)]


def _named(model: Model) -> str:
    trained = paragraph(f"  trained on {model.trained_on}", 4, MODEL)
    return f"{paragraph(model.name, 2, MODEL)}\n{trained}"


def _title(group: Sequence[Data]) -> str:
    title = str(group[0]) if len(group) == 1 else f"{group[0].name}, {len(group)} splits"
    return paragraph(title, 0, SET)


def _size(group: Sequence[Data]) -> str:
    images = f"{group[0].n:,} images" + (" each" if len(group) > 1 else "")
    return paragraph(f"SYNTHETIC, {images}" if group[0].synthetic else images, 0, SET)


def _shown(cells: Sequence[Cell]) -> str:
    """Return the correlation, and below it its interval, or the deviation over splits."""
    if not cells:
        return "-  "
    found = cells[0].summary.correlation
    if len(cells) > 1:
        splits: Splits = over_splits([cell.summary.correlation.rho for cell in cells])
        first, second = number(splits.mean), f"± {number(splits.sd)}"
    else:
        first = "undefined" if found.rho is None else number(found.rho)
        second = "" if found.bootstrap is None else _interval(found.bootstrap)
    return f"{first} {mark(cells)}\n{second}  "


def _interval(found: Interval) -> str:
    return f"[{number(found.low)}, {number(found.high)}]"


def mark(cells: Sequence[Cell]) -> str:
    """Return the mark of what is known; a blank of its width where nothing is, so that numbers stay in line."""
    seen = [cell.seen for cell in cells if cell.seen is not None]
    if not seen:
        return " "
    return PERHAPS if all(text.startswith("perhaps") for text in seen) else SEEN


def _people(group: Sequence[Data]) -> str:
    found = group[0].consistency
    return "-  " if found is None else f"{number(found.rho)}  \n± {number(found.sd)}  "


def _footnotes(found: Comparison) -> Iterator[str]:
    told: dict[str, list[Cell]] = {}
    for cell in found.cells:
        if cell.seen is not None:
            told.setdefault(f"{mark([cell])} {cell.seen}", []).append(cell)
        for warning in cell.warnings:
            told.setdefault(f"! {warning}", []).append(cell)
    for text, cells in told.items():
        yield f"{text}: {_places(cells, found)}"
    if any(data.consistency for data in found.data):
        yield (
            "people: rank correlation of the hit rates of random halves; no ceiling for a model, which is compared "
            "with the mean of all"
        )
    yield from found.notes


def _places(cells: Sequence[Cell], found: Comparison) -> str:
    """Name cells briefly: a model that is meant on all sets, a set on which all models are."""
    if len(cells) == len(found.cells) > 1:
        return "everywhere"
    models, sets = {model.name for model in found.models}, len(found.data)
    whole = [
        model for model in models if sum(cell.model == model for cell in cells) == sets and sets > 1
    ]
    parts = [f"{model.name} everywhere" for model in found.models if model.name in whole]
    by_data: dict[str, list[str]] = {}
    for cell in cells:
        if cell.model not in whole:
            by_data.setdefault(f"{cell.data} {cell.split or ''}".rstrip(), []).append(cell.model)
    for data, named in by_data.items():
        who = "all models" if len(named) == len(models) > 1 else ", ".join(named)
        parts.append(f"{who} on {data}")
    return "; ".join(parts)
