"""Intervals of proportions, of weighted sums of them, and of the ratio of two such sums, at any confidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import betaincinv

from bench.campaign.sample_size import normal_quantile


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; `high` may be infinite."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Estimate":
        """Times a known number that is not negative."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


def wilson(count: int, trials: int, *, confidence: float) -> Estimate:
    """Score interval: E. B. Wilson, J. Am. Stat. Assoc. 22, 1927. Without a trial anything is possible: 0 to 1."""
    if trials == 0:
        return Estimate(math.nan, 0.0, 1.0)
    z2 = normal_quantile(confidence) ** 2
    share = count / trials
    centre = share + z2 / (2 * trials)
    half = math.sqrt(z2) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    scale = 1 + z2 / trials
    low = 0.0 if count == 0 else (centre - half) / scale
    high = 1.0 if count == trials else (centre + half) / scale
    return Estimate(share, low, high)


def clopper_pearson(count: int, trials: int, *, confidence: float) -> Estimate:
    """Exact interval, which never covers less than it says: C. J. Clopper, E. S. Pearson, Biometrika 26, 1934.

    As quantiles of beta distributions: L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science 16, 2001, 4.2.1.
    """
    if trials == 0:
        return Estimate(math.nan, 0.0, 1.0)
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(betaincinv(count, trials - count + 1, tail))
    high = 1.0 if count == trials else float(betaincinv(count + 1, trials - count, 1 - tail))
    return Estimate(count / trials, low, high)


def weighted_sum(parts: Sequence[tuple[float, Estimate]]) -> Estimate:
    """Of (weight, independent estimate): sum of weight times value. Weights are not negative.

    The limits are recovered from the parts' own by square-and-add: G. Y. Zou, A. Donner, Statistics in Medicine 27,
    2008; for proportions with Wilson's limits R. G. Newcombe, Statistics in Medicine 17, 1998, method 10.
    Where nothing is known of a part, the value is unknown, and the limits lie as far apart as that allows.
    """
    known = [(weight, part) for weight, part in parts if weight and not math.isnan(part.value)]
    unknown = [(weight, part) for weight, part in parts if weight and math.isnan(part.value)]
    value = math.fsum(weight * part.value for weight, part in known)
    low = value - math.hypot(*(weight * (part.value - part.low) for weight, part in known))
    high = value + math.hypot(*(weight * (part.high - part.value) for weight, part in known))
    low += math.fsum(weight * part.low for weight, part in unknown)
    high += math.fsum(weight * part.high for weight, part in unknown)
    return Estimate(math.nan if unknown else value, max(0.0, low), high)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """First minus second, independent: Newcombe 1998, method 10, as above."""
    value = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - below, value + above)


def ratio(first: Estimate, second: Estimate) -> Estimate:
    """First over second, independent and not negative; without an upper limit where the second may be 0.

    Fieller's form of square-and-add: A. Donner, G. Y. Zou, Statistical Methods in Medical Research 21, 2012, section 3.
    """
    a, b = first, second
    if math.isnan(a.value) or math.isnan(b.value) or a.value == b.value == 0:
        return Estimate(math.nan, 0.0, math.inf)
    product = a.value * b.value
    least, most = a.low * (2 * a.value - a.low), a.high * (2 * a.value - a.high)
    above, below = b.high * (2 * b.value - b.high), b.low * (2 * b.value - b.low)
    # The published (A - sqrt(A^2 - BC)) / C as B / (A + sqrt(A^2 - BC)), which also holds where C is not positive.
    low = least / (product + math.sqrt(max(0.0, product**2 - least * above))) if least > 0 else 0.0
    high = (product + math.sqrt(max(0.0, product**2 - most * below))) / below if below > 0 else math.inf
    return Estimate(a.value / b.value if b.value else math.inf, low, high)
