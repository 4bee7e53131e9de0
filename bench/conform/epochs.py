"""Batch learners on the payload beside their plain twins: states, losses, scores and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.conform.check import require
from bench.conform.parity import compare_states, dimension, find_twins, given_parameters, map_row, read_state
from bench.conform.rows import Row, make_classed_rows, predict, stream
from bench.conform.subject import Subject
from bench.conform.variety import Variant, vary
from firmware_if.messages import EpochTrained, Mode, OpenDataSet, TrainEpoch
from firmware_if.reference import (
    BatchLearner,
    LearnerModule,
    epoch_order,
    predicted_class,
    score_band,
    tolerance,
)

_ROW_BYTES = 3
"""Of a stored row beside its features: its class and its place in the order."""
_SCORED = 20


def check_batch(subject: Subject, *, rows: int, epochs: int, classes: tuple[int, ...]) -> int:
    """How many batch learners with a twin were held to it; raises Violation for one that differs."""
    twins = find_twins(subject, Mode.BATCH)
    room = subject.housekeeping().data_bytes
    for recipe, module in twins:
        variant = _off_balance(vary(recipe, subject.random), len(classes))
        fitting = min(rows, (room - 32) // (_ROW_BYTES + 8 * dimension(variant)))
        fitting -= fitting % len(classes) == 0
        _check_one(subject, variant, module, rows=fitting, epochs=epochs, classes=classes)
    return len(twins)


def _off_balance(variant: Variant, classes: int) -> Variant:
    """With mini-batches that cannot hold as many rows of each class.

    Of three, the gradient of a model that has not begun would be 0 but for rounding, and Adam makes a whole step of it.
    """
    size = variant.parameters["batch"]
    return replace(variant, parameters={**variant.parameters, "batch": size + (size % classes == 0)})


def _check_one(
    subject: Subject, variant: Variant, module: LearnerModule, *, rows: int, epochs: int, classes: tuple[int, ...]
) -> None:
    drawn = make_classed_rows(subject, rows, channels=variant.width, classes=classes)
    outputs = 1 if len(classes) == 2 else len(classes)  # noqa: PLR2004 - as the contract has it
    arithmetic = variant.recipe.learner.arithmetic
    learner = module.BatchLearner(dimension(variant), outputs, arithmetic, given_parameters(variant, module))
    subject.reset()
    subject.talk.demand(variant.configure(classes=classes))
    created = subject.create(variant.create())
    subject.talk.demand(OpenDataSet(rows))
    stream(subject.talk, drawn, classes=len(classes))
    features = [map_row(variant, row.values) for row in drawn]
    indices = [classes.index(row.label) for row in drawn]
    allowed = tolerance(module, arithmetic)
    for epoch in range(epochs):
        losses = _train_twin(learner, features, indices, variant, epoch)
        trained = [a for a in subject.talk.demand(TrainEpoch(created.model, epoch)) if isinstance(a, EpochTrained)]
        require(len(trained) == 1, "one EpochTrained", f"{len(trained)} of them")
        require(trained[0].steps == len(losses), f"{variant.name}: {len(losses)} steps", trained[0].steps)
        mean = sum(losses) / len(losses)
        # A loss changes by no more than twice what its scores do.
        band = 2 * max(_band(learner, x, allowed) for x in features)
        near = abs(trained[0].loss - mean) <= band
        require(near, f"{variant.name}: loss {mean!r} within {band:.3g} of epoch {epoch}", trained[0].loss)
    compare_states(variant, read_state(subject, created), learner.state(), allowed=allowed)
    _compare_scores(subject, variant, learner, drawn[:_SCORED], classes=len(classes), module=module)


def _train_twin(
    learner: BatchLearner, features: list[list[float]], indices: list[int], variant: Variant, epoch: int
) -> list[float]:
    """The losses of an epoch's mini-batches."""
    size, seed = int(variant.parameters["batch"]), int(variant.parameters["seed"])
    order = epoch_order(len(features), seed, epoch)
    losses = []
    for start in range(0, len(features), size):
        chosen = order[start : start + size]
        losses.append(learner.train_batch([features[i] for i in chosen], [indices[i] for i in chosen]))
    return losses


def _compare_scores(
    subject: Subject,
    variant: Variant,
    learner: BatchLearner,
    rows: Sequence[Row],
    *,
    classes: int,
    module: LearnerModule,
) -> None:
    """Each score near the twin's, and the class that the payload's own scores stand for."""
    outputs = len(learner.scores(map_row(variant, rows[0].values)))
    scored = predict(subject.talk, rows, outputs=(outputs,), classes=classes)
    allowed = tolerance(module, variant.recipe.learner.arithmetic)
    for row, scores, digit in zip(rows, scored.scores, scored.predictions, strict=True):
        x = map_row(variant, row.values)
        band = _band(learner, x, allowed)
        wanted = learner.scores(x)
        near = all(abs(one - other) <= band for one, other in zip(wanted, scores, strict=True))
        require(near, f"{variant.name}: scores {wanted} within {band:.3g}", scores)
        index = predicted_class(scores, module.TIE)
        require(digit == str(index), f"{variant.name}: class {index} for scores {scores}", digit)


def _band(learner: BatchLearner, x: Sequence[float], allowed: float) -> float:
    """How far a score of any output may lie from the twin's; the learner may have a constant feature of its own."""
    weights = [value for array in learner.state().values() if isinstance(array, list) for value in array]
    return score_band(weights, [*x, 1.0], tolerance=allowed)
