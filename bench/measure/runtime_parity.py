"""Parity with ONNX Runtime: whether an independent runtime scores the trained models as the payload does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.measure.classes import CLASS_DIGITS
from bench.measure.measurement import Measurement, RunContext, entries_of
from bench.onnx import LinearModel, RuntimeAnswer, onnx_bytes, run_onnx
from bench.onnx.linear import REAL_TYPES
from bench.trace import Entry, EvaluationScored, ModelCreated
from bench.trained_models import TrainedModel, trained_models
from firmware_if.reference import TwinError, load_feature_map

_NAMED: Final = 3
"""Models without a figure that the summary names."""
_MappingKey = tuple[str, str, tuple[int, ...]]


class NotComparedError(Exception):
    """A model has no figure; the text says why."""


@dataclass(frozen=True, eq=False)
class _Scored:
    """Rows that the payload scored with the models as they were in the end."""

    values: NDArray[np.float32]
    """(N, channels)."""
    scores: Sequence[Sequence[float]]
    """Per row the scores of all models, one after the other."""
    predictions: Sequence[str]
    """Per row one class digit per model."""


@dataclass(frozen=True)
class Comparison:
    """Of the payload's and the runtime's answers for one model."""

    rows: int
    outside: int
    """Rows with a score outside the bound."""
    error: float
    """Largest difference of two scores over its bound."""
    predictions: int
    """Rows whose prediction differs though rounding cannot have decided it."""


def measure_runtime_parity(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """parity.onnx* and its counts."""
    scored = _scored_rows(trace, context)
    mapped: dict[_MappingKey, NDArray[np.float64]] = {}
    compared = agreeing = place = 0
    missing: list[str] = []
    models = trained_models(trace, context.recording)
    for index, trained in enumerate(models):
        name, outputs = trained.created.name, int(getattr(trained.created, "outputs", 1))
        try:
            comparison = _comparison(trained, scored, place, index, mapped=mapped)
        except (NotComparedError, TwinError) as error:
            missing.append(name)
            yield from _unmeasured(name, str(error))
        else:
            compared += 1
            agreeing += comparison.outside == 0 and comparison.predictions == 0
            yield from _figures(name, comparison)
        place += outputs
    yield from _summary(compared, agreeing, missing)


def compare(
    model: LinearModel,
    features: NDArray[np.float64],
    scores: NDArray[np.float64],
    *,
    labels: NDArray[np.int64],
    answer: RuntimeAnswer,
) -> Comparison:
    """Scores (N, K) and labels (N,) of the payload against the runtime's answer to the same features (N, d)."""
    bounds = model.score_bounds(features)
    same = (scores == answer.scores) | (np.isnan(scores) & np.isnan(answer.scores))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratios = np.where(same, 0.0, np.abs(scores - answer.scores) / bounds)
    ratios = np.where(np.isnan(ratios), np.inf, ratios)  # a NaN on one side alone is no agreement
    different = (labels != answer.labels) & ~_undecided(model, answer, bounds, labels)
    return Comparison(
        len(features),
        int((ratios > 1.0).any(axis=1).sum()),
        float(ratios.max(initial=0.0)),
        int(different.sum()),
    )


