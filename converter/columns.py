"""Rows of text in columns that are as wide as they must be."""

from __future__ import annotations

from collections.abc import Container, Sequence

GAP = "  "


def aligned(rows: Sequence[Sequence[str]], left: Container[int]) -> list[str]:
    """Return a line for each row; the columns whose indices are in `left` are aligned left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(
            f"{cell:<{width}}" if at in left else f"{cell:>{width}}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
