"""The table of a sweep: the best trial first."""

from __future__ import annotations

from memnet.sweep.table import Curve, Row, best_first


def row(number: int, *spearman: float | None) -> Row:
    curve = Curve(epochs=tuple(range(1, len(spearman) + 1)), spearman=spearman)
    return Row(number=number, state="complete", values={}, curve=curve, folder=str(number))


def test_a_correlation_of_zero_is_one() -> None:
    """It was taken for none, and stood below what is worse."""
    rows = best_first([row(0, None), row(1, -0.3), row(2, 0.0), row(3, 0.1, 0.5), row(4)])
    assert [each.number for each in rows] == [3, 2, 1, 0, 4]
