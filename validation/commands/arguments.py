"""What the parsers of `parity-check` have in common."""

from __future__ import annotations


def names(text: str) -> list[str]:
    """Return what stands between commas."""
    return [name for name in text.split(",") if name]
