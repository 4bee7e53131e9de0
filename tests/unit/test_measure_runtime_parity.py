"""Parity with ONNX Runtime."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bench.measure import Measurement, RunContext
from bench.measure.runtime_parity import compare, measure_runtime_parity
from bench.onnx import LinearModel, RuntimeAnswer, onnx_bytes, run_onnx
from bench.trace import Entry, EvaluationScored, ModelCreated, ModelDumped
from firmware_if.reference import Reference
from tests.unit.made_runs import MODELS, MadeRun, make_run

Change = Callable[[float], float]


def scored(made: MadeRun, change: Change = lambda score: score) -> list[Entry]:
    """The trace with the answers of a faultless payload to the evaluation rows; scores of arow_3D are changed."""
    assert made.recording.evaluation is not None
    references = []
    for model in MODELS:
        reference = Reference(
            model.learner,
            model.features,
            arithmetic=model.arithmetic,
            channels=model.channels,
            hyperparameters=model.hyperparameters,
        )
        reference.load(made.plain.snapshots[model.name, 50].state)
        references.append(reference)
    rows = made.recording.evaluation.values.tolist()
    scores = [[reference.score(row) for reference in references] for row in rows]
    scores = [[change(first), *rest] for first, *rest in scores]
    texts = ["".join("1" if score > 0 else "0" for score in row) for row in scores]
    return [replace(e, scores=scores, predictions=texts) if isinstance(e, EvaluationScored) else e for e in made.trace]


def figures(made: MadeRun, trace: list[Entry]) -> dict[str, Measurement]:
    return {one.name: one for one in measure_runtime_parity(trace, RunContext(made.recording))}


def test_a_faultless_payload_agrees_with_the_runtime() -> None:
    made = make_run()
    found = figures(made, scored(made))
    for name in ("arow_3D", "rda_2D"):
        assert (found[f"parity.onnx.{name}"].value, found[f"parity.onnx.{name}.predictions"].value) == (0, 0)
        error = found[f"parity.error.onnx.{name}"].value
        assert error is not None
        assert 0 <= error <= 1
    assert (found["parity.onnx"].value, found["parity.onnx"].because) == (0, "2 of 2 models agree")
    assert found["parity.compared.onnx"].value == 2


CHANGES: dict[str, Change] = {
    "scaled": lambda score: score * (1 + 1e-12),
    "moved": lambda score: score + 1e-12,
    "NaN": lambda _: math.nan,
    "infinite": lambda _: math.inf,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_scores_outside_the_bound_are_found(change: Change) -> None:
    made = make_run()
    found = figures(made, scored(made, change))
    assert found["parity.onnx.arow_3D"].value is not None
    assert found["parity.onnx.arow_3D"].value > 0
    error = found["parity.error.onnx.arow_3D"].value
    assert error is not None
    assert error > 1
    assert (found["parity.onnx"].value, found["parity.onnx"].because) == (1, "1 of 2 models agree")
    assert found["parity.onnx.rda_2D"].value == 0


def test_a_prediction_that_no_rounding_explains_is_found() -> None:
    made = make_run()
    trace = scored(made, lambda score: -score)
    assert figures(made, trace)["parity.onnx.arow_3D.predictions"].value == 3  # of 4 rows; the first scores exactly 0


def test_a_wrong_tie_is_found() -> None:
    """The angle of the first evaluation row is 0, so every model scores it exactly 0."""
    made = make_run()
    trace: list[Entry] = []
    for entry in scored(made):
        if isinstance(entry, EvaluationScored):
            assert entry.scores[0] == [0.0, 0.0]
            entry = replace(entry, predictions=["11", *entry.predictions[1:]])  # noqa: PLW2901
        trace.append(entry)
    found = figures(made, trace)
    assert [found[f"parity.onnx.{name}.predictions"].value for name in ("arow_3D", "rda_2D")] == [1, 1]
    assert found["parity.onnx"].value == 2


def test_without_scored_rows_nothing_passes() -> None:
    made = make_run()
    trace = [entry for entry in made.trace if not isinstance(entry, EvaluationScored)]
    found = figures(made, trace)
    for name in ("parity.onnx.arow_3D", "parity.onnx.arow_3D.predictions", "parity.error.onnx.arow_3D"):
        assert found[name].value is None
        assert found[name].because.startswith("the payload scored no rows")
    assert (found["parity.onnx"].value, found["parity.compared.onnx"].value) == (None, 0)
    assert found["parity.onnx"].because == "no model was compared; not compared: arow_3D, rda_2D"


def test_a_model_that_is_none_of_linear_ones_leaves_the_summary_unmeasured() -> None:
    made = make_run()
    trace = [
        replace(entry, state={"support": [1.0]}) if isinstance(entry, ModelDumped) and entry.name == "rda_2D" else entry
        for entry in scored(made)
    ]
    found = figures(made, trace)
    assert found["parity.onnx.rda_2D"].because == "its state has no weights: no array 'w'"
    assert found["parity.onnx"].value is None
    assert found["parity.onnx"].because == "1 of 1 models agree; not compared: rda_2D"
    assert found["parity.onnx.arow_3D"].value == 0


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"features": "wavelet"}, "no feature map is named 'wavelet'"),
        ({"features": "orbitai-1d"}, "orbitai-1d makes 1 features; the model has 3"),
        ({"features": "orbitai-5d"}, "orbitai-5d reads 5 channels, not 1"),
        ({"channels": [2]}, "it reads channels [2]; the recording has 2"),
        ({"channels": []}, "it reads channels []; the recording has 2"),
    ],
)
def test_features_that_cannot_be_had_are_no_pass(change: dict[str, object], because: str) -> None:
    made = make_run()
    trace = [
        replace(entry, **change) if isinstance(entry, ModelCreated) and entry.name == "arow_3D" else entry  # type: ignore[arg-type]
        for entry in scored(made)
    ]
    found = figures(made, trace)["parity.onnx.arow_3D"]
    assert (found.value, found.because) == (None, because)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"scores": [[0.0]] * 4}, "the payload's answers hold fewer scores than there are models"),
        ({"predictions": ["0"] * 4}, "the payload's answers hold fewer scores than there are models"),
        ({"predictions": ["02"] * 4}, "the payload predicted a class that the recording does not have"),
        ({"predictions": ["0?"] * 4}, "the payload predicted a class that the recording does not have"),
        ({"first_row": 4}, "the payload scored no rows: the scenario does not evaluate, or the run did not get so far"),
    ],
)
def test_answers_that_do_not_fit_are_no_pass(change: dict[str, object], because: str) -> None:
    made = make_run()
    trace = [replace(e, **change) if isinstance(e, EvaluationScored) else e for e in scored(made)]  # type: ignore[arg-type]
    found = figures(made, trace)["parity.onnx.rda_2D"]
    assert (found.value, found.because) == (None, because)


THREE = LinearModel("three", np.eye(3), np.zeros(3), "f32", -1, (7, 5, 6))


def test_labels_that_rounding_can_swap_are_no_difference() -> None:
    features = np.array([[1.0, 1.0 + 2.0**-23, 0.0], [1.0, 1.5, 0.0]])
    answer = run_onnx(onnx_bytes(THREE), features)
    assert answer.labels.tolist() == [5, 5]
    swapped = compare(THREE, features, answer.scores, labels=np.array([7, 7]), answer=answer)
    assert (swapped.outside, swapped.error, swapped.predictions) == (0, 0.0, 1)
    unknown = compare(THREE, features, answer.scores, labels=np.array([9, 9]), answer=answer)
    assert unknown.predictions == 2


def test_the_first_of_equal_zeros_must_win_on_both_sides() -> None:
    features = np.zeros((1, 3))
    answer = run_onnx(onnx_bytes(THREE), features)
    assert compare(THREE, features, answer.scores, labels=np.array([6]), answer=answer).predictions == 1


def test_a_score_near_0_may_fall_to_either_side() -> None:
    model = LinearModel("one", np.ones((1, 2)), np.zeros(1), "f32", -1, (-1, 1))
    features = np.array([[1.0, -1.0 + 2.0**-24], [1.0, -0.5]])
    answer = run_onnx(onnx_bytes(model), features)
    compared = compare(model, features, answer.scores, labels=np.array([-1, -1]), answer=answer)
    assert (compared.outside, compared.predictions) == (0, 1)


def test_the_same_infinity_is_the_same_and_one_of_any_output_counts() -> None:
    features = np.array([[1.0, 2.0, 3.0]] * 2)
    bounds = THREE.score_bounds(features)
    seen = features + bounds * [[0.0, 0.5, 1.0], [0.0, 0.0, 2.0]]
    seen[0, 0] = expected = np.inf
    answer = RuntimeAnswer(features.copy(), np.array([6, 6]))
    answer.scores[0, 0] = expected
    found = compare(THREE, features, seen, labels=np.array([6, 6]), answer=answer)
    assert found.outside == 1
    assert found.error == pytest.approx(2.0, rel=1e-6)
    assert found.rows == 2
