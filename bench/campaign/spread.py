"""How numbers lie: quartiles and the largest."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Of `count` numbers; quartiles as the least number that so many are not above, so each is one of them."""

    count: int
    quartile_1: int
    median: int
    quartile_3: int
    largest: int


def spread_of(values: Iterable[int]) -> Spread | None:
    """None for no numbers."""
    numbers = sorted(values)
    if not numbers:
        return None
    low, median, high = (int(np.percentile(numbers, part, method="inverted_cdf")) for part in (25, 50, 75))
    return Spread(len(numbers), low, median, high, numbers[-1])
