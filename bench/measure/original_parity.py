"""Parity with the model files that were loaded: ONNX Runtime runs each as it is, and the payload must agree with it."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.initial_models import initial_state
from bench.learners import class_labels
from bench.measure.measurement import Measurement, RunContext, entries_of
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
from bench.onnx import compare_with_original
from bench.trace import Entry, RunStarted
from bench.trained_models import TrainedModel, trained_models
from firmware_if.reference import TwinError

_KIND = "original"


def measure_original_parity(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """parity.original* and its counts, in score mode; a model that trained on is another than its file."""
    if not context.initial or not any(started.mode == "score" for started in entries_of(trace, RunStarted)):
        return
    scored = scored_rows(trace, context)
    compared = agreeing = place = 0
    missing: list[str] = []
    for index, trained in enumerate(trained_models(trace, context.recording)):
        name = trained.created.name
        if name in context.initial:
            try:
                comparison, notes = _comparison(trained, scored, place, index, context=context)
            except (NotComparedError, TwinError) as error:
                missing.append(name)
                yield from unmeasured(_KIND, name, str(error))
            else:
                compared += 1
                agreeing += comparison.outside == 0 and comparison.predictions == 0
                yield from figures(_KIND, name, comparison, notes=notes)
        place += trained.created.outputs
    yield from summarize(_KIND, compared, agreeing, missing)


def _comparison(
    trained: TrainedModel, scored: ScoredRows | None, place: int, index: int, *, context: RunContext
) -> tuple[Comparison, str]:
    """The model with number `index`, whose scores begin at `place`, and which outputs of its file were compared."""
    created, model = trained.created, trained.linear
    if model is None:
        raise NotComparedError(trained.because)
    if scored is None:
        raise NotComparedError("the payload scored no rows")
    initial = context.initial[created.name]
    labels = class_labels(context.recording)
    state = initial_state(initial, created, labels)
    features = mapped_features(created, scored.values, twins=context.twins)
    scores, predicted = payload_answers(model, scored, place, index)
    order = np.array(state.order)
    places = order[[labels.index(label) for label in predicted.tolist()]]
    in_file = np.empty_like(scores)
    if model.outputs > 1:
        in_file[:, order] = scores
    else:
        in_file = scores if order[0] == 0 else -scores
    found = compare_with_original(initial.graph, features, in_file, places=places, arithmetic=created.arithmetic)
    if not found:
        raise NotComparedError("no output of the file can be had from the payload's scores")
    ratios = [one.ratios for one in found if one.ratios is not None]
    outside = np.zeros(len(features), dtype=bool)
    for one in ratios:
        outside |= (one > 1.0).any(axis=1)
    different = np.zeros(len(features), dtype=bool)
    for other in found:
        if other.different is not None:
            different |= other.different
    error = max((float(one.max(initial=0.0)) for one in ratios), default=0.0)
    notes = f"outputs {', '.join(one.name for one in found)}"
    if state.rounded:
        notes += f"; {state.rounded} weights rounded to {created.arithmetic}, by at most {state.rounding:.2g}"
    return Comparison(len(features), int(outside.sum()), error, int(different.sum())), notes
