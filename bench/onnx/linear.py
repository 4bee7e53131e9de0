"""A linear model by itself: what the bank of a payload and an ONNX file both can hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

REAL_TYPES: Final[Mapping[str, type[np.floating[Any]]]] = {
    "f32": np.float32,
    "f64": np.float64,
    "flight": np.float64,
}
"""The floating-point type in which an arithmetic calculates."""


@dataclass(frozen=True, eq=False)
class LinearModel:
    """score[k] = sum over i of weights[k, i] * x[i], + intercepts[k].

    One output (K = 1) tells two classes apart: a positive score stands for labels[1], a negative one for labels[0],
    and a score of exactly 0 for labels[1] if `tie` is +1, for labels[0] if it is -1. With several outputs the largest
    score wins, the first of equals, and `labels` has one entry per output.
    """

    name: str
    weights: NDArray[np.float64]
    """(K, d); each value is one of the arithmetic's."""
    intercepts: NDArray[np.float64]
    """(K,); 0 where the model has none."""
    arithmetic: str
    """A key of REAL_TYPES."""
    tie: int
    labels: tuple[int, ...]
    """By class index."""
    probability: bool = False
    """Its score is a logit: the sigmoid (K = 1) or softmax of it is a probability."""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def outputs(self) -> int:
        """Give K, the number of scores per row."""
        return int(self.weights.shape[0])

    @property
    def dimension(self) -> int:
        """Give d, the number of features."""
        return int(self.weights.shape[1])

    def score_bounds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far two right scores of `features` (N, d) can be apart: (N, K).

        (d + 2) * eps * (sum |w_i x_i| + |b|). A sum of d products and b, in any order and with or without fused
        operations, is wrong by at most (d + 1) eps/2 of the sum of magnitudes (Higham, Accuracy and Stability of
        Numerical Algorithms, 2002, section 3.1); there are two such sums, and one eps is left for the terms of second
        order. The smallest normal number stands for what underflow may add to each operation.
        """
        limits = np.finfo(REAL_TYPES[self.arithmetic])
        with np.errstate(over="ignore", invalid="ignore"):  # beyond the largest number no bound holds
            magnitudes = np.abs(features) @ np.abs(self.weights).T + np.abs(self.intercepts)
        bounds = (self.dimension + 2) * (float(limits.eps) * magnitudes + float(limits.smallest_normal))
        return np.where(magnitudes > 0.0, bounds, 0.0)  # of zeros alone every sum is exactly 0
