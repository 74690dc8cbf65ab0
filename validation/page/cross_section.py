"""The cross-data table of a comparison, and its warnings."""

from __future__ import annotations

from collections.abc import Sequence

from memnet.comparison.cross_table import groups
from memnet.comparison.results import Cell as Tested
from memnet.comparison.results import Comparison, Data
from memnet.statistics import over_splits

from ..figures.numbers import NONE, fixed
from .markup import Child, Markup, join, tag
from .parts import badge, bullets, prose, section, within
from .table import Cell, Head, Row, number, table, text


def cross(found: Comparison) -> Markup:
    """Return ρ by model and set; images that a model has seen in training are marked in words."""
    columns = groups(found)
    heads = [Head(text="Model"), Head(text="Trained on")]
    heads += [Head(text=title(group), number=True) for group in columns]
    rows = [
        Row(
            cells=(
                text(
                    join(model.name, " ", badge("UNTRAINED"))
                    if model.untrained and "UNTRAINED" not in model.name
                    else model.name
                ),
                text(model.trained_on or NONE),
                *(_crossed(found.cells_of(model, group)) for group in columns),
            )
        )
        for model in found.models
    ]
    if any(data.consistency for data in found.data):
        cells = [_people(group[0]) for group in columns]
        rows.append(Row(cells=(text("people"), text("half against half"), *cells)))
    return section(
        "cross",
        "Trained on × tested on",
        tag(
            "p",
            "Spearman's ρ with its 95% interval, bootstrapped over images; over splits, mean ± sd.",
        ),
        table("cross-table", "ρ by model and by the images it is tested on", heads, rows),
    )


def _crossed(cells: Sequence[Tested]) -> Cell:
    """Return a model's ρ on a set, or its mean over the set's splits."""
    if not cells:
        return number(None, "not run")
    found = cells[0].summary.correlation
    rho: float | None = found.rho
    shown: Child = within(rho, found.bootstrap)
    if len(cells) > 1:
        splits = over_splits([cell.summary.correlation.rho for cell in cells])
        rho, shown = splits.mean, f"{fixed(splits.mean)} ± {fixed(splits.sd)}"
    marks = dict.fromkeys(_mark(cell.seen) for cell in cells if cell.seen)
    if any(cell.warnings for cell in cells):
        marks["▲ warning"] = None
    seen = [tag("span", mark, class_="seen") for mark in marks]
    return Cell(shown=join(shown, *seen), key=_key(rho))


def _mark(seen: str) -> str:
    return "◔ perhaps seen in training" if seen.startswith("perhaps") else "◐ seen in training"


def _people(data: Data) -> Cell:
    found = data.consistency
    return number(found.rho, f"{fixed(found.rho)} ± {fixed(found.sd)}") if found else number(None)


def warnings(found: Comparison) -> Markup | None:
    """Return every warning and what was seen in training; nothing where there is none."""
    told: dict[str, list[Tested]] = {}
    for cell in found.cells:
        for one in ((cell.seen,) if cell.seen else ()) + cell.warnings:
            told.setdefault(one, []).append(cell)
    items: list[Child] = [
        join(prose(one), " ", tag("span", f"({_places(found, cells)})", class_="quiet"))
        for one, cells in told.items()
    ]
    return section("warnings", "Warnings", bullets(items)) if items else None


def _places(found: Comparison, cells: Sequence[Tested]) -> str:
    """Name cells briefly: every model is `all models`, and splits go by their data's name."""
    if len(cells) == len(found.cells):
        return "everywhere"
    where: dict[str, dict[str, None]] = {}
    for cell in cells:
        where.setdefault(cell.data, {})[cell.model] = None
    return "; ".join(
        f"{'all models' if 1 < len(found.models) == len(models) else ', '.join(models)} on {data}"
        for data, models in where.items()
    )


def _key(value: float | None) -> float | str:
    return "" if value is None else value


def title(group: Sequence[Data]) -> str:
    """Return what a column of the table is called: a set, or a data set with its number of splits."""
    return str(group[0]) if len(group) == 1 else f"{group[0].name}, {len(group)} splits"
