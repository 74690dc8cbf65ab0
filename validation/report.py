"""`Check` and `Report`: every verdict, and what was not run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from math import isfinite


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison; `passed` is None where it was not run, and then `detail` says why."""

    name: str
    measured: float | None = None
    limit: float | None = None
    passed: bool | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """`passed`, `FAILED` or `not run`."""
        return "not run" if self.passed is None else "passed" if self.passed else "FAILED"


def within(name: str, measured: float, limit: float, detail: str = "") -> Check:
    """Return the check that `measured` is at most `limit`; NaN is not."""
    return Check(name=name, measured=measured, limit=limit, passed=measured <= limit, detail=detail)


def not_run(name: str, why: str) -> Check:
    """Return a check that could not be made."""
    return Check(name=name, detail=why)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The checks of one model, in the order they were made."""

    subject: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    """What a reader of the verdict should know."""

    @property
    def verdict(self) -> str:
        """`failed` if any check failed, else `incomplete` if any was not run, else `passed`."""
        if any(check.passed is False for check in self.checks):
            return "failed"
        complete = self.checks and all(check.passed for check in self.checks)
        return "passed" if complete else "incomplete"

    @property
    def exit_code(self) -> int:
        """0 all within limits, 1 a difference beyond them, 2 something asked for could not be run."""
        return {"passed": 0, "failed": 1, "incomplete": 2}[self.verdict]

    def to_json(self) -> str:
        """Return the report as JSON; an infinite difference (another shape, or NaN) is the string "inf"."""
        return json.dumps(
            {
                "subject": self.subject,
                "verdict": self.verdict,
                "exit_code": self.exit_code,
                "notes": list(self.notes),
                "checks": [
                    asdict(_finite(check))
                    | {"measured": _number(check.measured), "verdict": check.verdict}
                    for check in self.checks
                ],
            },
            indent=1,
            allow_nan=False,
        )

    def __str__(self) -> str:
        """Return the table for people."""
        rows = [("check", "measured", "limit", "verdict", "")]
        rows += [
            (check.name, _short(check.measured), _short(check.limit), check.verdict, check.detail)
            for check in self.checks
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [
            "  ".join(
                (
                    row[0].ljust(widths[0]),
                    row[1].rjust(widths[1]),
                    row[2].rjust(widths[2]),
                    row[3].ljust(widths[3]),
                    row[4],
                )
            ).rstrip()
            for row in rows
        ]
        notes = [f"note: {note}" for note in self.notes]
        return "\n".join([f"{self.subject}: {self.verdict}", *lines, *notes])


def _finite(check: Check) -> Check:
    return replace(check, measured=None)


def _number(value: float | None) -> float | str | None:
    return value if value is None or isfinite(value) else str(value)


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
