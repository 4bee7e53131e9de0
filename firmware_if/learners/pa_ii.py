"""PA-II, passive-aggressive with a squared slack (Crammer et al., JMLR 7, 2006); `flight` as OPS-SAT-1 flew it."""

from collections.abc import Mapping, Sequence

from firmware_if.reference import State, nearest_float32, vector

NAME = "pa-ii"
ARITHMETICS = ("flight", "f64", "f32")
PARAMETERS = {"C": (0.1, 1e-6, 1e6)}
TIE = -1
TOLERANCES = {"f32": 2e-5}
"""Measured: at most 2.7e-6 over the 3854 rows of OrbitAI's April (1 to 55 features), 1.4e-6 on random rows."""


class Learner:
    def __init__(self, dimension: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        self.arithmetic = arithmetic
        self.c = nearest_float32(parameters["C"]) if arithmetic == "f32" else parameters["C"]
        self.w = [0.0] * dimension

    def score(self, x: Sequence[float]) -> float:
        total = 0.0
        for i in range(len(self.w)):
            total += self.w[i] * x[i]
        return total

    def train(self, x: Sequence[float], label: int) -> bool:
        loss = max(0.0, 1.0 - label * self.score(x))
        if self.arithmetic == "flight":
            return self._train_as_flown(x, label, loss)
        square = 0.0
        for i in range(len(self.w)):
            square += x[i] * x[i]
        if loss == 0.0 or square == 0.0:
            return False
        tau = loss / (square + 1.0 / (2.0 * self.c))
        for i in range(len(self.w)):
            self.w[i] += tau * label * x[i]
        return True

    def _train_as_flown(self, x: Sequence[float], label: int, loss: float) -> bool:
        """Every weight has a step of its own, and every sample counts as an update."""
        for i in range(len(self.w)):
            tau = loss / (x[i] * x[i] + 0.5 * self.c)
            self.w[i] += tau * label * x[i]
        return True

    def state(self) -> State:
        return {"w": list(self.w)}

    def load(self, state: State) -> None:
        self.w = vector(state, "w")
