"""A summary in GitHub's Markdown, for a pull request: verdict, stages, what failed, what was not run, scores."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..figures.numbers import NONE, count, counted, fixed, limit, short, size
from .check_section import stages
from .parts import between
from .saved import SavedReport, understand
from .verdict import summary

if TYPE_CHECKING:
    from memnet.comparison.results import Comparison

    from ..report import Check, Report
    from ..scores.table import ScoreTable

MOST = 20
"""Rows of a list; a comment has room for 65,536 characters."""
SIGNS: Mapping[str, str] = {
    "passed": "✅ passed",
    "failed": "❌ failed",
    "incomplete": "⚠️ incomplete",
}
MARKS: Mapping[bool | None, str] = {True: "✅", False: "❌", None: "⚠️"}


def to_markdown(found: Mapping[str, Any]) -> str:
    """Return the summary of a report or a comparison."""
    saved = understand(found)
    parts = _report(saved) if isinstance(saved, SavedReport) else _comparison(saved.comparison)
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: str, longest: int = 300) -> str:
    """Return a file's own words as words: no mark-up, no mention, one line."""
    line = " ".join(text.split())
    line = line if len(line) <= longest else f"{line[: longest - 1]}…"
    line = re.sub(r"[\\`*_{}\[\]<>#|~$!]", lambda found: f"\\{found.group()}", line)
    return line.replace("@", "@\N{ZERO WIDTH SPACE}").replace("://", ":\N{ZERO WIDTH SPACE}//")


def _report(saved: SavedReport) -> list[str]:
    report = saved.report
    failed = [check for check in report.checks if check.passed is False]
    missing = [check for check in report.checks if check.passed is None]
    return [
        f"## Parity of {plain(report.subject)}: {SIGNS[report.verdict]}",
        plain(summary(report)),
        _labels(report),
        _stages(report),
        _failed(failed),
        _list("Not run", [f"{plain(check.name)}: {plain(check.detail)}" for check in missing]),
        *(_scores(table) for table in report.scores),
        _list("Notes", [plain(note) for note in report.notes]),
        _made(saved),
    ]


def _labels(report: Report) -> str:
    untrained = any(note.startswith("UNTRAINED") for note in report.notes)
    synthetic = any(table.synthetic for table in report.scores)
    return " ".join(["**UNTRAINED WEIGHTS**"] * untrained + ["**SYNTHETIC DATA**"] * synthetic)


def _stages(report: Report) -> str:
    rows = []
    for name, checks in stages(report).items():
        verdicts = {check.passed for check in checks}
        sign = MARKS[False if False in verdicts else None if None in verdicts else True]
        passed = sum(check.passed is True for check in checks)
        rows.append(
            (name, f"{sign} {count(passed)} of {count(len(checks))} passed", _worst(checks))
        )
    return _table(("stage", "checks", "largest beside its limit"), rows)


def _worst(checks: Sequence[Check]) -> str:
    known = [
        (check.measured / check.limit, check)
        for check in checks
        if check.measured is not None and check.limit
    ]
    if not known:
        return NONE
    _, worst = max(known, key=lambda pair: pair[0])
    return f"{plain(worst.name)}: {short(worst.measured)}, limit {limit(worst.limit)}"


def _failed(failed: Sequence[Check]) -> str:
    if not failed:
        return ""
    rows = [
        (plain(check.name), short(check.measured), limit(check.limit), plain(check.detail))
        for check in failed[:MOST]
    ]
    table = _table(("failed", "measured", "limit", "detail"), rows)
    left = len(failed) - len(rows)
    return f"{table}\n\n{counted(left, 'more check')} failed." if left else table


def _scores(table: ScoreTable) -> str:
    head = f"### Scores: {plain(table.data)}, {counted(len(table.names), 'image')}"
    synthetic = "**SYNTHETIC DATA**" if table.synthetic else ""
    pairs = [
        (plain(pair.port), plain(pair.original), short(pair.largest), short(pair.spread))
        for pair in table.pairs[:MOST]
    ]
    summaries = [
        (
            plain(label),
            f"{fixed(one.correlation.rho)} {between(one.correlation.bootstrap)}",
            fixed(one.errors.mse, 4),
            short(one.gap.sd_ratio),
        )
        for label, one in list(table.summaries.items())[:MOST]
    ]
    parts = [
        head,
        synthetic,
        _table(("port", "original", "largest difference", "original's sd"), pairs),
        _table(("scores", "Spearman's ρ, 95% interval", "MSE", "sd / truth's"), summaries),
    ]
    return "\n\n".join(part for part in parts if part)


def _comparison(found: Comparison) -> list[str]:
    rows = [
        (
            plain(cell.model),
            plain(" ".join(filter(None, (cell.data, cell.split, cell.crops)))),
            f"{fixed(cell.summary.correlation.rho)} {between(cell.summary.correlation.bootstrap)}",
            fixed(cell.summary.errors.mse, 4),
            "seen in training" if cell.seen else "",
        )
        for cell in found.cells
    ]
    warnings = [
        f"{plain(cell.model)} on {plain(cell.data)}: {plain(one)}"
        for cell in found.cells
        for one in cell.warnings
    ]
    untrained = ["**UNTRAINED WEIGHTS**"] * any(model.untrained for model in found.models)
    synthetic = ["**SYNTHETIC DATA**"] * any(one.synthetic for one in found.data)
    return [
        "## Comparison of models",
        " ".join(untrained + synthetic),
        _table(("model", "tested on", "Spearman's ρ, 95% interval", "MSE", ""), rows),
        _list("Warnings", warnings),
        _list("Notes", [plain(note) for note in found.notes]),
    ]


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    left = len(items) - MOST
    shown = [f"- {item}" for item in items[:MOST]] + [f"- and {count(left)} more"] * (left > 0)
    return "\n".join([f"### {title}", "", *shown])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _made(saved: SavedReport) -> str:
    versions = ", ".join(
        f"{plain(name)} {plain(str(found))}" for name, found in saved.made_by.items()
    )
    cost = saved.report.cost
    if cost is None:
        return versions
    return f"{versions}; {short(cost.seconds)} s, peak memory {size(cost.peak_bytes)}"
