"""A distribution of counts in bounded memory, which can be merged and saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

DISTINCT: Final = 2048
"""Distinct values that are kept as they are: more than a repeatable operation has on an emulator that counts."""
_SIGNIFICANT_BITS: Final = 7
RELATIVE_ERROR: Final = 2.0**-(_SIGNIFICANT_BITS)
"""Of a percentile once there were more distinct values: a bucket is [m, m + 1) * 2^e with 2^6 <= m < 2^7, and its
middle is shown, so that the error is half of 2^-6."""
LARGEST: Final = (1 << 63) - 1
"""A count beyond it is taken for it; the meter's have 32 bits."""


@dataclass
class Histogram:
    """Percentiles are exact while `exact`, else within RELATIVE_ERROR; count, minimum, maximum, sum always are."""

    counts: dict[int, int] = field(default_factory=dict)
    """Value, or lower end of its bucket, -> how often."""
    exact: bool = True
    count: int = 0
    total: int = 0
    minimum: int = 0
    maximum: int = 0

    def add(self, values: Iterable[int]) -> None:
        """Count values."""
        self._add(Counter(values))

    def merge(self, other: Histogram) -> None:
        """Count what `other` has counted: the same as if all had been added to one."""
        if not other.count:
            return
        if self.exact and not other.exact:
            self._coarsen()
        low = min(self.minimum, other.minimum) if self.count else other.minimum
        high, total = max(self.maximum, other.maximum), self.total + other.total
        self._add(Counter(other.counts))
        self.minimum, self.maximum, self.total = low, high, total  # of the values, not of their buckets

    def _add(self, new: Counter[int]) -> None:
        if not new:
            return
        if min(new) < 0 or max(new) > LARGEST:
            new = _clamped(new)
        low = min(new)
        self.minimum = min(self.minimum, low) if self.count else low
        self.maximum = max(self.maximum, *new)
        self.total += sum(value * number for value, number in new.items())
        self.count += new.total()
        for value, number in new.items():
            key = value if self.exact else bucket_floor(value)
            self.counts[key] = self.counts.get(key, 0) + number
        if self.exact and len(self.counts) > DISTINCT:
            self._coarsen()

    def _coarsen(self) -> None:
        self.exact = False
        buckets: dict[int, int] = {}
        for value, number in self.counts.items():
            floor = bucket_floor(value)
            buckets[floor] = buckets.get(floor, 0) + number
        self.counts = buckets

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    def percentile(self, percent: int) -> int | None:
        """Nearest rank, as docs/measures.md has it; None of no values."""
        rank = -(-percent * self.count // 100)
        for value in sorted(self.counts):
            rank -= self.counts[value]
            if rank <= 0:
                middle = value if self.exact else (value + bucket_end(value) - 1) // 2
                return min(max(middle, self.minimum), self.maximum)
        return None


def bucket_floor(value: int) -> int:
    """The lower end of the bucket that a value is in."""
    shift = max(0, value.bit_length() - _SIGNIFICANT_BITS)
    return value >> shift << shift


def bucket_end(floor: int) -> int:
    """The first value behind the bucket that begins at `floor`."""
    return floor + (1 << max(0, floor.bit_length() - _SIGNIFICANT_BITS))


def _clamped(values: Counter[int]) -> Counter[int]:
    clamped: Counter[int] = Counter()
    for value, number in values.items():
        clamped[min(max(value, 0), LARGEST)] += number
    return clamped
