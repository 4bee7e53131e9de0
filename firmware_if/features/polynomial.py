"""All products of 1 to n channels, in the order of scikit-learn's PolynomialFeatures(n, include_bias=False)."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from firmware_if.messages import MAX_FEATURES
from firmware_if.reference import nearest_float32

ARITHMETICS = ("f64", "f32")


@dataclass(frozen=True)
class Polynomial:
    degree: int
    inputs: int = 0

    def dimension(self, inputs: int) -> int:
        count = math.comb(inputs + self.degree, self.degree) - 1
        return count if count <= MAX_FEATURES else 0

    def map(self, values: Sequence[float], arithmetic: str) -> list[float]:
        features = []
        for size in range(1, self.degree + 1):
            for factors in itertools.combinations_with_replacement(values, size):
                product = factors[-1]
                for factor in reversed(factors[:-1]):
                    product = factor * product
                    if arithmetic == "f32":
                        product = nearest_float32(product)  # the product of two float32 is exact in a double
                features.append(product)
        return features


MAPS = {f"polynomial-{degree}": Polynomial(degree) for degree in range(2, 7)}
