"""The verdict in one sentence, and the numbers that one asks for first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..figures.numbers import count, counted, fixed, limit, short
from .markup import Child

if TYPE_CHECKING:
    from ..net.blobs import BlobRow
    from ..report import Check, Report

STAGES = ("weights", "preprocessing", "network", "end to end", "scores")
"""In the order in which a difference would spread; other checks come last."""


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
        return "The one check is within its limit."
    return f"All {counted(len(report.checks), 'check')} are within their limits."


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
        return (
            f"First difference at layer {row.layer} ({row.type}), blob {row.blob}, against {row.judge}: "
            f"relative error {short(row.relative)}, limit {limit(row.limit)}."
        )
    where = f" ({stage.stage})" if stage.stage else ""
    if stage.measured is None or stage.limit is None:
        return f"First: {stage.name}{where}."
    return f"First: {stage.name}{where}, {short(stage.measured)}, limit {limit(stage.limit)}."


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
        known = [rho for rho in rhos if rho is not None]
        if known:
            best = f"Spearman's ρ with the truth, {counted(len(rhos), 'column')}"
            ends = dict.fromkeys((fixed(min(known)), fixed(max(known))))
            found.append((best, " to ".join(ends)))
    return found
