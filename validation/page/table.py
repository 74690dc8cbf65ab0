"""Tables: a caption, a header for each column, and keys that `sort.js` sorts by. Each scrolls in a box of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..figures.numbers import counted, short
from .markup import Child, Markup, join, tag

LONG = 40
"""Rows of a table that scrolls within its box."""
ON_PAPER = 60
"""Rows of a table that are printed; the rest stays on the screen and in the JSON."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column's head.

    `number` aligns right and sorts by value, `extra` is left out on paper, `wide` holds sentences.
    """

    text: str
    number: bool = False
    extra: bool = False
    wide: bool = False
    says: str = ""
    """What the column is, for those who point at it."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a cell shows, and what it sorts by where that is something else."""

    shown: Child
    key: float | int | str | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """Cells in the order of the heads; the first names the row. Rows of low `weight` stay off paper first."""

    cells: tuple[Cell, ...]
    failed: bool = False
    weight: float = 0.0


def number(value: float | None, shown: str | None = None) -> Cell:
    """Return a cell that sorts by value; `shown` replaces three digits."""
    return Cell(shown=short(value) if shown is None else shown, key="" if value is None else value)


def text(value: Child) -> Cell:
    """Return a cell that sorts by what it says."""
    return Cell(shown=value)


def table(
    name: str, caption: str, heads: Sequence[Head], rows: Sequence[Row], *, sorts: bool = True
) -> Markup:
    """Return a table in its box; `name` is unique on the page."""
    printed = _printed(rows)
    body = [_row(row, heads, at in printed) for at, row in enumerate(rows)]
    left_out = len(rows) - len(printed)
    return join(
        tag(
            "div",
            tag(
                "table",
                tag("caption", caption, id=f"{name}-caption"),
                tag("thead", tag("tr", *(_head(head) for head in heads))),
                tag("tbody", *body),
                class_="sorts" if sorts and len(rows) > 1 else None,
            ),
            class_="scroll long" if len(rows) > LONG else "scroll",
            tabindex="0",
            role="region",
            aria_labelledby=f"{name}-caption",
        ),
        tag("p", f"{counted(left_out, 'more row')} on the screen and in the JSON.", class_="paper")
        if left_out
        else None,
    )


def _printed(rows: Sequence[Row]) -> set[int]:
    order = sorted(range(len(rows)), key=lambda at: (not rows[at].failed, -rows[at].weight))
    return set(order[:ON_PAPER])


def _head(head: Head) -> Markup:
    return tag("th", head.text, scope="col", class_=_classes(head), title=head.says or None)


def _row(row: Row, heads: Sequence[Head], printed: bool) -> Markup:
    first, *others = row.cells
    cells = [tag("th", first.shown, scope="row", class_=_classes(heads[0]), data_key=_key(first))]
    cells += [
        tag(
            "td",
            cell.shown,
            class_=" ".join(("extra",) * head.extra + ("wide",) * head.wide) or None,
            data_key=_key(cell),
        )
        for cell, head in zip(others, heads[1:], strict=True)
    ]
    classes = " ".join(("failed",) * row.failed + ("screen",) * (not printed))
    return tag("tr", *cells, class_=classes or None)


def _classes(head: Head) -> str | None:
    return " ".join(("number",) * head.number + ("extra",) * head.extra) or None


def _key(cell: Cell) -> str | int | None:
    """Return what a number sorts by; a cell that has a key is a number to style and script too."""
    return f"{cell.key:.9g}" if isinstance(cell.key, float) else cell.key
