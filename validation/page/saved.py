"""What a page is made from: `report.json` and `comparison.json`, read back into types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from converter.errors import FileFormatError, context
from memnet import statistics
from memnet.comparison.files import FORMAT as COMPARISON
from memnet.comparison.files import VERSION as COMPARISON_VERSION
from memnet.comparison.results import Comparison
from memnet.literature import Figure

from ..net.blobs import BlobRow
from ..report import FORMAT as REPORT
from ..report import VERSION, Report
from ..scores.table import ScoreTable
from .decode import Names, decode

VERSIONS = MappingProxyType({REPORT: VERSION, COMPARISON: COMPARISON_VERSION})

NAMES: Names = (
    *((name, getattr(statistics, name)) for name in statistics.__all__),
    *((kind.__name__, kind) for kind in (BlobRow, Figure, ScoreTable)),
)
"""What `Report` and what it holds name in their annotations."""


@dataclass(frozen=True, kw_only=True)
class SavedReport:
    """A report, and what made it."""

    report: Report
    made_by: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class SavedComparison:
    """A comparison, and what made it."""

    comparison: Comparison
    made_by: Mapping[str, str]


Saved: TypeAlias = SavedReport | SavedComparison


def load(path: Path) -> Mapping[str, Any]:
    """Return the parsed JSON of a saved file; that it can be shown is found out here too."""
    with context(str(path)):
        try:
            found = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f"is not JSON ({error})") from error
        understand(found)
    return found  # type: ignore[no-any-return]


def understand(found: object) -> Saved:
    """Return what parsed JSON says. Raises FileFormatError where it is something else."""
    kind = found.get("format") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or kind not in {REPORT, COMPARISON}:
        raise FileFormatError(
            f"format is {kind!r}, wanted {REPORT!r} (of parity-check) or {COMPARISON!r} (of memnet compare)"
        )
    if found.get("version") != VERSIONS[kind]:
        raise FileFormatError(
            f"version of {kind} is {found.get('version')!r}, this program reads {VERSIONS[kind]}; write it again"
        )
    made_by = decode(Mapping[str, str], found.get("made_by", {}), "made_by")
    if kind == REPORT:
        report: Report = decode(Report, found, "", NAMES)
        for table in report.scores:
            lists = {column.label: column.scores for column in table.columns}
            lists |= {} if table.truth is None else {"truth": table.truth}
            _sound(table.data, len(table.names), lists)
        return SavedReport(report=report, made_by=made_by)
    comparison: Comparison = decode(Comparison, found, "", NAMES)
    for data in comparison.data:
        cells = [
            one for one in comparison.cells if (one.data, one.split) == (data.name, data.split)
        ]
        lists = {one.model: one.scores for one in cells}
        _sound(str(data), data.n, lists | {"truth": data.truth})
    return SavedComparison(comparison=comparison, made_by=made_by)


def _sound(data: str, images: int, lists: Mapping[str, tuple[float, ...]]) -> None:
    """Raise FileFormatError unless every list has a finite number for each image."""
    for name, values in lists.items():
        if len(values) != images:
            raise FileFormatError(f"{data}: {name} has {len(values)} scores for {images} images")
        if not all(map(isfinite, values)):
            raise FileFormatError(f"{data}: {name} has a score that is no finite number")
