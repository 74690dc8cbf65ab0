"""What the page was made with, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..figures.numbers import NONE, short, size
from .markup import Child, Markup, tag
from .parts import bullets, facts, prose, section

if TYPE_CHECKING:
    from ..report import Cost


def notes(said: Sequence[str]) -> Markup | None:
    """Return what a reader should know; nothing where there is nothing."""
    return section("notes", "Notes", bullets([prose(one) for one in said])) if said else None


def made(made_by: Mapping[str, str], cost: Cost | None, json_name: str) -> Markup:
    """Return versions, time and memory."""
    pairs: list[tuple[str, Child]] = list(made_by.items())
    if cost is not None:
        pairs += [
            ("time", f"{short(cost.seconds)} s"),
            ("peak memory", size(cost.peak_bytes) if cost.peak_bytes else NONE),
        ]
    return section(
        "made",
        "How this was made",
        facts(pairs),
        tag("p", "The page holds what ", tag("code", json_name), " says, and needs no network."),
    )
