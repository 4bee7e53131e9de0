"""The plain references in batch mode: trained epoch by epoch on the rows that the payload keeps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bench.learners import PlainModel, class_labels, map_rows
from bench.telemetry import Recording
from firmware_if.reference import (
    BatchLearner,
    State,
    TwinError,
    complete_hyperparameters,
    epoch_order,
    load_feature_map,
    load_learner,
    trains_in_batches,
)


@dataclass(frozen=True)
class PlainEpochs:
    """What one reference computed; `losses` has one value per epoch."""

    losses: tuple[float, ...]
    steps: int
    state: State


@dataclass(frozen=True)
class _DataSet:
    rows: Sequence[list[float]]
    classes: Sequence[int]


def run_epochs(
    models: Sequence[PlainModel], recording: Recording, *, epochs: int, refused: Collection[int] = ()
) -> Mapping[str, PlainEpochs | str]:
    """Train every model on all rows but the `refused` ones; a text says why there is no reference for a model.

    A row with a feature that is not finite is left out for all models, as the payload leaves it out.
    """
    mapped = {}
    found: dict[str, PlainEpochs | str] = {}
    for model in models:
        key = (model.features, model.arithmetic, model.channels)
        if key not in mapped:
            try:
                mapped[key] = list(map_rows(model, recording, recording.row_count))
            except TwinError as error:
                found[model.name] = f"no plain reference: {error}"
    left_out = {row for rows in mapped.values() for row, values in enumerate(rows) if values is None} | set(refused)
    for model in models:
        if model.name not in found:
            rows = mapped[model.features, model.arithmetic, model.channels]
            found[model.name] = _run(model, recording, rows, left_out=left_out, epochs=epochs)
    return found


def _run(
    model: PlainModel,
    recording: Recording,
    rows: Sequence[list[float] | None],
    *,
    left_out: Collection[int],
    epochs: int,
) -> PlainEpochs | str:
    if recording.labels is None:
        return "the recording has no labels"
    labels = class_labels(recording)
    kept = [row for row, values in enumerate(rows) if values is not None and row not in left_out]
    data = _DataSet(
        [values for row in kept if (values := rows[row]) is not None],
        [labels.index(label) for label in recording.labels[kept].tolist()],
    )
    try:
        module = load_learner(model.learner, arithmetic=model.arithmetic, folder=model.twins)
        if not trains_in_batches(module):
            return f"no plain reference: {model.learner} does not train in mini-batches"
        hyperparameters = complete_hyperparameters(module, model.hyperparameters)
        feature_map = load_feature_map(model.features, arithmetic=model.arithmetic, folder=model.twins)
        dimension = feature_map.dimension(len(model.channels))
        outputs = 1 if len(labels) == 2 else len(labels)  # noqa: PLR2004  # two classes need one score
        learner = module.BatchLearner(dimension, outputs, model.arithmetic, hyperparameters)
        if model.initial:
            learner.load(learner.state() | dict(model.initial))
        losses = [_epoch(learner, data, hyperparameters, epoch) for epoch in range(epochs)]
    except TwinError as error:
        return f"no plain reference: {error}"
    except (ArithmeticError, ValueError) as error:  # plain Python raises where IEEE arithmetic has NaN or infinity
        return f"the plain reference left the range of its arithmetic: {error}"
    size = int(hyperparameters["batch"])
    return PlainEpochs(tuple(losses), epochs * -(-len(kept) // size), learner.state())


def _epoch(learner: BatchLearner, data: _DataSet, hyperparameters: Mapping[str, float], epoch: int) -> float:
    """Mean of the mini-batches' mean losses."""
    size = int(hyperparameters["batch"])
    order = epoch_order(len(data.rows), int(hyperparameters["seed"]), epoch)
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    losses = [learner.train_batch([data.rows[i] for i in b], [data.classes[i] for i in b]) for b in batches]
    return sum(losses) / len(losses)
