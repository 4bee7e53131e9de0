"""Logistic regression by mini-batch Adam (Kingma, Ba, ICLR 2015, algorithm 1; epsilon outside the root).

One linear layer: for two classes one score, a sigmoid and binary cross-entropy; for more one score per class, a softmax
and cross-entropy.
"""

import math
from collections.abc import Mapping, Sequence

from firmware_if.reference import State, counter, nearest_float32, vector

NAME = "logistic"
ARITHMETICS = ("f64", "f32")
# Measured over the shapes of the parity test, ten epochs of 1305 x 128 and twenty of separable classes, row by row: f32
# up to 2.5e-5, with hyperparameters rounded as they are stored; f64 up to 5.4e-13, as the sums run in another order and
# exp and log are the library's. A gradient that cancels to nothing could exceed both: Adam makes it a full step.
TOLERANCES = {"f64": 1e-11, "f32": 1e-4}
PARAMETERS = {
    "lr": (0.02, 1e-6, 10.0),
    "beta1": (0.9, 0.0, 0.9999),
    "beta2": (0.999, 0.0, 0.999999),
    "epsilon": (1e-8, 1e-12, 1.0),
    "batch": (32, 1, 65535),
    "seed": (0, 0, 65535),
}
TIE = -1


class BatchLearner:
    def __init__(self, dimension: int, outputs: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        self.arithmetic = arithmetic
        self.parameters = {
            name: nearest_float32(value) if arithmetic == "f32" else value for name, value in parameters.items()
        }
        self.dimension = dimension
        self.w = [[0.0] * dimension for _ in range(outputs)]
        self.b = [0.0] * outputs
        self.m = [0.0] * (outputs * (dimension + 1))
        self.v = [0.0] * (outputs * (dimension + 1))
        self.timestep = 0

    def scores(self, x: Sequence[float]) -> list[float]:
        return [
            math.fsum(w * value for w, value in zip(row, x, strict=True)) + b
            for row, b in zip(self.w, self.b, strict=True)
        ]

    def train_batch(self, rows: Sequence[Sequence[float]], classes: Sequence[int]) -> float:
        losses = []
        weight_gradient = [[0.0] * self.dimension for _ in self.b]
        bias_gradient = [0.0] * len(self.b)
        for x, class_index in zip(rows, classes, strict=True):
            loss, errors = cross_entropy(self.scores(x), class_index)
            losses.append(loss)
            for k, error in enumerate(errors):
                for i, value in enumerate(x):
                    weight_gradient[k][i] += error * value
                bias_gradient[k] += error
        flat = [g / len(rows) for row in weight_gradient for g in row] + [g / len(rows) for g in bias_gradient]
        self._adam(flat)
        return math.fsum(losses) / len(rows)

    def _adam(self, gradient: Sequence[float]) -> None:
        lr, beta1, beta2, epsilon = (self.parameters[name] for name in ("lr", "beta1", "beta2", "epsilon"))
        self.timestep += 1
        for j, g in enumerate(gradient):
            self.m[j] = beta1 * self.m[j] + (1.0 - beta1) * g
            self.v[j] = beta2 * self.v[j] + (1.0 - beta2) * g**2
            m_hat = self.m[j] / (1.0 - beta1**self.timestep)
            v_hat = self.v[j] / (1.0 - beta2**self.timestep)
            step = lr * m_hat / (math.sqrt(v_hat) + epsilon)
            output, i = divmod(j, self.dimension)
            if output < len(self.b):
                self.w[output][i] -= step
            else:
                self.b[j - len(self.b) * self.dimension] -= step

    def state(self) -> State:
        weights = [value for row in self.w for value in row]
        return {"w": weights, "b": list(self.b), "m": list(self.m), "v": list(self.v), "timestep": self.timestep}

    def load(self, state: State) -> None:
        weights = vector(state, "w")
        self.w = [weights[k * self.dimension : (k + 1) * self.dimension] for k in range(len(self.b))]
        self.b = vector(state, "b")
        self.m = vector(state, "m")
        self.v = vector(state, "v")
        self.timestep = counter(state, "timestep")


def cross_entropy(scores: Sequence[float], class_index: int) -> tuple[float, list[float]]:
    """Loss of one row, and its derivative by each score. One score means two classes, and is that of class 1."""
    if len(scores) == 1:
        loss, errors = cross_entropy([0.0, scores[0]], class_index)
        return loss, errors[1:]
    highest = max(scores)
    best = scores.index(highest)
    exponentials = [math.exp(score - highest) for score in scores]
    beside_best = math.fsum(e for k, e in enumerate(exponentials) if k != best)
    beside_own = math.fsum(e for k, e in enumerate(exponentials) if k != class_index)
    total = 1.0 + beside_best
    errors = [(-beside_own if k == class_index else e) / total for k, e in enumerate(exponentials)]
    return math.log1p(beside_best) - (scores[class_index] - highest), errors
