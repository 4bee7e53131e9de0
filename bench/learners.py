"""The plain references of firmware_if, run over a recording as the payload runs over it.

A restart is a step of its own only for state arrays that it loses: a payload that loads what it dumped goes on with
exactly the same values.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.telemetry import Recording
from firmware_if.reference import (
    Learner,
    Reference,
    State,
    TwinError,
    complete_hyperparameters,
    load_feature_map,
    load_learner,
    predicted_label,
    score_band,
    slack,
    tolerance,
    trains_in_batches,
    vector,
)

NOT_TRAINED: Final = "-"
"""Stands for the prediction of a row that no model has seen."""

UNLABELLED_CLASSES: Final = (0, 1)

_Features = list[list[float] | None]


@dataclass(frozen=True)
class PlainModel:
    """One model of the bank: what a reference needs to know of it."""

    name: str
    learner: str
    features: str
    arithmetic: str
    channels: tuple[int, ...]
    hyperparameters: Mapping[str, float]
    bias: bool = False
    """A constant feature 1 stands behind those of the map."""
    lost_at_restart: tuple[str, ...] = ()
    initial: Mapping[str, list[float]] = field(default_factory=dict)
    """State arrays that hold something else before the first row than the learner says."""
    twins: Path | None = None
    """Folder of twins besides those that come with the bench."""


@dataclass(frozen=True)
class Snapshot:
    """A reference after the rows before some end row."""

    updates: int
    state: State
    undecided_updates: int = 0
    """Rows so far on which, within the tolerance, a payload and its reference may decide otherwise whether to train."""


@dataclass(frozen=True)
class PlainRun:
    """What the references computed. Models without one are in `unavailable`, with the reason."""

    snapshots: Mapping[tuple[str, int], Snapshot]
    """(model, end row) -> state."""
    predictions: Mapping[str, str]
    """model -> one character per row: class index predicted before training, or NOT_TRAINED."""
    unavailable: Mapping[str, str]
    tolerances: Mapping[str, float] = field(default_factory=dict)
    """model -> how far a payload's state may lie from its reference's; 0: no bit may differ."""
    undecided: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """model -> rows whose score is so near to 0 that, within the tolerance, a payload may predict either class."""


@dataclass(frozen=True)
class _Candidate:
    """A reference that is ready to be trained."""

    learner: Learner
    tie: int
    tolerance: float
    features: _Features
    lost_at_restart: Collection[str]


def class_labels(recording: Recording) -> tuple[int, ...]:
    """Labels by class index: the positive label comes last, so that binary learners train with it as +1.

    The stream's configuration wants two classes in any case; rows without a label travel as the first of these.
    """
    if recording.positive_label is None:
        return UNLABELLED_CLASSES
    others = sorted(label for label in recording.label_meanings if label != recording.positive_label)
    return (*others, recording.positive_label)


def run_plain(
    models: Sequence[PlainModel],
    recording: Recording,
    *,
    rows: int,
    end_rows: Collection[int],
    refused: Collection[int] = (),
    restarts: Collection[int] = (),
) -> PlainRun:
    """Train every model on the first `rows` rows but the `refused` ones, with a snapshot at each of `end_rows`.

    Before each row in `restarts`, arrays that a model loses at a restart are as they were before the first row.
    A row with a feature that is not finite is left out for all models, as the payload leaves it out.
    """
    snapshots: dict[tuple[str, int], Snapshot] = {}
    predictions: dict[str, str] = {}
    unavailable: dict[str, str] = {}
    undecided: dict[str, frozenset[int]] = {}
    candidates: dict[str, _Candidate] = {}
    classes = class_labels(recording)
    mapped: dict[tuple[str, str, tuple[int, ...], bool], _Features] = {}
    for model in models:
        try:
            learner = _make_learner(model, classes)
        except TwinError as error:
            unavailable[model.name] = f"no plain reference: {error}"
            continue
        key = (model.features, model.arithmetic, model.channels, model.bias)
        if key not in mapped:
            mapped[key] = list(map_rows(model, recording, rows))
        module = load_learner(model.learner, arithmetic=model.arithmetic, folder=model.twins)
        candidates[model.name] = _Candidate(
            learner, module.TIE, tolerance(module, model.arithmetic), mapped[key], model.lost_at_restart
        )
    steps = _steps(recording, rows, refused, list(mapped.values())) if candidates else []
    for name, candidate in candidates.items():
        try:
            seen, taken, near = _train(candidate, steps=steps, end_rows=end_rows, restarts=restarts)
        except (ArithmeticError, ValueError) as error:  # plain Python raises where IEEE arithmetic has NaN or infinity
            unavailable[name] = f"the plain reference left the range of its arithmetic: {error}"
            continue
        predictions[name] = seen
        undecided[name] = near
        snapshots |= {(name, row): snapshot for row, snapshot in taken.items()}
    tolerances = {name: candidate.tolerance for name, candidate in candidates.items()}
    return PlainRun(snapshots, predictions, unavailable, tolerances, undecided)


def _make_learner(model: PlainModel, classes: tuple[int, ...]) -> Learner:
    """A fresh learner; raises TwinError for what the references do not know."""
    if len(classes) != 2:  # noqa: PLR2004  # what trains on single samples is binary
        raise TwinError(f"{model.learner} tells 2 classes apart, the recording has {len(classes)}")
    module = load_learner(model.learner, arithmetic=model.arithmetic, folder=model.twins)
    if trains_in_batches(module):
        raise TwinError(f"{model.learner} trains on mini-batches only")
    checked = Reference(
        model.learner,
        model.features,
        arithmetic=model.arithmetic,
        channels=model.channels,
        hyperparameters=model.hyperparameters,
        folder=model.twins,
    )
    feature_map = load_feature_map(model.features, arithmetic=model.arithmetic, folder=model.twins)
    dimension = feature_map.dimension(len(model.channels))
    learner = module.Learner(dimension + model.bias, model.arithmetic, checked.hyperparameters)
    if model.initial:
        learner.load(learner.state() | dict(model.initial))
    return learner


def initial_plain_state(model: PlainModel, *, outputs: int) -> State:
    """Every state array before the first row; raises TwinError for what the references do not know."""
    module = load_learner(model.learner, arithmetic=model.arithmetic, folder=model.twins)
    if not trains_in_batches(module):
        return _make_learner(model, UNLABELLED_CLASSES).state()
    hyperparameters = complete_hyperparameters(module, model.hyperparameters)
    feature_map = load_feature_map(model.features, arithmetic=model.arithmetic, folder=model.twins)
    dimension = feature_map.dimension(len(model.channels))
    learner = module.BatchLearner(dimension, outputs, model.arithmetic, hyperparameters)
    return learner.state() | dict(model.initial)


def map_rows(model: PlainModel, recording: Recording, rows: int) -> Iterator[list[float] | None]:
    """Features row by row, the constant one of a bias included; None where a value or a feature is not finite.

    Values are float32 already, so nothing is rounded again.
    """
    feature_map = load_feature_map(model.features, arithmetic=model.arithmetic, folder=model.twins)
    infinity = float("inf")
    for values in recording.values[:rows, list(model.channels)].tolist():
        if not all(-infinity < value < infinity for value in values):
            yield None
            continue
        features = [*feature_map.map(values, model.arithmetic), *([1.0] if model.bias else [])]
        yield features if all(-infinity < feature < infinity for feature in features) else None


def _steps(recording: Recording, rows: int, refused: Collection[int], mapped: Sequence[_Features]) -> list[int]:
    """Per row the label to train with, -1 or +1, or 0 where the row is left out."""
    steps = [1 if label == recording.positive_label else -1 for label in recording.known_labels[:rows].tolist()]
    for row in refused:
        if row < rows:
            steps[row] = 0
    for features in mapped:
        for row, values in enumerate(features):
            if values is None:
                steps[row] = 0
    return steps


def _train(
    candidate: _Candidate, *, steps: Sequence[int], end_rows: Collection[int], restarts: Collection[int]
) -> tuple[str, dict[int, Snapshot], frozenset[int]]:
    """Predictions, snapshots by end row, and undecided rows."""
    learner = candidate.learner
    ends = set(end_rows)
    initial = {array: learner.state()[array] for array in candidate.lost_at_restart}
    undecided: set[int] = set()
    snapshots: dict[int, Snapshot] = {}
    predictions: list[str] = []
    updates = close = 0
    for row, (label, values) in enumerate(zip(steps, candidate.features, strict=True), start=1):
        if initial and row - 1 in restarts:
            learner.load(learner.state() | initial)
        if label == 0 or values is None:
            predictions.append(NOT_TRAINED)
        else:
            score = learner.score(values)
            predictions.append("1" if predicted_label(score, candidate.tie) > 0 else "0")
            if candidate.tolerance:
                band = _band(candidate, values)
                if abs(score) < band:
                    undecided.add(row - 1)
                close += abs(slack(learner, values, label)) < band
            updates += learner.train(values, label)
        if row in ends:
            snapshots[row] = Snapshot(updates, learner.state(), close)
    return "".join(predictions), snapshots, frozenset(undecided)


def _band(candidate: _Candidate, values: Sequence[float]) -> float:
    return score_band(vector(candidate.learner.state(), "w"), values, tolerance=candidate.tolerance)