def _undecided(
    model: LinearModel, answer: RuntimeAnswer, bounds: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Rows on which rounding decides between the runtime's label and the payload's.

    Of scores without any rounding, those of zeros alone, the tie rule decides, and it must be the same.
    """
    if model.outputs == 1:
        near: NDArray[np.bool_] = (np.abs(answer.scores) <= bounds) & (bounds > 0.0)
        return near[:, 0]
    rows = np.arange(len(labels))
    classes = {label: place for place, label in enumerate(model.labels)}
    ours = np.array([classes.get(label, -1) for label in labels.tolist()], dtype=np.intp)
    theirs = np.array([classes[label] for label in answer.labels.tolist()], dtype=np.intp)
    band = bounds[rows, ours] + bounds[rows, theirs]
    apart = np.abs(answer.scores[rows, ours] - answer.scores[rows, theirs])
    undecided: NDArray[np.bool_] = (ours >= 0) & (apart <= band) & (band > 0.0)
    return undecided


def _scored_rows(trace: Sequence[Entry], context: RunContext) -> _Scored | None:
    """The rows that were scored without training, with their scores; a later report of a row replaces."""
    evaluation = context.recording.evaluation
    source, values = "evaluation", evaluation.values if evaluation is not None else None
    if values is None:
        source, values = "recording", context.recording.values
    found: dict[int, tuple[Sequence[float], str]] = {}
    for entry in entries_of(trace, EvaluationScored):
        for offset, answer in enumerate(zip(entry.scores, entry.predictions, strict=False)):
            if entry.source == source and 0 <= entry.first_row + offset < len(values):
                found[entry.first_row + offset] = answer
    if not found:
        return None
    rows = sorted(found)
    return _Scored(values[rows], [found[row][0] for row in rows], [found[row][1] for row in rows])


def _comparison(
    trained: TrainedModel,
    scored: _Scored | None,
    place: int,
    index: int,
    *,
    mapped: dict[_MappingKey, NDArray[np.float64]],
) -> Comparison:
    """The model with number `index`, whose scores begin at `place`; raises NotComparedError or TwinError."""
    if trained.linear is None:
        raise NotComparedError(trained.because)
    if scored is None:
        raise NotComparedError(
            "the payload scored no rows: the scenario does not evaluate, or the run did not get so far"
        )
    model, created = trained.linear, trained.created
    key = (created.features, created.arithmetic, tuple(created.channels))
    if key not in mapped:
        mapped[key] = _mapped(created, scored.values)
    features = mapped[key]
    if features.shape[1] != model.dimension:
        raise NotComparedError(
            f"{created.features} makes {features.shape[1]} features; the model has {model.dimension}"
        )
    scores, labels = _payload_answers(model, scored, place, index)
    return compare(model, features, scores, labels=labels, answer=run_onnx(onnx_bytes(model), features))


def _mapped(created: ModelCreated, values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Features (N, d) by the plain feature map, in the type in which the payload calculates."""
    feature_map = load_feature_map(created.features, arithmetic=created.arithmetic)
    channels = created.channels
    if not channels or not all(0 <= channel < values.shape[1] for channel in channels):
        raise NotComparedError(f"it reads channels {channels}; the recording has {values.shape[1]}")
    if feature_map.inputs not in (0, len(channels)):
        raise NotComparedError(f"{created.features} reads {feature_map.inputs} channels, not {len(channels)}")
    rows = [feature_map.map(row, created.arithmetic) for row in values[:, channels].tolist()]
    return np.array(rows, dtype=REAL_TYPES[created.arithmetic]).astype(np.float64)


def _payload_answers(
    model: LinearModel, scored: _Scored, place: int, index: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scores (N, K) and labels (N,) of one model."""
    end = place + model.outputs
    if any(len(row) < end for row in scored.scores) or any(len(row) <= index for row in scored.predictions):
        raise NotComparedError("the payload's answers hold fewer scores than there are models")
    scores = np.array([row[place:end] for row in scored.scores], dtype=np.float64)
    classes = [CLASS_DIGITS.find(row[index]) for row in scored.predictions]
    if not all(0 <= one < len(model.labels) for one in classes):
        raise NotComparedError("the payload predicted a class that the recording does not have")
    return scores, np.array([model.labels[one] for one in classes], dtype=np.int64)


def _figures(name: str, comparison: Comparison) -> Iterator[Measurement]:
    because = f"{comparison.rows} rows compared"
    yield Measurement(f"parity.onnx.{name}", comparison.outside, "rows", because=because)
    yield Measurement(f"parity.onnx.{name}.predictions", comparison.predictions, "rows", because=because)
    yield Measurement(f"parity.error.onnx.{name}", comparison.error, "1", repeatable=False, because=because)


def _unmeasured(name: str, because: str) -> Iterator[Measurement]:
    yield Measurement(f"parity.onnx.{name}", None, "rows", because=because)
    yield Measurement(f"parity.onnx.{name}.predictions", None, "rows", because=because)
    yield Measurement(f"parity.error.onnx.{name}", None, "1", repeatable=False, because=because)


def _summary(compared: int, agreeing: int, missing: Sequence[str]) -> Iterator[Measurement]:
    """Models that ONNX Runtime scores otherwise; unmeasured while one could not be compared and none differs."""
    different = compared - agreeing
    because = f"{agreeing} of {compared} models agree" if compared else "no model was compared"
    if missing:
        because += f"; not compared: {', '.join(missing[:_NAMED])}" + (" ..." if len(missing) > _NAMED else "")
    measured = compared and (different or not missing)
    yield Measurement("parity.onnx", different if measured else None, "models", because=because)
    yield Measurement("parity.compared.onnx", compared, "models")
