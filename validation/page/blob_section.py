"""Every blob: the error by depth as a figure, and all numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from ..figures.depth import depth
from ..figures.numbers import count
from ..figures.numbers import limit as as_limit
from ..figures.ratio import known, ratio
from .markup import Markup
from .parts import figures, mark, section
from .table import Head, Row, number, table, text

if TYPE_CHECKING:
    from ..net.blobs import BlobRow

HEADS = (
    Head(text="Blob"),
    Head(text="Depth", number=True, says="order in the net, from 0"),
    Head(text="Layer", extra=True),
    Head(text="Type"),
    Head(text="Against"),
    Head(text="Verdict"),
    Head(text="Relative error", number=True, says="max|port − judge| / max|judge|"),
    Head(text="Limit", number=True),
    Head(text="Steps", number=True, says="the largest difference in float32 steps of max|judge|"),
    Head(
        text="Error ratio", number=True, says="port's over judge's, both from the float64 reference"
    ),
    Head(text="Port's error", number=True, extra=True, says="relative, from the float64 reference"),
    Head(
        text="Judge's error", number=True, extra=True, says="relative, from the float64 reference"
    ),
    Head(text="Largest difference", number=True, extra=True),
    Head(text="Mean difference", number=True, extra=True),
    Head(text="Worst at", extra=True),
    Head(text="Port there", number=True, extra=True),
    Head(text="Judge there", number=True, extra=True),
    Head(text="Shape"),
    Head(text="Elements", number=True, extra=True),
)


def blobs(rows: Sequence[BlobRow]) -> Markup:
    """Return the section; `rows` holds at least one."""
    weighed = known(rows)
    return section(
        "blobs",
        "Every blob",
        figures(depth(rows, "depth"), *([ratio(weighed, "ratio")] if weighed else [])),
        table(
            "blob-table",
            "Port against each judge, blob by blob",
            HEADS,
            [_row(row) for row in rows],
        ),
    )


def _row(row: BlobRow) -> Row:
    return Row(
        cells=(
            text(row.blob),
            number(row.depth, count(row.depth)),
            text(row.layer),
            text(row.type),
            text(row.judge),
            text(mark(row.passed)),
            number(row.relative),
            number(row.limit, as_limit(row.limit)),
            number(row.steps),
            number(row.ratio),
            number(row.port_error),
            number(row.judge_error),
            number(row.largest),
            number(row.mean),
            text(",".join(map(str, row.worst))),
            number(row.port_value, _exact(row.port_value)),
            number(row.judge_value, _exact(row.judge_value)),
            text("×".join(map(str, row.shape))),
            number(row.elements, count(row.elements)),
        ),
        failed=not row.passed,
        weight=row.relative if row.passed else -row.depth,  # of failures the first tell most
    )


def _exact(value: float) -> str:
    """Return enough digits to tell two float32 apart."""
    return f"{value:.9g}".replace("-", "−") if isfinite(value) else str(value)
