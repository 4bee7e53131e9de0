"""Intervals against independent references, and their coverage by simulation."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from bench.campaign.intervals import Estimate, clopper_pearson, difference, ratio, weighted_sum, wilson
from bench.measure.intervals import wilson as wilson_95

CASES = [(0, 1), (1, 1), (0, 30), (3, 30), (15, 30), (30, 30), (1, 1000), (999, 1000), (50, 400)]
SEED = 20261121


@pytest.mark.parametrize(("count", "trials"), CASES)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_both_intervals_are_those_of_scipy(count: int, trials: int, *, confidence: float) -> None:
    test = stats.binomtest(count, trials)
    for ours, wanted in (
        (wilson, test.proportion_ci(confidence, "wilson")),
        (clopper_pearson, test.proportion_ci(confidence, "exact")),
    ):
        found = ours(count, trials, confidence=confidence)
        assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
        assert found.value == count / trials


@pytest.mark.parametrize(("count", "trials"), CASES)
def test_wilson_is_that_of_the_accuracies(count: int, trials: int) -> None:
    found = wilson(count, trials, confidence=0.95)
    assert (found.low, found.high) == pytest.approx(wilson_95(count, trials), abs=1e-12)


def test_the_limits_of_the_exact_interval_have_the_tails_that_define_it() -> None:
    found = clopper_pearson(7, 60, confidence=0.9)
    assert stats.binom.sf(6, 60, found.low) == pytest.approx(0.05)
    assert stats.binom.cdf(7, 60, found.high) == pytest.approx(0.05)


def test_the_limits_of_wilson_solve_the_score_equation() -> None:
    z = stats.norm.ppf(0.975)
    found = wilson(7, 60, confidence=0.95)
    for limit in (found.low, found.high):
        assert abs(7 / 60 - limit) == pytest.approx(z * math.sqrt(limit * (1 - limit) / 60))


def test_without_a_trial_nothing_is_known() -> None:
    for interval in (wilson, clopper_pearson):
        found = interval(0, 0, confidence=0.95)
        assert math.isnan(found.value)
        assert (found.low, found.high) == (0.0, 1.0)


def test_a_weighted_sum_of_one_part_is_that_part() -> None:
    part = wilson(3, 40, confidence=0.95)
    found = weighted_sum([(5.0, part)])
    assert (found.value, found.low, found.high) == pytest.approx((5 * part.value, 5 * part.low, 5 * part.high))


def test_a_weighted_sum_is_newcombes_square_and_add() -> None:
    one, two = wilson(56, 70, confidence=0.95), wilson(48, 80, confidence=0.95)
    apart = difference(one, two)
    assert (apart.low, apart.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)  # Newcombe 1998, table II, method 10
    added = weighted_sum([(1.0, one), (1.0, two)])
    assert added.low == pytest.approx(added.value - math.hypot(one.value - one.low, two.value - two.low))
    assert added.high == pytest.approx(added.value + math.hypot(one.high - one.value, two.high - two.value))


def test_a_part_of_which_nothing_is_known_makes_the_value_unknown_and_the_limits_wide() -> None:
    known = wilson(5, 50, confidence=0.95)
    found = weighted_sum([(10.0, known), (2.0, wilson(0, 0, confidence=0.95))])
    assert math.isnan(found.value)
    assert (found.low, found.high) == pytest.approx((10 * known.low, 10 * known.high + 2))
    assert weighted_sum([(10.0, known), (0.0, wilson(0, 0, confidence=0.95))]).value == pytest.approx(1.0)


def test_a_ratio_solves_fiellers_equation() -> None:
    """The limits R are where the interval of first - R x second begins to hold 0, by the same square-and-add."""
    first, second = wilson(30, 200, confidence=0.95), wilson(60, 200, confidence=0.95)

    def upper_end(r: float) -> float:
        return difference(first, second.scaled(r)).high

    def lower_end(r: float) -> float:
        return difference(first, second.scaled(r)).low

    found = ratio(first, second)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(optimize.brentq(lower_end, 1e-6, 0.5), rel=1e-9)
    assert found.high == pytest.approx(optimize.brentq(upper_end, 0.5, 10), rel=1e-9)


def test_a_ratio_to_what_may_be_nothing_has_no_upper_limit() -> None:
    none, some = wilson(0, 100, confidence=0.95), wilson(20, 100, confidence=0.95)
    assert ratio(some, none).value == math.inf
    assert ratio(some, none).high == math.inf
    assert ratio(some, none).low == pytest.approx(math.sqrt(some.low * (2 * some.value - some.low)) / none.high)
    assert ratio(none, some).low == 0
    assert 0 < ratio(none, some).high < 1
    assert math.isnan(ratio(none, none).value)
    assert ratio(Estimate(math.nan, 0, 1), some).high == math.inf


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_coverage_of_single_proportions(share: float) -> None:
    """Exactly, by summing over all counts: Clopper-Pearson never below, Wilson near the nominal 95 %."""
    trials = 200
    weights = stats.binom.pmf(np.arange(trials + 1), trials, share)
    covered = {
        interval: sum(
            weight
            for count, weight in enumerate(weights)
            if interval(count, trials, confidence=0.95).low <= share <= interval(count, trials, confidence=0.95).high
        )
        for interval in (wilson, clopper_pearson)
    }
    assert covered[clopper_pearson] >= 0.95
    assert 0.92 < covered[wilson] < 0.99


@pytest.mark.parametrize("shares", [(0.3, 0.05, 0.6, 0.0), (0.02, 0.01, 0.05, 0.002)])
def test_coverage_of_the_stratified_estimate(shares: tuple[float, ...]) -> None:
    """1000 simulated campaigns with unequal weights and samples; four deviations of that many are 2.8 %."""
    rng = np.random.default_rng(SEED)
    print(f"seed {SEED}")
    weights, trials = (384.0, 1500.0, 64.0, 4000.0), (200, 400, 100, 400)
    truth = sum(weight * share for weight, share in zip(weights, shares, strict=True))
    covered = 0
    for _ in range(1000):
        counts = rng.binomial(trials, shares)
        parts = [wilson(int(count), size, confidence=0.95) for count, size in zip(counts, trials, strict=True)]
        found = weighted_sum(list(zip(weights, parts, strict=True)))
        covered += found.low <= truth <= found.high
    assert 920 <= covered <= 995


def test_coverage_of_difference_and_ratio_between_two_campaigns() -> None:
    rng = np.random.default_rng(SEED)
    print(f"seed {SEED}")
    weights, plain, guarded, size = np.array([384.0, 64.0]), (0.3, 0.6), (0.05, 0.6), 300
    truth = [float(weights @ np.array(shares)) for shares in (guarded, plain)]
    apart = times = 0
    for _ in range(1000):
        one, two = (
            weighted_sum(
                [(weight, wilson(int(rng.binomial(size, share)), size, confidence=0.95)) for weight, share in zip(weights, shares, strict=True)]  # noqa: E501 - one sum
            )
            for shares in (guarded, plain)
        )  # fmt: skip
        apart += difference(one, two).low <= truth[0] - truth[1] <= difference(one, two).high
        times += ratio(one, two).low <= truth[0] / truth[1] <= ratio(one, two).high
    assert 920 <= apart <= 985
    assert 920 <= times <= 985
