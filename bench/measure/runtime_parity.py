"""Parity with ONNX Runtime: whether an independent runtime scores the trained models as the payload does."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.measure.measurement import Measurement, RunContext
from bench.measure.scored import (
    Comparison,
    NotComparedError,
    ScoredRows,
    figures,
    mapped_features,
    payload_answers,
    scored_rows,
    summarize,
    unmeasured,
)
from bench.onnx import LinearModel, RuntimeAnswer, onnx_bytes, run_onnx
from bench.trace import Entry
from bench.trained_models import TrainedModel, trained_models
from firmware_if.reference import TwinError

_MappingKey = tuple[str, str, tuple[int, ...]]


def measure_runtime_parity(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """parity.onnx* and its counts."""
    scored = scored_rows(trace, context)
    mapped: dict[_MappingKey, NDArray[np.float64]] = {}
    compared = agreeing = place = 0
    missing: list[str] = []
    models = trained_models(trace, context.recording)
    for index, trained in enumerate(models):
        name, outputs = trained.created.name, int(getattr(trained.created, "outputs", 1))
        try:
            comparison = _comparison(trained, scored, place, index, mapped=mapped, twins=context.twins)
        except (NotComparedError, TwinError) as error:
            missing.append(name)
            yield from unmeasured("onnx", name, str(error))
        else:
            compared += 1
            agreeing += comparison.outside == 0 and comparison.predictions == 0
            yield from figures("onnx", name, comparison)
        place += outputs
    yield from summarize("onnx", compared, agreeing, missing)


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


def _comparison(
    trained: TrainedModel,
    scored: ScoredRows | None,
    place: int,
    index: int,
    *,
    mapped: dict[_MappingKey, NDArray[np.float64]],
    twins: Path | None,
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
        mapped[key] = mapped_features(created, scored.values, twins=twins)
    features = mapped[key]
    if features.shape[1] != model.dimension:
        raise NotComparedError(
            f"{created.features} makes {features.shape[1]} features; the model has {model.dimension}"
        )
    scores, labels = payload_answers(model, scored, place, index)
    return compare(model, features, scores, labels=labels, answer=run_onnx(onnx_bytes(model), features))
