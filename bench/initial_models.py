"""Models made elsewhere -> state that a payload starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import ConfigurationError
from bench.onnx import LinearGraph, load_linear_graph
from bench.onnx.linear import REAL_TYPES
from bench.scenario import ModelSpec, Scenario
from bench.telemetry import Recording
from bench.trace import ModelCreated
from bench.trained_models import INTERCEPTS, WEIGHTS

_BINARY: Final = 2
_FORGETFUL: Final = frozenset({"rda"})
"""Learners that work their weights out anew, at every step, from sums over all earlier rows."""


@dataclass(frozen=True, eq=False)
class InitialModel:
    """A file that a scenario names; `path` is where it was found."""

    path: Path
    graph: LinearGraph


@dataclass(frozen=True, eq=False)
class InitialState:
    """What is written into the payload: state arrays by name, each value one of the arithmetic's."""

    arrays: Mapping[str, list[float]]
    order: tuple[int, ...]
    """For each class of the recording its place among those of the file."""
    rounded: int
    """Values that are others in the file."""
    rounding: float
    """The largest change of a value by that, relative to its own magnitude."""


def load_initial_models(scenario: Scenario, folder: Path | None = None) -> dict[str, InitialModel]:
    """Files of the models that have one, by model name; raises ModelFileError.

    `folder` holds copies as NAME.onnx, which are read in place of the files that the scenario names.
    """
    found = {}
    for spec in scenario.models:
        if spec.initial is not None:
            _check_learner(spec, mode=scenario.mode)
            path = spec.initial if folder is None else folder / f"{spec.name}.onnx"
            found[spec.name] = InitialModel(path, load_linear_graph(path))
    return found


def with_classes(recording: Recording, initial: Mapping[str, InitialModel]) -> Recording:
    """The recording; if it has no labels, with the classes that the first of the files tells apart."""
    if recording.labels is not None or recording.positive_label is not None or not initial:
        return recording
    labels = next(iter(initial.values())).graph.model.labels
    meanings = {label: f"class {label} of the model file" for label in labels}
    return replace(recording, label_meanings=meanings, positive_label=labels[-1])


def _check_learner(spec: ModelSpec, *, mode: str) -> None:
    if mode != "score" and spec.learner in _FORGETFUL:
        raise ConfigurationError(
            f"model {spec.name}: {spec.learner} works its weights out anew from all rows, so it cannot "
            f"go on from {spec.initial}",
            hint='choose another learner, or write mode = "score"',
        )


def initial_state(initial: InitialModel, created: ModelCreated, labels: Sequence[int]) -> InitialState:
    """The file's model in the arrays of the payload's; raises ConfigurationError where it does not fit.

    `labels` are the recording's by class index; of two the last is the one that a positive score stands for.
    """
    order = _class_order(initial, created, labels)
    model = initial.graph.model
    features = created.dimension - created.bias
    if model.dimension != features:
        raise ConfigurationError(
            f"model {created.name}: {initial.path} has weights for {model.dimension} features, "
            f"{created.features} makes {features} of {len(created.channels)} channels",
            hint="name other channels or another feature map, or train the model on these features",
        )
    weights, intercepts = model.weights[list(order)] if model.outputs > 1 else model.weights, model.intercepts
    if model.outputs > 1:
        intercepts = intercepts[list(order)]
    elif order == (1, 0):
        weights, intercepts = -weights, -intercepts
    exact = _arrays(initial, created, weights, intercepts)
    real = REAL_TYPES[created.arithmetic]
    with np.errstate(over="ignore"):
        given = {name: values.reshape(-1).astype(real).astype(np.float64) for name, values in exact.items()}
    for name, values in given.items():
        if not np.isfinite(values).all():
            value = exact[name].reshape(-1)[~np.isfinite(values)][0]
            raise ConfigurationError(
                f"model {created.name}: {initial.path} has the value {value:g}, too large for {created.arithmetic}",
                hint='write arithmetic = "f64", or scale the features',
            )
    before = np.concatenate([values.reshape(-1) for values in exact.values()])
    after = np.concatenate(list(given.values()))
    changed = before != after
    rounding = float(np.max(np.abs(after - before)[changed] / np.abs(before[changed]), initial=0.0))
    arrays = {name: values.tolist() for name, values in given.items()}
    return InitialState(arrays, order, int(changed.sum()), rounding)


def _class_order(initial: InitialModel, created: ModelCreated, labels: Sequence[int]) -> tuple[int, ...]:
    """Labels that the file does not name count its classes; if the recording's do not count so, they go by place."""
    model = initial.graph.model
    if len(model.labels) != len(labels) or created.outputs != (1 if len(labels) == _BINARY else len(labels)):
        raise ConfigurationError(
            f"model {created.name}: {initial.path} tells {len(model.labels)} classes apart, "
            f"the recording has {len(labels)}",
            hint="relabel the recording, or train the model on these classes",
        )
    if set(model.labels) == set(labels):
        return tuple(model.labels.index(label) for label in labels)
    if initial.graph.names_labels:
        raise ConfigurationError(
            f"model {created.name}: {initial.path} has the classes {_listed(model.labels)}, the recording has "
            f"{_listed(labels)}",
            hint="relabel the recording, or export the model with these class labels",
        )
    return tuple(range(len(labels)))


def _listed(labels: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(labels)))


def _arrays(
    initial: InitialModel, created: ModelCreated, weights: NDArray[np.float64], intercepts: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Weights (K, d) and intercepts (K,) as the payload keeps them, which must have a place for both."""
    places = {place["name"]: place["count"] for place in created.arrays}
    exact = {WEIGHTS: weights}
    if INTERCEPTS in places:
        exact[INTERCEPTS] = intercepts
    elif created.bias:
        exact[WEIGHTS] = np.concatenate([weights, intercepts[:, None]], axis=1)
    elif intercepts.any():
        flown = created.arithmetic == "flight"
        raise ConfigurationError(
            f"model {created.name}: {initial.path} has the intercept {intercepts[intercepts != 0][0]:g}, and "
            f"{created.learner} has no place for one",
            hint='write arithmetic = "f64" and bias = true' if flown else "write bias = true",
        )
    for name, values in exact.items():
        if places.get(name) != values.size:
            raise ConfigurationError(
                f"model {created.name}: {initial.path} has {values.size} values for the array {name!r} of "
                f"{created.learner}, which has {places.get(name, 0)}",
                hint="choose a learner whose state holds the weights of a linear model",
            )
    return exact
