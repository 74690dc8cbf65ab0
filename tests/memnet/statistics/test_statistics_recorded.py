"""Statistics on measured data: recorded scores of the released ResMem, MemCat's counts, LaMem's labels."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import recorded_scores as recorded
from scipy import stats

from memnet.statistics import compare, consistency, correlate, describe, spearman, summarize


@pytest.mark.parametrize(
    ("number", "count", "rho"), [(1, 375, 0.489), (2, 1104, 0.491), (3, 1670, 0.452)]
)
def test_resmem_and_hit_rates_correlate_as_recorded(
    shared: Path, number: int, count: int, rho: float
) -> None:
    data = recorded.human(number)
    assert len(data["resmem"]) == count
    found = spearman(data["resmem"], data["target_hr"])
    assert found == stats.spearmanr(data["resmem"], data["target_hr"]).statistic
    assert found == pytest.approx(rho, abs=6e-4)


@pytest.mark.parametrize(
    ("number", "r", "ratio"), [(1, 0.493, 0.83), (2, 0.545, 0.77), (3, 0.477, 1.02)]
)
def test_pearson_and_spread_are_the_collectors(
    shared: Path, number: int, r: float, ratio: float
) -> None:
    """Pearson's r with corrected recognition as the data's authors printed it."""
    data = recorded.human(number)
    corrected = summarize(data["resmem"], data["target_crr"], samples=0)
    rates = summarize(data["resmem"], data["target_hr"], samples=0)
    assert corrected.regression.pearson == pytest.approx(r, abs=6e-4)
    assert rates.gap.sd_ratio == pytest.approx(ratio, abs=5e-3)


def test_intervals_are_those_scipy_gave(shared: Path) -> None:
    """Of the middle set, with hits less false alarms."""
    data = recorded.human(2)
    found = correlate(data["resmem"], data["target_crr"])
    assert found.rho == pytest.approx(0.539, abs=5e-4)
    assert found.bootstrap is not None
    assert found.bonett_wright is not None
    assert (found.bootstrap.low, found.bootstrap.high) == pytest.approx((0.493, 0.580), abs=3e-3)
    assert (found.bonett_wright.low, found.bonett_wright.high) == pytest.approx(
        (0.492, 0.582), abs=5e-4
    )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_released_resmem_has_a_floor(shared: Path, number: int) -> None:
    found = describe(recorded.human(number)["resmem"])
    assert 0.4127 <= found.least <= 0.4129
    assert found.at_floor < 0.02


def test_whole_summary_is_scipys_on_recorded_scores(shared: Path) -> None:
    data = recorded.human(3)
    scores, truth = data["resmem"], data["target_hr"]
    found = summarize(scores, truth, samples=0)
    line = stats.linregress(scores, truth)
    assert found.regression.calibration_slope == pytest.approx(line.slope, rel=1e-12)
    assert found.regression.residual == pytest.approx(
        float(np.mean((truth - line.intercept - line.slope * scores) ** 2)), rel=1e-12
    )
    assert found.gap.ks == pytest.approx(stats.ks_2samp(scores, truth).statistic, rel=1e-14)
    assert found.gap.wasserstein == stats.wasserstein_distance(scores, truth)
    parts = found.regression
    assert parts.bias_squared + parts.spread_error + parts.residual == pytest.approx(
        found.errors.mse, rel=1e-12
    )


def test_halves_by_counts_give_memcats_published_consistency(shared: Path) -> None:
    table = recorded.columns(recorded.MEMCAT)
    hits, responses = (table[name].astype(float) for name in ("H", "n_resp"))
    found = consistency(hits, responses)
    assert found.rho == pytest.approx(0.776, abs=2e-3)
    assert found.sd < 3e-3
    assert found.spearman_brown == pytest.approx(0.874, abs=2e-3)
    assert found.ceiling == pytest.approx(0.93, abs=6e-3)


@pytest.mark.parametrize(
    ("number", "people", "corrected"), [(1, 0.54, 0.70), (2, 0.57, 0.73), (3, 0.41, 0.59)]
)
def test_halves_by_counts_are_near_halves_of_people(
    shared: Path, number: int, people: float, corrected: float
) -> None:
    """The collectors split people; halves drawn for each image alone come within 0.04 of that."""
    data = recorded.human(number)
    found = consistency(data["target_hit"], data["target_hit"] + data["target_miss"])
    assert found.rho == pytest.approx(people, abs=0.04)
    assert found.spearman_brown == pytest.approx(corrected, abs=0.04)


def test_labels_of_lamem_are_not_what_the_post_says(shared: Path) -> None:
    """0.754 and 0.124 by the data; the post's 0.725 and 0.15 were read off a plot."""
    labels = np.loadtxt(recorded.HUMAN / "lamem_scores_unnamed.txt")
    found = describe(labels[labels > 0])
    assert (found.n, found.least) == (58_505, 0.2)
    assert (found.mean, found.sd) == pytest.approx((0.7551, 0.1230), abs=1e-4)


def test_hit_rates_say_more_about_scores_than_counts_of_hits(shared: Path) -> None:
    """A comparison with a certain answer: the rate is the count freed of how many answered."""
    data = recorded.human(2)
    found = compare(data["target_hr"], data["target_hit"], data["resmem"])
    assert found.delta == pytest.approx(0.4912 - 0.3931, abs=2e-4)
    assert found.interval is not None
    assert found.interval.low > 0
    assert found.williams_t == pytest.approx(found.steiger_z, rel=0.03)


def test_ten_thousand_images_take_seconds() -> None:
    generator = np.random.default_rng(0)
    truth = np.round(generator.beta(8, 3, 10_000) * 38) / 38
    ours, theirs = truth + generator.normal(0, 0.2, (2, 10_000))
    start = time.process_time()
    found = compare(ours, theirs, truth, samples=2000)
    assert time.process_time() - start < 10
    assert found.interval is not None
    assert found.interval.low < 0 < found.interval.high
