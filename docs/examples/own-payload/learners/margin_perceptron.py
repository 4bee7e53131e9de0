"""The perceptron with margin (Duda, Hart, Stork: Pattern Classification, 2001, section 5.5)."""

from collections.abc import Mapping, Sequence

from firmware_if.reference import State, vector

NAME = "margin-perceptron"
ARITHMETICS = ("f64",)
PARAMETERS = {"rate": (0.1, 1e-6, 1e6), "margin": (1.0, 0.0, 1e6)}
TIE = -1


class Learner:
    def __init__(self, dimension: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        self.arithmetic = arithmetic
        self.rate = parameters["rate"]
        self.margin = parameters["margin"]
        self.w = [0.0] * dimension

    def score(self, x: Sequence[float]) -> float:
        total = 0.0
        for i in range(len(self.w)):
            total += self.w[i] * x[i]
        return total

    def train(self, x: Sequence[float], label: int) -> bool:
        if self.score(x) * label > self.margin:
            return False
        for i in range(len(self.w)):
            self.w[i] += self.rate * label * x[i]
        return True

    def state(self) -> State:
        return {"w": list(self.w)}

    def load(self, state: State) -> None:
        self.w = vector(state, "w")
