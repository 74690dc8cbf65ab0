"""`Tally` and `BlobRow` against the same figures worked out on whole arrays."""

from __future__ import annotations

import numpy as np
import pytest

from converter.compare import relative_difference
from validation.net.blobs import BlobRow, Place, Tally

PLACE = Place(blob="b", layer="c", type="Convolution", depth=3)
SHAPE = (3, 5, 7)


def row(*parts: tuple[np.ndarray, np.ndarray, np.ndarray | None], judge: str = "opencv") -> BlobRow:
    tally = Tally(SHAPE if len(parts) == 1 else (len(parts), *SHAPE))
    for at, (port, theirs, truth) in enumerate(parts):
        tally.add(port, theirs, truth, None, (at,) if len(parts) > 1 else ())
    return tally.row(PLACE, judge, 1e-5)


@pytest.fixture
def arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    truth = random.normal(scale=40, size=SHAPE)
    port = (truth + random.normal(scale=1e-4, size=SHAPE)).astype(np.float32)
    return port, (truth + random.normal(scale=1e-3, size=SHAPE)).astype(np.float32), truth


def test_figures_are_those_of_whole_arrays(arrays: tuple[np.ndarray, ...]) -> None:
    port, theirs, truth = arrays
    gap = np.abs(port.astype(float) - theirs)
    found = row(arrays)
    assert found.largest == gap.max()
    assert found.mean == pytest.approx(gap.mean())
    assert found.relative == pytest.approx(gap.max() / np.abs(theirs).max())
    assert found.steps == pytest.approx(gap.max() / np.spacing(np.abs(theirs).max()))
    assert found.worst == np.unravel_index(gap.argmax(), SHAPE)
    assert (found.port_value, found.judge_value) == (port[found.worst], theirs[found.worst])
    scale = np.abs(truth).max()
    assert found.port_error == pytest.approx(np.abs(port - truth).max() / scale)
    assert found.judge_error == pytest.approx(np.abs(theirs - truth).max() / scale)
    assert found.ratio == pytest.approx(np.abs(port - truth).max() / np.abs(theirs - truth).max())
    assert (found.elements, found.shape, found.depth, found.passed) == (105, SHAPE, 3, False)


def test_forwards_add_up(arrays: tuple[np.ndarray, ...]) -> None:
    port, theirs, truth = arrays
    further = port.copy()
    further[2, 4, 6] += 1
    found = row((port, theirs, truth), (further, theirs, truth), (port, theirs, truth))
    assert found.worst == (1, 2, 4, 6)
    assert found.shape == (3, *SHAPE)
    assert found.elements == 315
    assert found.largest == abs(float(further[2, 4, 6]) - theirs[2, 4, 6])


def test_places_are_of_the_whole_blob() -> None:
    tally = Tally(SHAPE)
    at = np.array([104, 0, 36])
    tally.add(np.array([1.0, 2.0, 5.0]), np.array([1.0, 2.0, 4.0]), None, at)
    found = tally.row(PLACE, "few.npz", 1e-5)
    assert found.worst == (1, 0, 1)
    assert (found.port_value, found.judge_value, found.elements) == (5.0, 4.0, 3)
    assert found.port_error is None
    assert found.ratio is None


def test_reference_is_not_weighed_against_itself(arrays: tuple[np.ndarray, ...]) -> None:
    port, _, truth = arrays
    found = row((port, truth, truth), judge="reference")
    assert found.port_error == pytest.approx(found.relative)
    assert found.judge_error is None
    assert found.ratio is None


def test_judge_is_credited_with_a_float32_step(arrays: tuple[np.ndarray, ...]) -> None:
    port, _, truth = arrays
    assert row((port, truth, truth)).judge_error == 2.0**-23


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_must_stand_in_the_same_places(
    arrays: tuple[np.ndarray, ...], value: float
) -> None:
    port, _, truth = arrays
    port[1, 2, 3] = value
    found = row((port, port.copy(), truth))
    assert (found.relative, found.passed) == (0.0, True)
    other = port.copy()
    other[1, 2, 3] = 1.0
    for pair in ((port, other), (other, port)):
        found = row((*pair, truth))
        assert found.relative == np.inf
        assert not found.passed
        assert found.worst == (1, 2, 3)


def test_absent_blob_is_infinitely_far() -> None:
    tally = Tally(SHAPE)
    tally.miss()
    found = tally.row(PLACE, "opencv", 1e-5)
    assert (found.relative, found.largest, found.worst) == (np.inf, np.inf, ())
    assert np.isnan(found.port_value)
    assert found.detail == "the port has no such blob"
    tally.miss((3, 5, 6))
    assert tally.row(PLACE, "opencv", 1e-5).detail == (
        "the port gives the shape (3, 5, 6), opencv (3, 5, 7)"
    )


def test_zeros_and_nothing_at_all_are_equal() -> None:
    zeros = np.zeros(SHAPE)
    assert row((zeros, zeros, zeros)).passed
    tally = Tally((0, 7))
    tally.add(np.zeros((0, 7)), np.zeros((0, 7)), None)
    assert tally.row(PLACE, "opencv", 1e-5).passed


def test_detail_says_where_and_who_is_nearer_to_the_truth(arrays: tuple[np.ndarray, ...]) -> None:
    port, theirs, _ = arrays
    detail = row(arrays).detail
    assert detail.startswith("worst at (")
    assert "float32 steps; from float64 " in detail
    assert "opencv's own error" in detail
    assert "worst" not in row((port, port, None)).detail
    del theirs


def test_error_of_whoever_has_no_number_where_the_truth_has_one_is_infinite() -> None:
    truth = np.array([1.0, -np.inf, 3.0])
    right = truth.astype(np.float32)
    odd = np.array([1.0, -5.0, 3.0], np.float32)
    found = Tally((3,))
    found.add(odd, right, truth)
    row = found.row(PLACE, "opencv", 1e-5)
    assert (row.port_error, row.judge_error, row.ratio) == (np.inf, 2.0**-23, None)
    assert (row.worst, row.port_value, row.judge_value) == ((1,), -5.0, -np.inf)


def test_one_step_of_a_subnormal_number_is_no_difference() -> None:
    truth = np.array([3.8e-44])  # as of a sigmoid of -100
    port = np.spacing(np.float32(0)) * np.array([28.0], np.float32)
    found = Tally((1,))
    found.add(port, truth, truth)
    assert found.row(PLACE, "reference", 1e-5).passed
    assert relative_difference(port, truth) < 1e-5
