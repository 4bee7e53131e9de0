"""PA, passive-aggressive without slack (Crammer et al., JMLR 7, 2006); `flight` as OPS-SAT-1 flew it."""

from collections.abc import Mapping, Sequence

from firmware_if.reference import State, divide, vector

NAME = "pa"
ARITHMETICS = ("flight", "f64", "f32")
PARAMETERS = {"unguarded": (0, 0, 1)}
TIE = -1
TOLERANCES = {"f32": 3e-4}
"""Measured: at most 1.3e-6 over the 3854 rows of OrbitAI's April (1 to 55 features), 9.1e-5 on random rows: with one
feature, a tiny sample makes the weight large, and when the next one brings it back its rounding stays."""


class Learner:
    def __init__(self, dimension: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        self.arithmetic = arithmetic
        self.unguarded = parameters["unguarded"] != 0
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
        if loss == 0.0 or (square == 0.0 and not self.unguarded):
            return False
        tau = divide(loss, square)
        for i in range(len(self.w)):
            self.w[i] += tau * label * x[i]
        return True

    def _train_as_flown(self, x: Sequence[float], label: int, loss: float) -> bool:
        """Every weight has a step of its own, and every sample counts as an update."""
        for i in range(len(self.w)):
            tau = 0.0 if x[i] == 0.0 and not self.unguarded else divide(loss, x[i] * x[i])
            self.w[i] += tau * label * x[i]
        return True

    def state(self) -> State:
        return {"w": list(self.w)}

    def load(self, state: State) -> None:
        self.w = vector(state, "w")
