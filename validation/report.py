"""`Check` and `Report`: every verdict, what was not run, and `report.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from converter.columns import aligned

if TYPE_CHECKING:
    from .net.blobs import BlobRow
    from .scores.table import ScoreTable

FORMAT, VERSION = "parity-report", 1


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison; `passed` is None where it was not run, and then `detail` says why."""

    name: str
    measured: float | None = None
    limit: float | None = None
    passed: bool | None = None
    detail: str = ""
    stage: str = ""
    """What is judged: `weights`, `preprocessing`, `network`, `end to end`, `scores`, or nothing of these."""

    @property
    def verdict(self) -> str:
        """`passed`, `FAILED` or `not run`."""
        return "not run" if self.passed is None else "passed" if self.passed else "FAILED"


def within(name: str, measured: float, limit: float, detail: str = "", stage: str = "") -> Check:
    """Return the check that `measured` is at most `limit`; NaN is not."""
    passed = bool(measured <= limit)
    return Check(
        name=name, measured=measured, limit=limit, passed=passed, detail=detail, stage=stage
    )


def not_run(name: str, why: str, stage: str = "") -> Check:
    """Return a check that could not be made."""
    return Check(name=name, detail=why, stage=stage)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a report took."""

    seconds: float
    """By the wall clock."""
    peak_bytes: int
    """The most memory that the process has held so far, as the system counts it; 0 where it does not."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The checks of one model, in the order they were made."""

    subject: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    """What a reader of the verdict should know."""
    blobs: tuple[BlobRow, ...] = ()
    scores: tuple[ScoreTable, ...] = ()
    cost: Cost | None = None

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
        """Return `report.json`; NaN and the infinities are the strings "nan", "inf" and "-inf"."""
        document = {
            "format": FORMAT,
            "version": VERSION,
            "subject": self.subject,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "made_by": _made_by(),
            "notes": self.notes,
            "checks": [asdict(check) | {"verdict": check.verdict} for check in self.checks],
            "blobs": [asdict(row) for row in self.blobs],
            "scores": [asdict(table) for table in self.scores],
            "cost": asdict(self.cost) if self.cost is not None else None,
        }
        return json.dumps(_standard(document), indent=1, allow_nan=False)

    def __str__(self) -> str:
        """Return the table for people."""
        rows = [("check", "measured", "limit", "verdict", "")]
        rows += [
            (check.name, _short(check.measured), _short(check.limit), check.verdict, check.detail)
            for check in self.checks
        ]
        lines = aligned(rows, left={0, 3, 4})
        notes = [f"note: {note}" for note in self.notes]
        return "\n".join([f"{self.subject}: {self.verdict}", *lines, *notes, *self._costs()])

    def _costs(self) -> list[str]:
        if self.cost is None:
            return []
        peak = f", {self.cost.peak_bytes / 2**20:,.0f} MiB at most" if self.cost.peak_bytes else ""
        return [f"took {self.cost.seconds:.1f} s{peak}"]


def _made_by() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version
    from platform import python_version

    from converter import __version__

    made = {"convert-caffemodel": __version__}
    for name in ("torch", "numpy"):
        try:
            made[name] = version(name)
        except PackageNotFoundError:  # pragma: no cover (both are required)
            made[name] = "unknown"
    return made | {"python": python_version()}


def _standard(value: Any) -> Any:
    """Return the value as JSON can hold it: read-only mappings and tuples as plain ones, no NaN."""
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _standard(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_standard(item) for item in value]
    return value


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
