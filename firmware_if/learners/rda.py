"""AdaGrad-RDA: dual averaging of the hinge loss with an L1 term (Duchi 2010 with delta = 0, Xiao 2010).

The papers average the gradients of all samples; OPS-SAT-1 averaged those of samples with loss, and left the others out.
"""

import math
from collections.abc import Mapping, Sequence

from firmware_if.reference import State, counter, vector

NAME = "rda"
ARITHMETICS = ("flight", "f64", "f32")
PARAMETERS = {"eta": (0.1, 1e-6, 1e6), "lambda": (1e-6, 0.0, 1e6)}
TIE = -1
TOLERANCES = {"f32": 2e-5}
"""Measured: at most 4.5e-6 over the 3854 rows of OrbitAI's April (1 to 55 features), 2.6e-6 on random rows."""


class Learner:
    def __init__(self, dimension: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        self.arithmetic = arithmetic
        self.eta = parameters["eta"]
        self.threshold = parameters["lambda"]
        self.w = [0.0] * dimension
        self.h = [0.0] * dimension
        self.g = [0.0] * dimension
        self.timestep = 0

    def score(self, x: Sequence[float]) -> float:
        total = 0.0
        for i in range(len(self.w)):
            total += self.w[i] * x[i]
        return total

    def train(self, x: Sequence[float], label: int) -> bool:
        loss = max(0.0, 1.0 - label * self.score(x))
        if loss <= 0.0 and self.arithmetic == "flight":
            return False
        self.timestep += 1
        for i in range(len(self.w)):
            if loss > 0.0:
                gradient = -label * x[i]
                self.g[i] += gradient
                self.h[i] += gradient * gradient
            self.w[i] = self._weight(self.g[i], self.h[i])
        return True

    def _weight(self, g: float, h: float) -> float:
        mean = abs(g) / self.timestep
        if mean <= self.threshold:
            return 0.0
        sign = 1.0 if g >= 0.0 else -1.0
        rate = self.eta / math.sqrt(h) if h > 0.0 else math.inf
        return -sign * rate * self.timestep * (mean - self.threshold)

    def state(self) -> State:
        return {"w": list(self.w), "h": list(self.h), "g": list(self.g), "timestep": self.timestep}

    def load(self, state: State) -> None:
        self.w = vector(state, "w")
        self.h = vector(state, "h")
        self.g = vector(state, "g")
        self.timestep = counter(state, "timestep")
