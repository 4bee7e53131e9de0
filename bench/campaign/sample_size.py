"""How many injections a margin of error needs."""

import math
from typing import Final

from scipy.special import ndtri

WORST_SHARE: Final = 0.5
"""The proportion for which the most are needed: nothing is presumed about the outcome."""


def normal_quantile(confidence: float) -> float:
    """The two-sided point of the standard normal distribution: 1.96 for 0.95."""
    return float(ndtri((1 + confidence) / 2))


def sample_size(population: int, margin: float, *, confidence: float, share: float = WORST_SHARE) -> int:
    """Injections out of `population` possible ones for a margin of error of a proportion.

    n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p))): R. Leveugle, A. Calvez, P. Maistri, P. Vanhauwaert, Statistical fault
    injection: quantified error and confidence, DATE 2009, equation 1, with the finite population's correction.
    """
    t = normal_quantile(confidence)
    return math.ceil(population / (1 + margin**2 * (population - 1) / (t**2 * share * (1 - share))))


def margin_of(injections: int, population: int, *, confidence: float, share: float = WORST_SHARE) -> float:
    """What so many injections reach: the same equation solved for e."""
    if population <= 1 or injections >= population:
        return 0.0
    t = normal_quantile(confidence)
    return t * math.sqrt(share * (1 - share) / injections * (population - injections) / (population - 1))
