"""95 % confidence intervals of proportions and of what is made of them.

All of them take rows as independent draws. Neighbouring rows of telemetry are alike, so that on a stream they are too
narrow: read them as the least uncertainty.
"""

import math
from typing import Final

Interval = tuple[float, float]

Z_95: Final = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def wilson(successes: int, trials: int) -> Interval:
    """Score interval of a proportion: E. B. Wilson, J. Am. Stat. Assoc. 22, 1927. Needs at least one trial."""
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} successes in {trials} trials is no proportion")
    share, z2 = successes / trials, Z_95 * Z_95
    centre = share + z2 / (2 * trials)
    half = Z_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    scale = 1 + z2 / trials
    low = 0.0 if successes == 0 else (centre - half) / scale
    high = 1.0 if successes == trials else (centre + half) / scale
    return low, high


def mean_of_proportions(*parts: tuple[int, int]) -> Interval:
    """Interval of the mean of independent proportions, each (successes, trials).

    The Wilson limits are joined by square-and-add (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10, for
    p1 - p2; for sums: G. Y. Zou and A. Donner, Statistics in Medicine 27, 2008).
    """
    shares = [successes / trials for successes, trials in parts]
    limits = [wilson(*part) for part in parts]
    below = math.hypot(*(share - low for share, (low, _) in zip(shares, limits, strict=True)))
    above = math.hypot(*(high - share for share, (_, high) in zip(shares, limits, strict=True)))
    return (sum(shares) - below) / len(parts), (sum(shares) + above) / len(parts)


def f1_interval(tp: int, fp: int, fn: int) -> Interval:
    """Interval of F1 = 2 TP / (2 TP + FP + FN).

    F1 = 2 J / (1 + J) with J = TP / (TP + FP + FN), and TP is binomial once TP + FP + FN is given: so the limits are
    those of Wilson's interval for J, mapped. Compared with others by Lam, Gopal and Qian, arXiv:2309.14621, 2023.
    """
    low, high = wilson(tp, tp + fp + fn)
    return 2 * low / (1 + low), 2 * high / (1 + high)
