"""Adam on the hinge loss (Kingma, Ba, ICLR 2015, algorithm 1, with the decay of beta1 of section 4), as also flown."""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal

from firmware_if.reference import State, counter, nearest_float32, square_root, vector

NAME = "adam"
ARITHMETICS = ("flight", "f64", "f32")
PARAMETERS = {
    "alpha": (0.001, 1e-9, 1e6),
    "beta1": (0.9, 0.0, 0.999999),
    "beta2": (0.999, 0.0, 0.999999),
    "epsilon": (1e-8, 1e-12, 1.0),
    "lambda": (0.99999999, 0.0, 1.0),
}
TIE = -1
TOLERANCES = {"f32": 2e-5}
"""Measured: at most 3.7e-6 over the 3854 rows of OrbitAI's April (1 to 55 features), 1.2e-6 on random rows."""

SIXTY_DIGITS = Context(prec=60)
SMALLEST_POWER = 1e-290  # below it a power counts as 0


def power(base: float, exponent: int) -> float:
    """base^exponent, correctly rounded: the nearest double to sixty digits of it."""
    if exponent == 0:
        return 1.0
    rounded = float(SIXTY_DIGITS.power(Decimal(base), exponent))
    return rounded if rounded >= SMALLEST_POWER else 0.0


class Learner:
    def __init__(self, dimension: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        self.arithmetic = arithmetic
        stored = {name: nearest_float32(value) if arithmetic == "f32" else value for name, value in parameters.items()}
        self.alpha = stored["alpha"]
        self.beta1 = stored["beta1"]
        self.beta2 = stored["beta2"]
        self.epsilon = stored["epsilon"]
        self.decay = stored["lambda"]
        self.w = [0.0] * dimension
        self.m = [0.0] * dimension
        self.v = [0.0] * dimension
        self.timestep = 0

    def score(self, x: Sequence[float]) -> float:
        total = 0.0
        for i in range(len(self.w)):
            total += self.w[i] * x[i]
        return total

    def train(self, x: Sequence[float], label: int) -> bool:
        if max(0.0, 1.0 - label * self.score(x)) <= 0.0:
            return False
        self.timestep += 1
        beta1 = power(self.decay, self.timestep - 1) * self.beta1
        beta2 = self.beta2
        correction1 = 1.0 - power(self.beta1, self.timestep)
        correction2 = 1.0 - power(self.beta2, self.timestep)
        for i in range(len(self.w)):
            gradient = -label * x[i]
            self.m[i] = beta1 * self.m[i] + (1.0 - beta1) * gradient
            self.v[i] = beta2 * self.v[i] + (1.0 - beta2) * gradient * gradient
            mean = self.m[i] / correction1
            square = self.v[i] / correction2
            self.w[i] -= self.alpha * mean / (square_root(square) + self.epsilon)
        return True

    def state(self) -> State:
        return {"w": list(self.w), "m": list(self.m), "v": list(self.v), "timestep": self.timestep}

    def load(self, state: State) -> None:
        self.w = vector(state, "w")
        self.m = vector(state, "m")
        self.v = vector(state, "v")
        self.timestep = counter(state, "timestep")
