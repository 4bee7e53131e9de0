"""Axes: from values to places, and where marks stand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_DECADES_OF_LOG: Final = 1.5
"""Orders of magnitude from which on a logarithmic axis shows more."""


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high`, which differ, as places from 0 to 1."""

    low: float
    high: float
    log: bool = False

    def places(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places of values; outside of 0 to 1, or not finite, where the values are."""
        if not self.log:
            return (values - self.low) / (self.high - self.low)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (np.log10(values) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))

    def place(self, value: float) -> float:
        """Place of one value."""
        return float(self.places(np.array([value], dtype=np.float64))[0])

    def marks(self, most: int = 5) -> Sequence[float]:
        """Round values inside, at most about `most`."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            step = max(1, -(-(last - first + 1) // most))
            found = [10.0**power for power in range(first, last + 1, step)]
            return found if len(found) > 1 else _linear_marks(self.low, self.high, most)
        return _linear_marks(self.low, self.high, most)


def _linear_marks(low: float, high: float, most: int) -> Sequence[float]:
    raw = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((power * factor for factor in _STEPS if power * factor >= raw * 0.999), power * 10)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [(first + index) * step for index in range(max(0, min(count, 2 * most)))]


def fit(values: Iterable[float], *, zero: bool = False, room: float = 0.0) -> Scale:
    """A linear scale over the finite values; with `zero` from 0, and with `room` beyond them on both sides."""
    known = np.array([value for value in values if math.isfinite(value)], dtype=np.float64)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not high - low > 1e-12 * max(abs(low), abs(high)):
        spread = abs(high) * 0.05 or 1.0
        low, high = low - spread, high + spread
    more = room * (high - low)
    scale = Scale(low if zero and low == 0 else low - more, high + more)
    return scale if math.isfinite(scale.high - scale.low) else Scale(0.0, 1.0)


def fit_costs(values: NDArray[np.float64]) -> Scale:
    """For counts from 0 on: logarithmic where they lie orders of magnitude apart."""
    positive = values[values > 0]
    if positive.size:
        low, high = float(positive.min()), float(positive.max())
        if math.log10(high / low) >= _DECADES_OF_LOG:
            return Scale(low / 1.1, high * 1.1, log=True)
    return fit(values.tolist() if values.size < 3 else [float(values.min()), float(values.max())], room=0.04)  # noqa: PLR2004 - the ends
