"""What the tensors of a linear model's graph stand for, as far as reading it needs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Attributes = Mapping[str, Any]
"""Of a node, by name, as Python values."""

ONE_LAYER: Final = "a linear model is one layer: its features times weights, plus intercepts"
SCALING: Final = "train on the features as the payload maps them, or fold the scaling into the weights"


class RefusedError(Exception):
    """A graph, or one node of it, is no part of a linear model; `hint` says what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True)
class Features:
    """The graph's input: (N, dimension); None where it does not say how many."""

    dimension: int | None


@dataclass(frozen=True, eq=False)
class Constant:
    array: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scores:
    """features @ weights.T + intercepts, (N, K); if `flat`, (N) of the only output."""

    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    arithmetic: str
    flat: bool = False

    @property
    def outputs(self) -> int:
        """Give K."""
        return len(self.intercepts)

    @property
    def opposed(self) -> bool:
        """Whether there are two outputs, the first the negative of the second."""
        if self.outputs != 2:  # noqa: PLR2004  # a pair
            return False
        return bool((self.weights[0] == -self.weights[1]).all() and self.intercepts[0] == -self.intercepts[1])

    def two_classes(self, *, softmax: bool) -> "Scores":
        """As one output for two classes, if this is a pair.

        A softmax of two scores is the sigmoid of their difference. Of a score beside its own negative, the score
        itself is what was trained.
        """
        if self.outputs != 2:  # noqa: PLR2004  # a pair
            return self
        if self.opposed and not softmax:
            return Scores(self.weights[1:], self.intercepts[1:], self.arithmetic)
        real = np.float32 if self.arithmetic == "f32" else np.float64
        difference = (self.weights[1] - self.weights[0]).astype(real).astype(np.float64)
        intercept = (self.intercepts[1:] - self.intercepts[:1]).astype(real).astype(np.float64)
        return Scores(difference[None, :], intercept, self.arithmetic)


@dataclass(frozen=True, eq=False)
class Probabilities:
    """Of each score its sigmoid, perhaps divided by their sum, or their softmax."""

    scores: Scores
    softmax: bool
    normalized: bool = False


@dataclass(frozen=True, eq=False)
class ProbabilitySum:
    """The sum of a row's probabilities, by which they are divided."""

    of: Probabilities


@dataclass(frozen=True, eq=False)
class Decision:
    """Truth values (N): whether a row belongs to class `chosen`, 0 or 1."""

    scores: Scores
    chosen: int
    tie: int


@dataclass(frozen=True, eq=False)
class Classes:
    """The class of each row, by its index, or by its label where there are `labels`."""

    scores: Scores
    tie: int
    labels: tuple[int, ...] | None = None

    @property
    def count(self) -> int:
        """Give the number of classes."""
        return max(2, self.scores.outputs)


@dataclass(frozen=True, eq=False)
class Absent:
    """An optional input that was left out."""


Value = Features | Constant | Scores | Probabilities | ProbabilitySum | Decision | Classes | Absent

Answer = Scores | Probabilities | Decision | Classes
"""What an output of the graph may be."""

_KINDS: Final[Mapping[type, str]] = {
    Features: "the features",
    Constant: "a constant",
    Scores: "scores",
    Probabilities: "probabilities",
    ProbabilitySum: "a sum of probabilities",
    Decision: "a decision",
    Classes: "classes",
}


def refuse(inputs: Sequence[Value], doing: str, hint: str = ONE_LAYER) -> RefusedError:
    kinds = " and ".join(_KINDS[type(value)] for value in inputs if not isinstance(value, Absent))
    return RefusedError(f"{doing} {kinds}", hint)


def is_all(array: NDArray[Any], value: float) -> bool:
    return array.size == 1 and array.dtype.kind in "fiu" and bool(array.reshape(-1)[0] == value)


def whole_numbers(array: NDArray[Any]) -> tuple[int, ...]:
    """Class labels, or places; raises RefusedError for what is none."""
    flat = array.reshape(-1)
    if flat.dtype.kind not in "iuf" or (flat.dtype.kind == "f" and not (flat == np.round(flat)).all()):
        raise RefusedError(f"its class labels are {flat[:3].tolist()}", "export it with whole numbers as class labels")
    return tuple(int(value) for value in flat.tolist())
