"""Confidence intervals, against their direct formulas and against simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure.intervals import Z_95, f1_interval, mean_of_proportions, wilson

PARTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(PARTS)
def test_wilson_limits_solve_the_score_equation(part: tuple[int, int]) -> None:
    """|p - limit| = z sqrt(limit (1 - limit) / n) defines them (Wilson 1927)."""
    successes, trials = part
    for limit in wilson(successes, trials):
        error = abs(successes / trials - limit) - Z_95 * math.sqrt(max(0.0, limit * (1 - limit)) / trials)
        assert abs(error) < 1e-7 or (limit in (0.0, 1.0) and limit == successes / trials)


def test_wilson_gives_the_published_values() -> None:
    """Newcombe, Statistics in Medicine 17, 1998 (part I), table I, method 3."""
    for (successes, trials), expected in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson(successes, trials) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 3), (4, 3), (0, 0)])
def test_what_is_no_proportion_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} successes in {trials} trials is no proportion"):
        wilson(successes, trials)


@given(PARTS, PARTS)
def test_the_interval_of_a_mean_holds_the_mean_and_stays_in_range(a: tuple[int, int], b: tuple[int, int]) -> None:
    low, high = mean_of_proportions(a, b)
    assert -1e-12 <= low <= (a[0] / a[1] + b[0] / b[1]) / 2 <= high <= 1 + 1e-12
    assert mean_of_proportions(b, a) == pytest.approx((low, high))


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 300))
def test_the_f1_interval_holds_f1(tp: int, fp: int, fn: int) -> None:
    low, high = f1_interval(tp, fp, fn)
    assert 0 <= low <= 2 * tp / (2 * tp + fp + fn) + 1e-12
    assert 2 * tp / (2 * tp + fp + fn) - 1e-12 <= high <= 1


@pytest.mark.parametrize(
    ("recall", "specificity", "positives", "negatives"),
    [(0.9, 0.8, 105, 53), (0.5, 0.5, 40, 40), (0.97, 0.7, 500, 30)],
)
def test_the_intervals_cover_the_truth_19_times_of_20(
    recall: float, specificity: float, positives: int, negatives: int
) -> None:
    """Brute force: 4000 draws; the bound is 4 standard errors of a share plus what the approximations may lack."""
    random = np.random.default_rng(7)
    draws, share = 4000, positives / (positives + negatives)
    balanced_true = (recall + specificity) / 2
    f1_true = 2 * recall * share / (2 * recall * share + (1 - specificity) * (1 - share) + (1 - recall) * share)
    balanced_hits = f1_hits = 0
    for _ in range(draws):
        n_positive = int(random.binomial(positives + negatives, share))
        n_negative = positives + negatives - n_positive
        tp, tn = int(random.binomial(n_positive, recall)), int(random.binomial(n_negative, specificity))
        low, high = mean_of_proportions((tp, n_positive), (tn, n_negative))
        balanced_hits += low <= balanced_true <= high
        low, high = f1_interval(tp, n_negative - tn, n_positive - tp)
        f1_hits += low <= f1_true <= high
    print(f"coverage: balanced accuracy {balanced_hits / draws:.3f}, F1 {f1_hits / draws:.3f}")
    assert 0.925 <= balanced_hits / draws <= 0.98
    assert 0.925 <= f1_hits / draws <= 0.98
