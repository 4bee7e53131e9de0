"""What the bench knows of the quality of a model: balanced accuracy on held-out rows, worked out by its plain twin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import ConfigurationError
from bench.learners import class_labels
from bench.session.decode import state_arrays
from bench.telemetry import Recording
from bench.upset.readout import PlacedModel, arrays
from firmware_if.reference import (
    complete_hyperparameters,
    load_feature_map,
    load_learner,
    predicted_class,
    trains_in_batches,
)

MOST_ROWS: Final = 256
"""Evenly out of the evaluation rows: each injection whose models differ is scored on them."""


@dataclass(frozen=True)
class ModelFacts:
    """What a scenario says of a model."""

    learner: str
    features: str
    arithmetic: str
    channels: tuple[int, ...]
    hyperparameters: Mapping[str, float]
    bias: bool = False
    """A constant 1 stands behind the features of an online learner."""


class Scorer:
    """Scores the states of the models that `facts` describes, by name."""

    def __init__(self, facts: Mapping[str, ModelFacts], recording: Recording) -> None:
        labels = class_labels(recording)
        rows = recording.evaluation.values if recording.evaluation is not None else recording.values
        known = recording.evaluation.labels if recording.evaluation is not None else recording.labels
        if known is None:
            raise ConfigurationError(f"recording {recording.name} has no labels to score models by")
        chosen = np.unique(np.linspace(0, len(rows) - 1, min(MOST_ROWS, len(rows))).astype(int))
        self._classes = np.array([labels.index(label) for label in known[chosen].tolist()])
        self._outputs = 1 if len(labels) == 2 else len(labels)  # noqa: PLR2004 - two classes need one score
        self._facts = facts
        self._rows = {name: _mapped(fact, rows[chosen]) for name, fact in facts.items()}

    def score(self, model: PlacedModel, state: bytes) -> float:
        """Balanced accuracy; a score that is not finite decides as it does on the payload."""
        fact, rows = self._facts[model.name], self._rows[model.name]
        found = arrays(model, state)
        module = load_learner(fact.learner, arithmetic=fact.arithmetic)
        with np.errstate(all="ignore"):
            if set(found) >= {"w", "b"}:  # one linear layer: as its twin's `scores`, for all rows at once
                weights = found["w"].astype(np.float64).reshape(self._outputs, -1)
                scores = rows @ weights.T + found["b"].astype(np.float64)
            else:
                scores = np.array(self._twin_scores(model, state))
        return balanced_accuracy(_predict(scores, module.TIE), self._classes)

    def _twin_scores(self, model: PlacedModel, state: bytes) -> list[list[float]]:
        fact, rows = self._facts[model.name], self._rows[model.name].tolist()
        module = load_learner(fact.learner, arithmetic=fact.arithmetic)
        hyperparameters = complete_hyperparameters(module, fact.hyperparameters)
        content = state_arrays(state, model.created.arrays)
        dimension = len(rows[0])
        if trains_in_batches(module):
            batch = module.BatchLearner(dimension, self._outputs, fact.arithmetic, hyperparameters)
            batch.load(content)
            return [batch.scores(row) for row in rows]
        online = module.Learner(dimension, fact.arithmetic, hyperparameters)
        online.load(content)
        return [[online.score(row)] for row in rows]


def _predict(scores: NDArray[np.float64], tie: int) -> NDArray[np.int64]:
    if scores.shape[1] == 1:
        return (scores[:, 0] >= 0 if tie > 0 else scores[:, 0] > 0).astype(np.int64)
    return np.array([predicted_class(row, tie) for row in scores.tolist()])


def _mapped(fact: ModelFacts, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    feature_map = load_feature_map(fact.features, arithmetic=fact.arithmetic)
    mapped = [feature_map.map(row, fact.arithmetic) for row in rows[:, list(fact.channels)].tolist()]
    return np.array([[*row, 1.0] for row in mapped] if fact.bias else mapped)


def balanced_accuracy(predicted: NDArray[np.int64], actual: NDArray[np.int64]) -> float:
    """Mean of the classes' recalls, over the classes that occur."""
    recalls: Sequence[float] = [float(np.mean(predicted[actual == c] == c)) for c in np.unique(actual)]
    return float(np.mean(recalls))
