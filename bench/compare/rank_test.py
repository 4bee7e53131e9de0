"""The test for figures that vary: Mann-Whitney U, exact also with ties, and how far apart the two sets are.

Under the null hypothesis every way to deal the pooled ranks to the two sets is as likely (Mann and Whitney, Annals of
Mathematical Statistics 18, 1947). Ties get mid-ranks and the distribution is worked out for the ranks that there are,
so p needs no approximation. The shift is the median of all differences (Hodges and Lehmann, Annals of Mathematical
Statistics 34, 1963).
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ALPHA: Final = 0.01
"""For all measures of a comparison together (Holm, Scandinavian Journal of Statistics 6, 1979)."""
LEAST_SHIFT: Final = 0.02
"""Of the median before: a smaller one is not reported, however certain. Runs on a quiet machine differ by as much."""
_EXACT_UP_TO: Final = 60
"""Runs of both sides together; beyond them scipy's approximation is used."""


@dataclass(frozen=True)
class RankTest:
    """`p` is two-sided; `shift` is after minus before; `dominance` is Cliff's delta, from -1 to 1."""

    p: float
    shift: float
    dominance: float


def rank_test(before: Sequence[float], after: Sequence[float]) -> RankTest:
    """Whether one set is above the other. All values are finite, and neither set is empty."""
    differences = [new - old for old in before for new in after]
    dominance = sum((difference > 0) - (difference < 0) for difference in differences) / len(differences)
    if len(before) + len(after) > _EXACT_UP_TO:
        from scipy.stats import mannwhitneyu  # noqa: PLC0415 - a third of a second, for many repeats alone

        p = float(mannwhitneyu(before, after, alternative="two-sided", method="asymptotic").pvalue)
        p = 1.0 if math.isnan(p) else p
    else:
        p = _exact_p(before, after)
    return RankTest(p, statistics.median(differences), dominance)


def least_p(before: int, after: int) -> float:
    """The smallest p that so many runs without ties can have."""
    return min(1.0, 2 / math.comb(before + after, after))


def enough_repeats(tests: int) -> int:
    """How many runs each side needs so that the most certain of so many tests can be significant."""
    runs = 2
    while least_p(runs, runs) > ALPHA / max(1, tests):
        runs += 1
    return runs


def significant(ps: Sequence[float], *, alpha: float = ALPHA) -> list[bool]:
    """By Holm's procedure, in the order given: the chance that any is named by chance is at most alpha."""
    found = [False] * len(ps)
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda place: ps[place])):
        if ps[index] > alpha / (len(ps) - rank):
            break
        found[index] = True
    return found


def _exact_p(before: Sequence[float], after: Sequence[float]) -> float:
    """How many ways of dealing have a rank sum at least as far from its mean, of all ways."""
    ranks = _double_ranks([*before, *after])
    sums: list[dict[int, int]] = [{0: 1}, *({} for _ in after)]
    for count, rank in enumerate(ranks):
        for size in range(min(count, len(after) - 1), -1, -1):
            larger = sums[size + 1]
            for total, ways in sums[size].items():
                larger[total + rank] = larger.get(total + rank, 0) + ways
    whole = len(ranks)
    centre = len(after) * (whole + 1)  # twice the mean rank sum
    seen = abs(sum(ranks[len(before) :]) - centre)
    extreme = sum(ways for total, ways in sums[len(after)].items() if abs(total - centre) >= seen)
    return extreme / math.comb(whole, len(after))


def _double_ranks(values: Sequence[float]) -> list[int]:
    """Twice the mid-rank of each value, which is whole."""
    ordered = sorted(values)
    first: dict[float, int] = {}
    last: dict[float, int] = {}
    for place, value in enumerate(ordered, start=1):
        first.setdefault(value, place)
        last[value] = place
    return [first[value] + last[value] for value in values]
