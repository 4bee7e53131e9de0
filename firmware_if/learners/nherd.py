"""NHERD, full update of a diagonal covariance (Crammer, Lee, NIPS 2010); OPS-SAT-1 flew the formulas of the paper."""

from collections.abc import Mapping, Sequence

from firmware_if.reference import State, vector

NAME = "nherd"
ARITHMETICS = ("flight", "f64", "f32")
PARAMETERS = {"C": (0.1, 1e-6, 1e6)}
TIE = -1
TOLERANCES = {"f32": 2e-5}
"""Measured: at most 7.5e-6 over the 3854 rows of OrbitAI's April (1 to 55 features), 2.6e-6 on random rows."""


class Learner:
    def __init__(self, dimension: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        self.arithmetic = arithmetic
        self.c = parameters["C"]
        self.w = [0.0] * dimension
        self.cov = [1.0] * dimension

    def score(self, x: Sequence[float]) -> float:
        total = 0.0
        for i in range(len(self.w)):
            total += self.w[i] * x[i]
        return total

    def train(self, x: Sequence[float], label: int) -> bool:
        score = self.score(x)
        if score * label >= 1.0:
            return False
        c = self.c
        variance = 0.0
        for i in range(len(self.w)):
            variance += self.cov[i] * x[i] * x[i]
        alpha = max(0.0, 1.0 - label * score) / (variance + 1.0 / c)
        for i in range(len(self.w)):
            t = self.cov[i] * x[i]
            self.w[i] += alpha * label * self.cov[i] * x[i]
            self.cov[i] -= t * t * (c * c * variance + 2.0 * c) / ((1.0 + c * variance) * (1.0 + c * variance))
        return True

    def state(self) -> State:
        return {"w": list(self.w), "cov": list(self.cov)}

    def load(self, state: State) -> None:
        self.w = vector(state, "w")
        self.cov = vector(state, "cov")
