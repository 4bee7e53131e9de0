"""The four feature maps of OPS-SAT-1 OrbitAI. Its values reached the trainer as decimal text: `%g` and `%.6f`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from firmware_if.reference import nearest_float32

ARITHMETICS = ("flight",)


def six_digits(value: float) -> float:
    """Give what `%g` and back makes of a reading in hundredths; elsewhere this formula is the definition."""
    if value == 0.0:
        return 0.0
    if math.isinf(value):
        return value
    k = 5 - Decimal(value).adjusted()  # adjusted() is floor(log10(|value|)), exactly
    power = float(f"1e{k}")
    return round(value * power) / power


def six_decimals(value: float) -> float:
    return math.copysign(round(abs(value) * 1e6) / 1e6, value)


@dataclass(frozen=True)
class Powers:
    """Angle, square, cube, ...; each product is rounded to float32, as on board."""

    count: int
    inputs: int = 1

    def dimension(self, inputs: int) -> int:
        del inputs
        return self.count

    def map(self, values: Sequence[float], arithmetic: str) -> list[float]:
        del arithmetic
        features = []
        power = values[0]
        for _ in range(self.count):
            features.append(six_digits(power))
            power = nearest_float32(power * values[0])  # the product of two float32 is exact in a double
        return features


class FiveAngles:
    inputs = 5

    def dimension(self, inputs: int) -> int:
        del inputs
        return 5

    def map(self, values: Sequence[float], arithmetic: str) -> list[float]:
        del arithmetic
        return [six_decimals(value) for value in values]


MAPS = {
    "orbitai-1d": Powers(1),
    "orbitai-2d": Powers(2),
    "orbitai-3d": Powers(3),
    "orbitai-5d": FiveAngles(),
}
