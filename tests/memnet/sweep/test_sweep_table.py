"""The table of a sweep: the best trial first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from memnet.sweep import draw_runs
from memnet.sweep.table import Curve, Row, best_first, to_text


def row(number: int, *spearman: float | None) -> Row:
    curve = Curve(epochs=tuple(range(1, len(spearman) + 1)), spearman=spearman)
    return Row(number=number, state="complete", values={}, curve=curve, folder=str(number))


def test_a_correlation_of_zero_is_one() -> None:
    """It was taken for none, and stood below what is worse."""
    rows = best_first([row(0, None), row(1, -0.3), row(2, 0.0), row(3, 0.1, 0.5), row(4)])
    assert [each.number for each in rows] == [3, 2, 1, 0, 4]


def test_generated_data_are_named_in_table_and_picture(tmp_path: Path) -> None:
    """Neither said that nobody had measured them, nor that a run is missing."""
    rows = [row(1, 0.1, 0.3), row(2, None)]
    assert "SYNTHETIC" not in to_text(rows) + draw_runs(rows, tmp_path / "a.svg").read_text()
    rows = [replace(each, synthetic=True) for each in rows]
    assert "SYNTHETIC" in to_text(rows)
    title = "Spearman correlation on the validation images (SYNTHETIC); 1 of 2 runs have none"
    assert title in draw_runs(rows, tmp_path / "b.svg").read_text()
