"""Statistics against scipy on every kind of input, and against worked examples in print."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from memnet.statistics import (
    Splits,
    compare,
    consistency,
    correlate,
    describe,
    over_splits,
    spearman,
    summarize,
)
from memnet.statistics.paired import steiger_z, williams_t
from memnet.statistics.resampling import resampled

GENERATOR = np.random.default_rng(21)
TRUTH = np.round(np.clip(GENERATOR.normal(0.755, 0.12, 301), 0.2, 1) * 38) / 38
SCORES = 0.7 + 0.3 * (TRUTH - 0.755) + GENERATOR.normal(0, 0.03, 301)
OTHERS = np.round(0.7 + 0.2 * (TRUTH - 0.755) + GENERATOR.normal(0, 0.03, 301), 2)
FLAT = np.full(301, 0.7, np.float32)


@pytest.mark.parametrize("scores", [SCORES, OTHERS, -SCORES, SCORES.astype(np.float32)])
def test_spearman_is_scipys_with_ties(scores: np.ndarray) -> None:
    assert spearman(scores, TRUTH) == stats.spearmanr(scores, TRUTH).statistic
    assert spearman(scores.tolist(), tuple(TRUTH)) == spearman(scores, TRUTH)


@pytest.mark.parametrize("n", [2, 5, 24, 398])
def test_perfect_order_is_a_correlation_of_one_and_has_no_bonett_wright(n: int) -> None:
    """scipy rounds to the number before 1, whose interval was a point beside it."""
    found = correlate(0.1 * np.arange(n), 0.3 * np.arange(n), samples=0)
    assert (found.rho, found.bonett_wright) == (1.0, None)
    assert spearman(0.1 * np.arange(n), -0.3 * np.arange(n)) == -1.0
    almost = np.arange(100_000.0)
    almost[:2] = almost[1::-1]
    assert spearman(almost, np.arange(100_000)) < 1


def test_constant_spreads_by_nothing() -> None:
    """The mean of equal numbers is a rounding away from them."""
    found = summarize([0.1] * 7, np.arange(7) / 7)
    assert (found.scores.sd, found.gap.sd_ratio) == (0.0, 0.0)


def test_constant_has_no_correlation() -> None:
    found = correlate(FLAT, TRUTH)
    assert (found.n, found.rho, found.bootstrap, found.bonett_wright) == (301, None, None, None)
    assert spearman(TRUTH, FLAT) is None
    assert spearman([0.5], [0.5]) is None
    paired = asdict(compare(FLAT, SCORES, TRUTH))
    assert paired.pop("n") == 301
    assert set(paired.values()) == {None}


def test_resampled_ranks_are_scipys_on_the_same_draws() -> None:
    found = resampled(TRUTH, [SCORES, OTHERS], 40, seed=5)
    draws = np.random.default_rng(5)
    for row in found:
        drawn = draws.integers(0, 301, 301)
        theirs = [stats.spearmanr(one[drawn], TRUTH[drawn]).statistic for one in (SCORES, OTHERS)]
        np.testing.assert_allclose(row, theirs, rtol=0, atol=1e-13)


def test_bootstrap_interval_is_scipys() -> None:
    theirs = stats.bootstrap(
        (OTHERS, TRUTH),
        lambda a, b: stats.spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    found = correlate(OTHERS, TRUTH).bootstrap
    assert found is not None
    # The quantile of 2,000 resamples has a standard error of about 0.06 standard errors of rho, here 0.0025.
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
    assert (found.level, found.method) == (0.95, "percentile bootstrap")


def test_bootstrap_repeats_by_its_seed_and_can_be_left_out() -> None:
    assert correlate(SCORES, TRUTH, seed=3) == correlate(SCORES, TRUTH, seed=3)
    assert correlate(SCORES, TRUTH, seed=3) != correlate(SCORES, TRUTH, seed=4)
    found = correlate(SCORES, TRUTH, samples=0)
    assert found.bootstrap is None
    assert found.bonett_wright is not None


def test_resamples_without_a_correlation_are_left_out() -> None:
    assert np.isnan(resampled(np.array([0.1, 0.2]), [np.array([0.3, 0.4])], 50, 0)).any()
    found = correlate([0.3, 0.4], [0.1, 0.2])
    assert found.rho == pytest.approx(1)
    assert found.bootstrap is not None
    assert (found.bootstrap.low, found.bonett_wright) == (1, None)


def test_bonett_wright_by_hand() -> None:
    """Nine ranks with squared differences of 60 in all: rho is 1/2, z 0.5493, its error sqrt(1.125 / 6)."""
    found = correlate([5, 2, 1, 3, 4, 0, 8, 7, 6], range(9), samples=0)
    assert found.rho == pytest.approx(0.5)
    assert found.bonett_wright is not None
    interval = (found.bonett_wright.low, found.bonett_wright.high)
    assert interval == pytest.approx((-0.290748, 0.884918), abs=1e-6)


def test_bonett_wright_covers_as_often_as_it_says() -> None:
    generator, wanted, hits = np.random.default_rng(0), 0.6, 0
    of_normal = 2 * np.sin(np.pi * wanted / 6)  # Pearson's r whose rank correlation is 0.6
    for _ in range(1000):
        pair = generator.multivariate_normal([0, 0], [[1, of_normal], [of_normal, 1]], 80)
        interval = correlate(pair[:, 0], pair[:, 1], samples=0).bonett_wright
        assert interval is not None
        hits += interval.low < wanted < interval.high
    assert 0.93 < hits / 1000 < 0.97  # binomial standard error 0.007


def test_distribution_is_numpys_and_scipys() -> None:
    found, gap = describe(SCORES), summarize(SCORES, TRUTH, samples=0).gap
    assert (found.mean, found.sd) == pytest.approx((SCORES.mean(), SCORES.std()), rel=1e-14)
    assert found.iqr == pytest.approx(stats.iqr(SCORES), rel=1e-12)
    assert found.quantiles["5"] == pytest.approx(stats.scoreatpercentile(SCORES, 5), rel=1e-12)
    assert list(found.quantiles) == ["1", "5", "25", "50", "75", "95", "99"]
    assert gap.ks == pytest.approx(stats.ks_2samp(SCORES, TRUTH).statistic, rel=1e-14)
    assert gap.wasserstein == stats.wasserstein_distance(SCORES, TRUTH)
    assert gap.iqr_ratio == pytest.approx(stats.iqr(SCORES) / stats.iqr(TRUTH), rel=1e-12)
    assert gap.sd_ratio == pytest.approx(np.std(SCORES) / np.std(TRUTH), rel=1e-12)
    assert gap.mean_shift == pytest.approx(np.mean(SCORES) - np.mean(TRUTH), rel=1e-12)


def test_floor_is_the_share_beside_the_least() -> None:
    assert describe([0.411, 0.4115, 0.4119, 0.4121, 0.9]).at_floor == 0.6
    assert describe([0.5]).at_floor == 1


@pytest.mark.parametrize("scores", [SCORES, OTHERS, -SCORES, FLAT, TRUTH])
def test_error_is_the_sum_of_its_parts(scores: np.ndarray) -> None:
    found = summarize(scores, TRUTH, samples=0)
    parts = found.regression.bias_squared, found.regression.spread_error, found.regression.residual
    mse = float(np.mean((np.asarray(scores, float) - TRUTH) ** 2))
    assert sum(parts) == pytest.approx(mse, rel=1e-12, abs=1e-17)
    assert found.errors.mse == pytest.approx(mse, rel=1e-15)
    assert found.errors.rmse == pytest.approx(mse**0.5, rel=1e-15)
    assert found.errors.r2 == pytest.approx(1 - mse / TRUTH.var(), rel=1e-12)


@pytest.mark.parametrize("scores", [SCORES, OTHERS, -SCORES])
def test_slopes_are_scipys_regressions(scores: np.ndarray) -> None:
    found = summarize(scores, TRUTH, samples=0).regression
    shrinkage, calibration = stats.linregress(TRUTH, scores), stats.linregress(scores, TRUTH)
    assert found.pearson == pytest.approx(stats.pearsonr(scores, TRUTH).statistic, rel=1e-12)
    assert found.shrinkage_slope == pytest.approx(shrinkage.slope, rel=1e-12)
    assert found.shrinkage_slope == pytest.approx(
        shrinkage.rvalue * scores.std() / TRUTH.std(), rel=1e-12
    )
    assert found.calibration_slope == pytest.approx(calibration.slope, rel=1e-12)
    assert found.calibration_intercept == pytest.approx(calibration.intercept, rel=1e-12)


def test_concordance_is_one_for_the_truth_alone() -> None:
    def ccc(scores: np.ndarray) -> float | None:
        return summarize(scores, TRUTH, samples=0).regression.ccc

    assert ccc(TRUTH) == pytest.approx(1)
    assert ccc(2 * TRUTH.mean() - TRUTH) == pytest.approx(-1)
    assert ccc(FLAT) == pytest.approx(0, abs=1e-12)


def test_deciles_hold_every_image_once_in_the_order_of_truth() -> None:
    found = summarize(SCORES, TRUTH, samples=0).regression.deciles
    assert sum(one.n for one in found) == 301
    assert all(one.high < other.low for one, other in pairwise(found))
    mae = sum(one.n * one.mae for one in found) / 301
    assert mae == pytest.approx(np.abs(SCORES - TRUTH).mean(), rel=1e-12)
    means, _, _ = stats.binned_statistic(
        np.arange(100) + 0.5, np.arange(100), "mean", bins=10, range=(0, 100)
    )
    plain = summarize(np.full(100, 50.0), np.arange(100), samples=0).regression.deciles
    assert [one.truth for one in plain] == means.tolist()
    assert [one.n for one in summarize([0.5] * 9, [1.0] * 9).regression.deciles] == [9]


def test_collapsed_scores_are_flagged_and_shrunk_ones_are_not() -> None:
    line = stats.linregress(SCORES, TRUTH)
    best = line.intercept + line.slope * SCORES
    assert not summarize(best, TRUTH, samples=0).regression.flagged
    assert summarize(0.7 + 0.01 * SCORES, TRUTH, samples=0).regression.flagged
    assert summarize(FLAT, TRUTH, samples=0).regression.flagged
    assert not summarize(FLAT, FLAT, samples=0).regression.flagged


def test_errors_above_half_leave_the_others_out() -> None:
    found = summarize([0.9, 0.6, 0.7], [0.5, 0.6, 0.8], samples=0)
    assert found.above_half is not None
    assert found.above_half.mae == pytest.approx(0.05)
    assert summarize([0.9], [0.5]).above_half is None


def test_williams_t_is_that_of_the_worked_examples() -> None:
    """Howell, Statistical Methods for Psychology: 0.80 and 0.72, 0.89 each other, 26 people; Steiger 1980, case A."""
    found = williams_t(0.80, 0.72, 0.89, 26)
    assert found is not None
    assert found == pytest.approx(1.361, abs=5e-4)
    assert 2 * stats.t.sf(found, 23) == pytest.approx(0.187, abs=5e-4)
    assert williams_t(0.4, 0.5, 0.1, 103) == pytest.approx(-0.89, abs=5e-3)
    assert steiger_z(0.4, 0.5, 0.1, 103) == pytest.approx(-0.89, abs=5e-3)


def test_both_tests_are_standard_where_two_models_are_equally_good() -> None:
    generator = np.random.default_rng(2)
    mixed = np.linalg.cholesky([[1, 0.6, 0.6], [0.6, 1, 0.7], [0.6, 0.7, 1]])
    found = []
    for _ in range(1500):
        truth, ours, theirs = (generator.standard_normal((200, 3)) @ mixed.T).T
        paired = compare(ours, theirs, truth, samples=0)
        found.append([paired.williams_t, paired.steiger_z, paired.williams_p, paired.steiger_p])
    t, z, t_p, z_p = np.array(found, float).T
    for values in (t, z):  # of ranks, whose correlations vary a little more than a normal sample's
        assert abs(values.mean()) < 0.1
        assert 0.93 < values.std() < 1.12
    np.testing.assert_allclose(t, z, rtol=0, atol=0.1)
    np.testing.assert_allclose(t_p, 2 * stats.t.sf(np.abs(t), 197), rtol=1e-12)
    np.testing.assert_allclose(z_p, 2 * stats.norm.sf(np.abs(z)), rtol=1e-12)


def test_paired_interval_is_of_differences_on_the_same_draws() -> None:
    found = compare(SCORES, OTHERS, TRUTH, samples=300, seed=9)
    draws, deltas = np.random.default_rng(9), []
    for _ in range(300):
        drawn = draws.integers(0, 301, 301)
        ours, theirs = (
            stats.spearmanr(one[drawn], TRUTH[drawn]).statistic for one in (SCORES, OTHERS)
        )
        deltas.append(ours - theirs)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        np.percentile(deltas, [2.5, 97.5]), abs=1e-12
    )
    wanted = [stats.spearmanr(one, TRUTH).statistic for one in (SCORES, OTHERS)]
    assert found.delta == pytest.approx(wanted[0] - wanted[1], abs=1e-15)


def test_model_against_itself_differs_by_nothing() -> None:
    found = compare(SCORES, 2 * SCORES, TRUTH)
    assert found.interval is not None
    assert (found.delta, found.interval.low, found.interval.high) == (0, 0, 0)
    assert (found.williams_t, found.steiger_z, found.williams_p) == (None, None, None)


def test_consistency_of_many_responses_is_the_theory() -> None:
    """Binomial answers about a spread of true rates: reliability of a half is signal / (signal + noise)."""
    generator = np.random.default_rng(4)
    rates = generator.beta(30, 10, 20_000)
    hits = generator.binomial(80, rates)
    found = consistency(hits, np.full(20_000, 80))
    noise = float(np.mean(rates * (1 - rates))) / 40
    assert found.rho == pytest.approx(rates.var() / (rates.var() + noise), abs=0.02)
    full = rates.var() / (rates.var() + noise / 2)
    assert (found.spearman_brown, found.ceiling) == pytest.approx((full, full**0.5), abs=0.02)
    assert (found.splits, 0 < found.sd < 0.005) == (25, True)
    assert found.ceiling == pytest.approx(
        float(spearman(hits / 80, rates) or 0), abs=0.02
    )  # what the ceiling means: the correlation of perfect scores


def test_splits_have_the_mean_and_spread_of_what_is_defined() -> None:
    values = [0.57, 0.55, 0.58, 0.56, 0.6]
    found = over_splits(values)
    assert (found.mean, found.sd) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert over_splits([None, 0.5]) == Splits(values=(None, 0.5), mean=0.5, sd=None)
    assert over_splits([]) == Splits(values=(), mean=None, sd=None)


NAN = np.where(np.arange(301) == 7, np.nan, SCORES)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: spearman(NAN, TRUTH), "scores: 1 of 301 are NaN or infinite, the first at 7"),
        (lambda: correlate(SCORES, TRUTH / 0.0), "truth: 301 of 301 are NaN or infinite"),
        (lambda: compare(SCORES, NAN, TRUTH), "theirs: 1 of 301"),
        (lambda: describe([]), r"scores must be one-dimensional .* found \(0,\)"),
        (lambda: describe([[0.5]]), r"one-dimensional .* found \(1, 1\)"),
        (lambda: summarize(SCORES, TRUTH[1:]), "found 301 scores, 300 truth"),
        (lambda: consistency([3, 2.5], [4, 4]), "must be whole numbers"),
        (lambda: consistency([5, 2], [4, 4]), "no more hits than responses"),
        (lambda: consistency([1, 0], [4, 1]), "needs two responses"),
        (lambda: consistency([1, 3], [4, 4], halves=1), "halves must be 2 at least, found 1"),
        (lambda: consistency([4, 4], [4, 4]), "consistency is undefined"),
        (lambda: over_splits([0.5, float("nan")]), "NaN or infinite"),
    ],
)
def test_what_cannot_be_computed_is_refused(call: Callable[[], object], match: str) -> None:
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=match):
        call()


def test_results_are_json() -> None:
    for found in (summarize(SCORES.astype(np.float32), TRUTH), compare(SCORES, OTHERS, TRUTH)):
        assert json.loads(json.dumps(asdict(found), allow_nan=False))[
            "n" if hasattr(found, "n") else "gap"
        ]


def test_importing_loads_neither_numpy_nor_scipy() -> None:
    code = "import memnet.statistics, sys; print({'numpy', 'scipy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
