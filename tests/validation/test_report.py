"""Verdicts, exit codes and JSON of reports."""

from __future__ import annotations

import json

import pytest

from validation import Check, Report
from validation.report import not_run, within

PASSED, FAILED = within("a", 1e-7, 1e-5), within("b", 2e-5, 1e-5)
SKIPPED = not_run("c", "not installed")


@pytest.mark.parametrize(
    ("checks", "verdict", "code"),
    [
        ((PASSED,), "passed", 0),
        ((PASSED, FAILED), "failed", 1),
        ((PASSED, SKIPPED), "incomplete", 2),
        ((SKIPPED, FAILED, PASSED), "failed", 1),
        ((SKIPPED,), "incomplete", 2),
        ((), "incomplete", 2),
    ],
)
def test_verdict_and_exit_code(checks: tuple[Check, ...], verdict: str, code: int) -> None:
    report = Report(subject="net", checks=checks)
    assert (report.verdict, report.exit_code) == (verdict, code)


def test_limit_itself_passes_and_nan_does_not() -> None:
    assert within("x", 1e-5, 1e-5).passed
    assert within("x", float("nan"), 1e-5).passed is False


def test_table_shows_what_was_not_run() -> None:
    text = str(Report(subject="net", checks=(PASSED, FAILED, SKIPPED), notes=("odd",)))
    lines = text.splitlines()
    assert lines[0] == "net: failed"
    assert lines[2].split() == ["a", "1e-07", "1e-05", "passed"]
    assert lines[3].split() == ["b", "2e-05", "1e-05", "FAILED"]
    assert lines[4].split() == ["c", "-", "-", "not", "run", "not", "installed"]
    assert lines[5] == "note: odd"


def test_json_is_standard_whatever_was_measured() -> None:
    report = Report(
        subject="net",
        checks=(within("a", float("inf"), 1.0), within("b", float("nan"), 1.0), SKIPPED, PASSED),
    )
    found = json.loads(report.to_json(), parse_constant=pytest.fail)
    assert [check["measured"] for check in found["checks"]] == ["inf", "nan", None, 1e-7]
    assert [check["verdict"] for check in found["checks"]] == [
        "FAILED",
        "FAILED",
        "not run",
        "passed",
    ]
    assert (found["verdict"], found["exit_code"]) == ("failed", 1)
