"""Colours for lines that people with any colour vision tell apart (Okabe and Ito 2008), less yellow and black."""

from __future__ import annotations

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Blue, vermilion, bluish green, reddish purple, sky blue, orange."""
STYLES = ("-", "--", ":", "-.")


def line_of(at: int) -> tuple[str, str]:
    """Return colour and line style of the line number `at`: another style where the colours begin again."""
    return COLOURS[at % len(COLOURS)], STYLES[at // len(COLOURS) % len(STYLES)]
