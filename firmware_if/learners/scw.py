"""SCW-I with a diagonal covariance (Wang, Zhao, Hoi, ICML 2012, proposition 1); `flight` as OPS-SAT-1 flew it."""

from collections.abc import Mapping, Sequence

from firmware_if.reference import State, divide, nearest_float32, square_root, vector

NAME = "scw"
ARITHMETICS = ("flight", "f64", "f32")
PARAMETERS = {"C": (1.0, 1e-6, 1e6), "eta": (0.95, 0.5, 0.999999)}
TIE = 1
TOLERANCES = {"f32": 3e-5}
"""Measured: at most 1.4e-6 over the 3854 rows of OrbitAI's April (1 to 55 features), 8.2e-6 on random rows."""

DENSITY_AT_0 = 0.3989422804014327  # 1/sqrt(2*pi)


def normal_distribution(x: float) -> float:
    """Standard normal distribution for 0 <= x <= 1 (Abramowitz and Stegun 26.2.10)."""
    total = 0.0
    for n in range(16, -1, -1):
        total = 1.0 / (2 * n + 1) - total * (x * x / 2.0) / (n + 1)
    return 0.5 + x * total * DENSITY_AT_0


def inverse_normal_distribution(p: float) -> float:
    """Newton's method on Abramowitz and Stegun 26.2.11, for p from 1/2 to 0.999999."""
    x = 0.0
    while True:
        total = exponential = 1.0
        for n in range(20 + int(3 * (x * x / 2)), 0, -1):
            total = 1.0 + total * (x * x) / (2 * n + 1)
            exponential = 1.0 + exponential * (x * x) / (2 * n)
        density = DENSITY_AT_0 / exponential
        following = x + (p - 0.5 - x * total * density) / density
        if not following > x:
            return x
        x = following


class Learner:
    def __init__(self, dimension: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        self.arithmetic = arithmetic
        stored = {name: nearest_float32(value) if arithmetic == "f32" else value for name, value in parameters.items()}
        self.c = stored["C"]
        phi_of = normal_distribution if arithmetic == "flight" else inverse_normal_distribution
        self.phi = phi_of(stored["eta"])
        self.w = [0.0] * dimension
        self.cov = [1.0] * dimension

    def score(self, x: Sequence[float]) -> float:
        total = 0.0
        for i in range(len(self.w)):
            total += self.w[i] * x[i]
        return total

    def slack(self, x: Sequence[float], label: int) -> float:
        return self.phi * square_root(self._variance(x)) - label * self.score(x)

    def _variance(self, x: Sequence[float]) -> float:
        total = 0.0
        for i in range(len(self.cov)):
            total += self.cov[i] * x[i] * x[i]
        return total

    def train(self, x: Sequence[float], label: int) -> bool:
        variance = self._variance(x)
        margin = label * self.score(x)
        loss = max(0.0, self.phi * square_root(variance) - margin)
        if loss <= 0.0:
            return False
        if variance == 0.0 and self.arithmetic != "flight":
            return False  # the score cannot be moved; the flight code would divide by zero
        solve = self._as_flown if self.arithmetic == "flight" else self._as_published
        alpha, beta = solve(variance, margin)
        for i in range(len(self.w)):
            t = self.cov[i] * x[i]
            self.w[i] += alpha * label * t
            self.cov[i] -= beta * t * t
        return True

    def _as_flown(self, v: float, m: float) -> tuple[float, float]:
        phi = self.phi
        psi = 1.0 + phi * phi / 2.0
        zeta = 1.0 + phi * phi
        n = v + 0.5 * self.c
        gamma = phi * square_root(phi * phi * m * m * v * v + 4.0 * n * v * (n + v * phi * phi))
        fourth = phi * phi * phi * phi
        wanted = divide(1.0, v) * zeta * (-m * psi + square_root(m * m * fourth / 4.0 + v * phi * phi * zeta))
        alpha = min(self.c, max(0.0, wanted))
        root = -alpha * gamma * phi + square_root(alpha * alpha * gamma * gamma * phi * phi + 4.0 * gamma)
        u = root * root / 4.0
        return alpha, divide(alpha * phi, square_root(u) + gamma * alpha * phi)

    def _as_published(self, v: float, m: float) -> tuple[float, float]:
        phi2 = self.phi * self.phi
        psi = 1.0 + phi2 / 2.0
        zeta = 1.0 + phi2
        wanted = divide(square_root(m * m * phi2 * phi2 / 4.0 + v * phi2 * zeta) - m * psi, v * zeta)
        alpha = min(self.c, max(0.0, wanted))
        a = alpha * v * self.phi
        root_of_u = (square_root(a * a + 4.0 * v) - a) / 2.0
        return alpha, divide(alpha * self.phi, root_of_u + a)

    def state(self) -> State:
        return {"w": list(self.w), "cov": list(self.cov)}

    def load(self, state: State) -> None:
        self.w = vector(state, "w")
        self.cov = vector(state, "cov")
