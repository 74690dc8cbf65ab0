"""Tables for a terminal: columns as wide as they must be, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from converter.columns import aligned


def table(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return one line for each row; the first `left` columns are aligned left, the others right.

    A column that starts with `|` in its first row is aligned left as well; the bar is not shown.
    """
    columns = list(zip_longest(*rows, fillvalue=""))
    at_left = {at for at, column in enumerate(columns) if at < left or column[0].startswith("|")}
    shown = [[text.removeprefix("|") for text in column] for column in columns]
    return aligned(list(zip(*shown, strict=True)), at_left)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with as many digits; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def p_value(value: float | None) -> str:
    """Return a p with three decimals, or as smaller than 0.001."""
    if value is None:
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
