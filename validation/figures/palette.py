"""Colours by what they stand for.

matplotlib draws in the light ones; the page has a CSS variable for each, so that dark mode can have its own.
"""

from __future__ import annotations

from types import MappingProxyType

PAPER = "#ffffff"
INK = "#16191d"
MUTED = "#545c66"
GRID = "#d8dde3"
PORT = "#0a5fa5"
ORIGINAL = "#b4500a"
TRUTH = "#5f6873"
OTHER = "#1a7a4c"
VIOLET = "#7a3fb0"
BAD = "#b3231a"

VARIABLES = MappingProxyType(
    {
        PAPER: "--paper",
        INK: "--ink",
        MUTED: "--muted",
        GRID: "--grid",
        PORT: "--port",
        ORIGINAL: "--original",
        TRUTH: "--truth",
        OTHER: "--other",
        VIOLET: "--violet",
        BAD: "--bad",
    }
)
SOURCES = MappingProxyType({"port": PORT, "original": ORIGINAL, "other": OTHER})
"""A column of scores by its source."""
SERIES = (PORT, ORIGINAL, OTHER, VIOLET)
"""For lines that have no fixed meaning."""
MARKERS = ("o", "D", "s", "^", "v", "P", "X")
"""Beside the colours, for those who do not see them."""
