"""Calibrations: the published formula, fits against scipy, and no fit on what is tested on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp, linregress, spearmanr

from converter.errors import FileFormatError
from memnet.calibration import (
    Ganalyze,
    Linear,
    Quantile,
    Raw,
    fit,
    load_calibration,
    save_calibration,
)
from memnet.data import DataSet, Item

GENERATOR = np.random.default_rng(8)
TRUTH = np.clip(GENERATOR.normal(0.755, 0.12, 800), 0, 1)
SCORES = (0.74 + 0.02 * (TRUTH - 0.755) + GENERATOR.normal(0, 0.002, 800)).astype(np.float32)


def data(split: str = "val_3", truth: np.ndarray = TRUTH) -> DataSet:
    rows = [
        Item(path=Path(str(at)), name=str(at), score=float(score)) for at, score in enumerate(truth)
    ]
    return DataSet("LaMem", tuple(rows), split=split)


def test_raw_changes_nothing() -> None:
    scores = np.array([[-0.5, 1.5]], np.float32)
    found = Raw()(scores)
    assert (found.dtype, found.tolist()) == (np.float64, scores.tolist())


def test_ganalyze_is_its_published_line() -> None:
    found = Ganalyze()(np.array([0.7626, 0.8626, 0.3, 0.99]))
    np.testing.assert_allclose(found, [0.65, 0.85, 0, 1], rtol=0, atol=1e-15)


def test_linear_is_scipys_regression() -> None:
    found = fit("linear", SCORES, data())
    theirs = linregress(SCORES.astype(float), TRUTH)
    assert isinstance(found, Linear)
    assert (found.slope, found.intercept) == pytest.approx(
        (theirs.slope, theirs.intercept), rel=1e-9
    )
    assert found.fitted_on == "LaMem val_3, 800 images"
    assert found(np.array([-9.0, 9.0])).tolist() == [0, 1]


def test_quantile_gives_the_truths_distribution_and_keeps_the_order() -> None:
    found = fit("quantile", SCORES, data())(SCORES)
    assert ks_2samp(found, TRUTH, method="asymp").statistic < 0.015
    assert spearmanr(found, SCORES).statistic > 0.9999
    assert (found.min(), found.max()) == pytest.approx((TRUTH.min(), TRUTH.max()))


def test_quantile_of_many_ties_rises() -> None:
    scores = np.round(SCORES, 2)
    found = fit("quantile", scores, data())
    assert isinstance(found, Quantile)
    assert len(found.scores) < 20
    assert np.all(np.diff(found(np.unique(scores))) >= 0)


@pytest.mark.parametrize("kind", ["linear", "quantile"])
def test_fit_comes_back_from_its_file(kind: str, tmp_path: Path) -> None:
    given = fit(kind, SCORES, data())
    save_calibration(given, tmp_path / "c.json")
    assert load_calibration(tmp_path / "c.json") == given


@pytest.mark.parametrize("kind", [Raw, Ganalyze])
def test_unfitted_ones_go_by_name_or_file(kind: type, tmp_path: Path) -> None:
    save_calibration(kind(), tmp_path / "c.json")
    assert load_calibration(tmp_path / "c.json") == load_calibration(kind.kind) == kind()


@pytest.mark.parametrize("split", ["test_1", "train_1", "full", ""])
def test_fit_on_anything_but_validation_is_refused(split: str) -> None:
    with pytest.raises(ValueError, match=r"fitted on a validation split, found .* of LaMem"):
        fit("linear", SCORES, data(split))


@pytest.mark.parametrize(
    ("scores", "match"),
    [
        (SCORES[1:], "799 scores for 800 images"),
        (np.full(800, 0.7), "finite and not all equal"),
        (np.where(SCORES > 0.74, np.nan, SCORES), "finite and not all equal"),
        (-SCORES, "the truth does not rise with the scores"),
    ],
)
def test_scores_that_fit_nothing_are_refused(scores: np.ndarray, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        fit("linear", scores, data())


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({"kind": "isotonic"}, "is no calibration of this tool"),
        ({"kind": "linear", "slope": 1}, "is no calibration .*intercept"),
        ({"kind": "linear", "slope": -1, "intercept": 0}, "does not rise"),
        ({"kind": "quantile", "scores": [0, 1], "truths": [1, 0]}, "rising in both"),
        ([], "is no calibration"),
    ],
)
def test_odd_file_is_refused(content: object, match: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match=match):
        load_calibration(tmp_path / "c.json")


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="a calibration is raw, ganalyze or a saved file"):
        load_calibration(tmp_path / "none.json")
