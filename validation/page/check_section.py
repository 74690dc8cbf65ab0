"""The checks by stage, and what was not run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..figures.numbers import count, counted, limit
from .markup import Markup, tag
from .parts import mark, prose, section
from .table import Head, Row, number, table, text
from .verdict import STAGES, place

if TYPE_CHECKING:
    from ..report import Check, Report

HEADS = (
    Head(text="Check"),
    Head(text="Verdict"),
    Head(text="Measured", number=True),
    Head(text="Limit", number=True),
    Head(text="Detail", wide=True),
)

FIRST = 5
"""Failed blobs that are shown with the other checks of their stage."""


def stages(report: Report) -> dict[str, list[Check]]:
    """Return the checks by stage, in the order in which differences spread."""
    found: dict[str, list[Check]] = {}
    for check in sorted(report.checks, key=lambda check: place(check.stage)):
        found.setdefault(check.stage if check.stage in STAGES else "other", []).append(check)
    return found


def checks(report: Report) -> Markup:
    """Return a table for each stage, and above them how each stage stands."""
    by_stage = stages(report)
    strip = tag("ul", *(_stage(name, found) for name, found in by_stage.items()), class_="stages")
    blobs = {f"{row.judge}: {row.blob}" for row in report.blobs}
    parts = [_table(name, found, blobs) for name, found in by_stage.items()]
    return section("checks", "Checks by stage", strip, *parts)


def _stage(name: str, found: Sequence[Check]) -> Markup:
    failed = any(check.passed is False for check in found)
    missing = any(check.passed is None for check in found)
    passed = sum(check.passed is True for check in found)
    return tag(
        "li",
        tag("a", name, href=f"#stage-{_slug(name)}"),
        mark(False if failed else None if missing else True),
        tag("span", f"{count(passed)} of {count(len(found))} passed", class_="quiet"),
    )


def _table(name: str, found: Sequence[Check], blobs: set[str]) -> Markup:
    """Return the checks but for those of blobs, of which only the first that failed are shown: they have a table."""
    of_blobs = [check for check in found if check.name in blobs and check.passed is not None]
    failed = [check for check in of_blobs if not check.passed]
    left_out = {id(check) for check in of_blobs} - {id(check) for check in failed[:FIRST]}
    rows = [_row(check) for check in found if id(check) not in left_out]
    return tag(
        "div",
        table(f"stage-{_slug(name)}", name.capitalize(), HEADS, rows) if rows else None,
        _of_blobs(name, of_blobs, len(failed)) if left_out else None,
        id=f"stage-{_slug(name)}",
    )


def _of_blobs(name: str, checks: Sequence[Check], failed: int) -> Markup:
    passed = f"{count(len(checks) - failed)} of {counted(len(checks), 'blob')} passed"
    shown = f"; the first {FIRST} of those that failed are above" if failed > FIRST else ""
    link = tag("a", "Every blob", href="#blobs")
    return tag("p", f"{name.capitalize()}: {passed}{shown}. ", link, " has its own row below.")


def _row(check: Check) -> Row:
    return Row(
        cells=(
            text(check.name),
            text(mark(check.passed)),
            number(check.measured),
            number(check.limit, limit(check.limit)),
            text(prose(check.detail)),
        ),
        failed=check.passed is False,
        weight=1.0 if check.passed is None else 0.0,
    )


def not_run(report: Report) -> Markup | None:
    """Return what could not be checked, each with its reason; nothing where all was."""
    missing = [check for check in report.checks if check.passed is None]
    if not missing:
        return None
    items = [
        tag("li", tag("strong", check.name), ": ", prose(check.detail or "no reason given"))
        for check in missing
    ]
    return section(
        "not-run",
        "Not run",
        tag(
            "p",
            "These say nothing, for or against the port. A report with any of them is incomplete.",
        ),
        tag("ul", *items, class_="missing"),
    )


def _slug(stage: str) -> str:
    return stage.replace(" ", "-")
