"""The verdict in one sentence, and the numbers that one asks for first."""

from __future__ import annotations

from functools import partial
from math import isfinite
from textwrap import shorten as shortened
from typing import TYPE_CHECKING

from ..figures.numbers import count, counted, fixed, limit, short
from ..net.notes import UNSEEN
from .markup import Child

if TYPE_CHECKING:
    from ..net.blobs import BlobRow
    from ..report import Check, Report

STAGES = ("weights", "preprocessing", "network", "end to end", "scores")
"""In the order in which a difference would spread; other checks come last."""
LONG = 300
"""Characters of a detail in the verdict."""

shorten = partial(shortened, placeholder=" ...")


def summary(report: Report) -> str:
    """Return one or two sentences."""
    failed = [check for check in report.checks if check.passed is False]
    missing = [check for check in report.checks if check.passed is None]
    if failed:
        verb = "exceeds its limit" if len(failed) == 1 else "exceed their limits"
        said = f"{count(len(failed))} of {counted(len(report.checks), 'check')} {verb}. {_first(report, failed)}"
        return f"{said} {_missing(len(missing))} not run." if missing else said
    if not report.checks:
        return "Nothing was checked."
    if missing:
        ran = len(report.checks) - len(missing)
        within = f"The {counted(ran, 'check')} that ran passed, but " if ran else ""
        return f"{within}{_missing(len(missing))} not run: this is no proof yet."
    if len(report.checks) == 1:
        return f"The one check is within its limit.{_unseen(report)}"
    return f"All {counted(len(report.checks), 'check')} are within their limits.{_unseen(report)}"


def _unseen(report: Report) -> str:
    """Say what a port of somebody else's does not show, for that has passed nothing."""
    note = next((note for note in report.notes if note.startswith(UNSEEN)), "")
    return f" {note[0].upper()}{note[1:]}." if note else ""


def _missing(number: int) -> str:
    return f"{counted(number, 'check')} {'was' if number == 1 else 'were'}"


def first_difference(report: Report) -> BlobRow | None:
    """Return the failed blob that is nearest to the input."""
    failed = [row for row in report.blobs if not row.passed]
    return min(failed, key=lambda row: row.depth) if failed else None


def _first(report: Report, failed: list[Check]) -> str:
    stage = min(failed, key=lambda check: place(check.stage))
    row = first_difference(report)
    if row is not None and place(stage.stage) >= place("network"):
        off = f" There {row.judge} is far from the float64 truth, not the port." * row.judge_is_off
        return (
            f"First difference at layer {row.layer} ({row.type}), blob {row.blob}, against {row.judge}: "
            f"relative error {short(row.relative)}, limit {limit(row.limit)}.{off}{_at_fault(failed)}"
        )
    where = f" ({stage.stage})" if stage.stage not in ("", stage.name) else ""
    found = f"First: {stage.name}{where}"
    if stage.measured is not None and stage.limit is not None:
        whole = isfinite(stage.measured) and stage.measured == int(stage.measured)
        number = count(int(stage.measured)) if whole else short(stage.measured)
        found += f", {number}, limit {limit(stage.limit)}"
    return f"{found}: {shorten(stage.detail, LONG)}." if stage.detail else f"{found}."


def _at_fault(failed: list[Check]) -> str:
    """Return the layers that differ when computed alone, with what each does instead."""
    alone = [
        check for check in failed if check.name.endswith(" alone") and check.stage == "network"
    ]
    told = [
        f"{check.name.removesuffix(' alone')}: {check.detail}" for check in alone if check.detail
    ]
    told = [one for one in told if one.startswith("layer")]
    return f" At fault: {shorten('; '.join(told), LONG)}." if told else ""


def place(stage: str) -> int:
    """Return where a stage stands; unnamed checks stand last."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def key_figures(report: Report) -> list[tuple[str, Child]]:
    """Return names and values for the top of the page."""
    passed = sum(check.passed is True for check in report.checks)
    found: list[tuple[str, Child]] = [
        ("checks passed", f"{count(passed)} of {count(len(report.checks))}")
    ]
    if report.blobs:
        worst = max(report.blobs, key=lambda row: row.relative)
        found.append(("largest relative error", f"{short(worst.relative)} at {worst.blob}"))
    for table in report.scores[:1]:
        if table.pairs:
            pair = max(table.pairs, key=lambda pair: pair.largest)
            found.append((f"largest difference of a score, {table.data}", short(pair.largest)))
        rhos = [one.correlation.rho for one in table.summaries.values()]
        over = table.data
        if table.splits:
            rhos, over = [one.mean for one in table.splits.values()], "mean of splits"
        known = [rho for rho in rhos if rho is not None]
        if known:
            best = f"Spearman's ρ with the truth, {over}, {counted(len(rhos), 'column')}"
            ends = dict.fromkeys((fixed(min(known)), fixed(max(known))))
            found.append((best, " to ".join(ends)))
    return found
