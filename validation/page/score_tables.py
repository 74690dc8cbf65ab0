"""Tables of scores that belong to one set of images: port against original, splits, people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..figures.numbers import NONE, fixed
from .markup import Markup
from .parts import between, facts
from .table import Cell, Head, Row, number, table, text

if TYPE_CHECKING:
    from memnet.statistics import Consistency, Splits

    from ..scores.table import Pair, ScoreTable

PAIR_HEADS = (
    Head(text="Port"),
    Head(text="Original"),
    Head(text="Largest difference", number=True),
    Head(text="Mean difference", number=True, says="of the absolute differences"),
    Head(text="Original's sd", number=True),
    Head(text="Largest / sd", number=True),
    Head(text="Δρ", number=True, says="ρ of the port less ρ of the original, on the same images"),
    Head(text="95% interval"),
    Head(text="Williams t", number=True, extra=True),
    Head(text="p", number=True),
    Head(text="Steiger z", number=True, extra=True),
    Head(text="p ", number=True, extra=True),
)


def pairs(found: ScoreTable, name: str) -> Markup | None:
    """Return port against original, image by image and by rank; nothing without a pair."""
    rows = [_pair(pair) for pair in found.pairs]
    return table(name, "Port against original", PAIR_HEADS, rows) if rows else None


def _pair(pair: Pair) -> Row:
    paired = pair.paired
    return Row(
        cells=(
            text(pair.port),
            text(pair.original),
            number(pair.largest),
            number(pair.mean),
            number(pair.spread),
            number(pair.largest / pair.spread if pair.spread else None),
            number(paired.delta if paired else None),
            text(between(paired.interval) if paired and paired.interval else NONE),
            number(paired.williams_t if paired else None),
            number(paired.williams_p if paired else None),
            number(paired.steiger_z if paired else None),
            number(paired.steiger_p if paired else None),
        )
    )


def over_splits(name: str, found: ScoreTable) -> Markup | None:
    """Return ρ of each split, with mean and standard deviation; nothing without splits."""
    if not found.splits:
        return None
    most = max(len(one.values) for one in found.splits.values())
    return table(
        name,
        "Spearman's ρ over the splits",
        split_heads("Scores", most),
        [Row(cells=(text(label), *split_cells(one, most))) for label, one in found.splits.items()],
    )


def split_heads(first: str, most: int) -> list[Head]:
    """Return the heads of a table of splits."""
    return [
        Head(text=first),
        Head(text="Mean", number=True),
        Head(text="sd", number=True, says="divided by n − 1; splits share images"),
        *(Head(text=f"Split {place + 1}", number=True) for place in range(most)),
    ]


def split_cells(found: Splits, most: int) -> list[Cell]:
    """Return mean, standard deviation and each split."""
    values = [*found.values, *[None] * (most - len(found.values))]
    return [number(one, fixed(one)) for one in (found.mean, found.sd, *values)]


def people(found: Consistency | None) -> Markup | None:
    """Return how well people predict people; nothing where it is not known."""
    if found is None:
        return None
    return facts(
        [
            (
                "one half of the people predicts the other: ρ",
                f"{fixed(found.rho)} ± {fixed(found.sd)} ({found.splits} halves)",
            ),
            ("for all people (Spearman-Brown)", fixed(found.spearman_brown)),
            ("most that a perfect predictor could reach", fixed(found.ceiling)),
        ],
        "keys",
    )
