"""Tables and paragraphs for a terminal of 80 columns: numbers to the right, long texts on several lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

from converter.columns import GAP, aligned

WIDTH = 80
"""Columns of a terminal. Only a word that is longer, such as a path, goes beyond."""


def table(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return the lines of a table; the first `left` columns are aligned left, the others right.

    A column that starts with `|` in its first row is aligned left as well; the bar is not shown. A cell may have
    several lines. Columns that do not fit follow below a blank line, beside the first `left` again.
    """
    columns = list(zip_longest(*_lines(rows), fillvalue=""))
    at_left = {at for at, column in enumerate(columns) if at < left or column[0].startswith("|")}
    shown = [[text.removeprefix("|") for text in column] for column in columns]
    found: list[str] = []
    for some in _fitting(shown, left):
        lines = zip(*(shown[at] for at in some), strict=True)
        sides = {to for to, at in enumerate(some) if at in at_left}
        found += [*([""] if found else []), *aligned(list(lines), sides)]
    return found


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    for row in rows:
        yield from zip_longest(*(cell.split("\n") for cell in row), fillvalue="")


def _fitting(columns: Sequence[Sequence[str]], left: int) -> Iterator[list[int]]:
    """Yield indices of columns that fit side by side: the first `left`, and at least one more."""
    widths = [max(map(len, column)) + len(GAP) for column in columns]
    heads = list(range(left))
    some: list[int] = []
    for at in range(left, len(columns)):
        if some and sum(widths[each] for each in (*heads, *some, at)) > WIDTH + len(GAP):
            yield heads + some
            some = []
        some.append(at)
    yield heads + some


def paragraph(text: str, indent: int = 0, width: int = WIDTH) -> str:
    """Return a text on lines of at most `width`; the second and later ones are indented, and no name is broken."""
    return "\n".join(
        wrap(
            text,
            width,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with as many digits; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def p_value(value: float | None) -> str:
    """Return a p with three decimals, or as smaller than 0.001."""
    if value is None:
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
