"""The tables of a comparison: each model on each set, over splits, two models by two."""

from __future__ import annotations

from collections.abc import Sequence

from memnet.comparison.results import Cell as Tested
from memnet.comparison.results import Comparison, PairedModels

from ..figures.numbers import NONE, count, fixed
from .markup import Markup, tag
from .parts import between, section
from .score_tables import split_cells, split_heads
from .table import Head, Row, number, table, text

CELL_HEADS = (
    Head(text="Model"),
    Head(text="Tested on"),
    Head(text="Crops"),
    Head(text="Images", number=True),
    Head(text="ρ", number=True),
    Head(text="95% interval"),
    Head(text="MSE", number=True),
    Head(text="MAE", number=True),
    Head(text="R²", number=True, extra=True),
    Head(
        text="sd / truth's", number=True, says="standard deviation of scores over that of the truth"
    ),
    Head(text="At the floor", number=True, says="share of scores within 0.001 of the least"),
    Head(text="Seen in training", wide=True),
    Head(text="Warnings"),
)
PAIRED_HEADS = (
    Head(text="Models"),
    Head(text="Tested on"),
    Head(text="Images", number=True),
    Head(text="Δρ", number=True, says="ρ of the first less ρ of the second, on the same images"),
    Head(text="95% interval"),
    Head(text="Williams t", number=True),
    Head(text="p", number=True),
    Head(text="Steiger z", number=True, extra=True),
    Head(text="p ", number=True, extra=True),
)


def results(found: Comparison) -> Markup:
    """Return a line for each model on each set."""
    rows = [_result(cell) for cell in found.cells]
    return section(
        "results", "Results", table("result-table", "Each model on each set", CELL_HEADS, rows)
    )


def _result(cell: Tested) -> Row:
    of = cell.summary
    return Row(
        cells=(
            text(cell.model),
            text(_named(cell.data, cell.split)),
            text(cell.crops or NONE),
            number(of.scores.n, count(of.scores.n)),
            number(of.correlation.rho, fixed(of.correlation.rho)),
            text(between(of.correlation.bootstrap)),
            number(of.errors.mse, fixed(of.errors.mse, 4)),
            number(of.errors.mae, fixed(of.errors.mae, 4)),
            number(of.errors.r2, fixed(of.errors.r2)),
            number(of.gap.sd_ratio),
            number(of.scores.at_floor, fixed(of.scores.at_floor, 4)),
            text(cell.seen or "no"),
            text(tag("a", f"▲ {len(cell.warnings)}", href="#warnings") if cell.warnings else NONE),
        )
    )


def over_splits(found: Comparison) -> Markup | None:
    """Return means over splits; nothing where there are none."""
    if not found.splits:
        return None
    most = max(len(one.splits.values) for one in found.splits)
    first, *others = split_heads("Model", most)
    rows = [
        Row(cells=(text(one.model), text(one.data), *split_cells(one.splits, most)))
        for one in found.splits
    ]
    heads = [first, Head(text="Data"), *others]
    return section("splits", "Over the splits", table("split-table", "Spearman's ρ", heads, rows))


def pairs(paired: Sequence[PairedModels]) -> Markup | None:
    """Return each two models on the same images; nothing where there are none."""
    rows = [_pair(one) for one in paired]
    if not rows:
        return None
    return section(
        "pairs",
        "Two by two",
        table("pair-table", "Differences of ρ on the same images", PAIRED_HEADS, rows),
    )


def _pair(one: PairedModels) -> Row:
    paired = one.paired
    return Row(
        cells=(
            text(f"{one.a} − {one.b}"),
            text(_named(one.data, one.split)),
            number(paired.n, count(paired.n)),
            number(paired.delta, fixed(paired.delta)),
            text(between(paired.interval)),
            number(paired.williams_t),
            number(paired.williams_p),
            number(paired.steiger_z),
            number(paired.steiger_p),
        )
    )


def _named(data: str, split: str | None) -> str:
    return f"{data} {split}" if split and split not in data else data
