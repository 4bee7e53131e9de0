"""What comes back for rows: costs and predictions of a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.measure.classes import CLASS_DIGITS
from bench.monitor.basis import Rows
from bench.monitor.state import OPERATIONS, Answers, RunState
from bench.trace import EvaluationScored, SamplesTrained
from firmware_if.messages import RowStatus

_CURVE_POINTS: Final = 96
"""Over the rows that are due."""
_UPDATED: Final = ord("1")
_ON_TRAINED: Final = ("train", "predict")
_KEPT: Final = frozenset({int(RowStatus.TRAINED), int(RowStatus.STORED)})


def take_samples(state: RunState, entry: SamplesTrained, rows: Rows) -> None:
    """Costs, predictions before training, and updates of one batch."""
    state.rows += len(entry.status)
    state.link.record_bytes = rows.record_bytes
    _take_costs(state, entry)
    state.refused_rows += sum(status not in _KEPT for status in entry.status)
    trained = [place for place, status in enumerate(entry.status) if status == RowStatus.TRAINED]
    if not trained or not state.models:
        return
    whole = len(trained) == len(entry.status)
    predictions = entry.predictions if whole else [entry.predictions[place] for place in trained]
    updated = entry.updated if whole else [entry.updated[place] for place in trained]
    places = np.asarray(trained) + _row(entry.first_row)
    codes = _codes_at(rows.codes, places)
    table = _table(predictions, len(state.models))
    if table is not None and codes is not None:
        _count(state.answers, table, codes, classes=len(rows.classes))
        _draw_curves(state)
    changed = _table(updated, len(state.models))
    if changed is not None:
        for model, number in zip(state.models, (changed == _UPDATED).sum(axis=0).tolist(), strict=True):
            model.updates += number


def take_scores(state: RunState, entry: EvaluationScored, rows: Rows) -> None:
    """Predictions without training."""
    state.scored_rows += len(entry.scores)
    if entry.source != state.scored_source:  # a run has one of them
        state.scored_source, state.scored = entry.source, Answers()
    codes = rows.evaluation if entry.source == "evaluation" else rows.codes
    table = _table(entry.predictions, len(state.models))
    found = _codes_at(codes, np.arange(len(entry.predictions)) + _row(entry.first_row))
    if table is not None and found is not None:
        _count(state.scored, table, found, classes=len(rows.classes))
        if state.mode == "score":
            _draw_curves(state, answers=state.scored, rows=state.scored_rows)


def _take_costs(state: RunState, entry: SamplesTrained) -> None:
    """Of rows that were trained or kept; what was refused has cost nothing."""
    statuses = set(entry.status)
    kept = None if statuses <= _KEPT else [place for place, status in enumerate(entry.status) if status in _KEPT]
    if not state.models:
        return
    has_trained = RowStatus.TRAINED in statuses
    columns = [_costs(getattr(entry, name), kept) for name in OPERATIONS]
    for name, column in zip(OPERATIONS, columns, strict=True):
        if has_trained or name not in _ON_TRAINED:
            state.steps[name].add(column)
    state.row.add(map(sum, zip(*columns, strict=True)))


def _costs(column: Sequence[int], kept: Sequence[int] | None) -> Sequence[int]:
    return column if kept is None else [column[place] for place in kept]


def _row(number: int) -> int:
    """A row number that an array can be asked for; beyond any recording where it is none."""
    return number if 0 <= number < 1 << 62 else 1 << 62


def _codes_at(codes: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint8] | None:
    """Classes of rows, 0 for a row that the recording does not have; None for a recording without labels."""
    if not len(codes):
        return None
    return np.where(places < len(codes), codes[np.minimum(places, len(codes) - 1)], 0).astype(np.uint8)


def _table(texts: Sequence[str], models: int) -> NDArray[np.uint8] | None:
    """(rows, models) characters; None unless every text has one for each model."""
    if not texts or any(len(text) < models for text in texts):
        return None
    exact = texts if all(len(text) == models for text in texts) else [text[:models] for text in texts]
    joined = "".join(exact).encode("latin-1", "replace")
    return np.frombuffer(joined, np.uint8).reshape(len(texts), models)


def _count(answers: Answers, table: NDArray[np.uint8], codes: NDArray[np.uint8], *, classes: int) -> None:
    models = table.shape[1]
    if len(answers.rows) != classes or len(answers.hits[0]) < models:
        answers.rows = [0] * classes
        answers.hits = [[0] * models for _ in range(classes)]
        answers.predicted = [[0] * models for _ in range(classes)]
    known = codes != 0
    if not known.all():
        table, codes = table[known], codes[known]
    for place in range(classes):
        is_predicted = table == ord(CLASS_DIGITS[place])
        _increase(answers.predicted[place], is_predicted.sum(axis=0).tolist())
        of_class = codes == ord(CLASS_DIGITS[place])
        if of_class.any():
            answers.rows[place] += int(of_class.sum())
            _increase(answers.hits[place], is_predicted[of_class].sum(axis=0).tolist())


def _increase(counts: list[int], more: list[int]) -> None:
    for place, number in enumerate(more):
        counts[place] += number


def _draw_curves(state: RunState, *, answers: Answers | None = None, rows: int | None = None) -> None:
    """A point on every model's curve, where one is due."""
    step = (rows if rows is not None else state.rows) * _CURVE_POINTS // max(state.due_rows, 1)
    if not state.models or step <= state.models[0].curve.seen:
        return
    answers = answers or state.answers
    for place, model in enumerate(state.models):
        balanced = answers.balanced(place)
        if balanced is not None:
            model.curve.add(balanced, step=step)
