"""Rows that a payload scored without training, as another runtime must score them too, and the figures of that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.measure.classes import CLASS_DIGITS
from bench.measure.measurement import Measurement, RunContext, entries_of
from bench.onnx import LinearModel
from bench.onnx.linear import REAL_TYPES
from bench.trace import Entry, EvaluationScored, ModelCreated
from firmware_if.reference import load_feature_map

_NAMED: Final = 3
"""Models without a figure that the summary names."""


class NotComparedError(Exception):
    """A model has no figure; the text says why."""


@dataclass(frozen=True, eq=False)
class ScoredRows:
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


def scored_rows(trace: Sequence[Entry], context: RunContext) -> ScoredRows | None:
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
    return ScoredRows(values[rows], [found[row][0] for row in rows], [found[row][1] for row in rows])


def mapped_features(
    created: ModelCreated, values: NDArray[np.float32], *, twins: Path | None = None
) -> NDArray[np.float64]:
    """Features (N, d) by the plain feature map, in the type in which the payload calculates."""
    feature_map = load_feature_map(created.features, arithmetic=created.arithmetic, folder=twins)
    channels = created.channels
    if not channels or not all(0 <= channel < values.shape[1] for channel in channels):
        raise NotComparedError(f"it reads channels {channels}; the recording has {values.shape[1]}")
    if feature_map.inputs not in (0, len(channels)):
        raise NotComparedError(f"{created.features} reads {feature_map.inputs} channels, not {len(channels)}")
    rows = [feature_map.map(row, created.arithmetic) for row in values[:, channels].tolist()]
    return np.array(rows, dtype=REAL_TYPES[created.arithmetic]).astype(np.float64)


def payload_answers(
    model: LinearModel, scored: ScoredRows, place: int, index: int
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


def figures(kind: str, name: str, comparison: Comparison, *, notes: str = "") -> Iterator[Measurement]:
    because = f"{comparison.rows} rows compared" + (f"; {notes}" if notes else "")
    yield Measurement(f"parity.{kind}.{name}", comparison.outside, "rows", because=because)
    yield Measurement(f"parity.{kind}.{name}.predictions", comparison.predictions, "rows", because=because)
    yield Measurement(f"parity.error.{kind}.{name}", comparison.error, "1", repeatable=False, because=because)


def unmeasured(kind: str, name: str, because: str) -> Iterator[Measurement]:
    yield Measurement(f"parity.{kind}.{name}", None, "rows", because=because)
    yield Measurement(f"parity.{kind}.{name}.predictions", None, "rows", because=because)
    yield Measurement(f"parity.error.{kind}.{name}", None, "1", repeatable=False, because=because)


def summarize(kind: str, compared: int, agreeing: int, missing: Sequence[str]) -> Iterator[Measurement]:
    """Models that the runtime scores otherwise; unmeasured while one could not be compared and none differs."""
    different = compared - agreeing
    because = f"{agreeing} of {compared} models agree" if compared else "no model was compared"
    if missing:
        because += f"; not compared: {', '.join(missing[:_NAMED])}" + (" ..." if len(missing) > _NAMED else "")
    measured = compared and (different or not missing)
    yield Measurement(f"parity.{kind}", different if measured else None, "models", because=because)
    yield Measurement(f"parity.compared.{kind}", compared, "models")
