"""Accuracy before training and on evaluation rows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure import Measurement, RunContext
from bench.measure.accuracy import Confusion, confusion_of, measure_accuracy, rates
from bench.trace import Entry, EvaluationScored
from tests.unit.made_runs import MODELS, connected, created, make_recording, make_run, trained


def figures(trace: list[Entry], context: RunContext | None = None) -> dict[str, Measurement]:
    return {one.name: one for one in measure_accuracy(trace, context or RunContext(make_recording()))}


def rates_of(confusion: Confusion) -> dict[str, Measurement]:
    return {one.name.removeprefix("x."): one for one in rates("x", confusion)}


def test_the_published_sweep_of_arow_3d_gives_the_published_balanced_accuracy() -> None:
    """OPS-SAT-1, 18 April 2021: TP 104 FN 1 FP 11 TN 42, balanced accuracy 0.891."""
    found = rates_of(Confusion(tp=104, fn=1, fp=11, tn=42))
    assert found["balanced_accuracy"].value == pytest.approx(0.891, abs=5e-4)
    assert found["recall"].value == 104 / 105
    assert found["specificity"].value == 42 / 53
    assert found["precision"].value == 104 / 115
    assert found["f1"].value == pytest.approx(208 / 220)
    # Wilson: recall (0.9480, 0.9983), specificity (0.6654, 0.8803), joined by square-and-add and halved
    assert found["balanced_accuracy"].interval == pytest.approx((0.8245, 0.9354), abs=2e-4)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_every_row_is_counted_once_and_rates_lie_inside_their_intervals(pairs: list[tuple[bool, bool]]) -> None:
    confusion = confusion_of(pairs)
    assert confusion.tp + confusion.fn + confusion.fp + confusion.tn == len(pairs)
    for one in rates("x", confusion):
        if one.value is None:
            assert one.because
        else:
            assert one.interval is not None
            assert one.interval[0] - 1e-12 <= one.value <= one.interval[1] + 1e-12


def test_a_rate_that_is_not_defined_is_unmeasured() -> None:
    found = rates_of(Confusion(tp=0, fn=0, fp=0, tn=5))
    assert {name: one.because for name, one in found.items() if one.value is None} == {
        "recall": "there is no positive row",
        "precision": "no row was predicted positive",
        "balanced_accuracy": "it needs rows of both classes",
        "f1": "no row is or was predicted positive",
    }
    assert rates_of(Confusion(5, 0, 0, 0))["specificity"].because == "there is no negative row"


def test_prequential_counts_by_hand_without_refused_rows() -> None:
    recording = make_recording()
    assert recording.known_labels[:6].tolist() == [1, 1, 1, -1, -1, 1]
    report = trained(0, ["10", "00", "", "10", "00"], [1, 1, 0, 1, 1], status=[0, 0, 1, 0, 0])
    found = figures([connected(), *(created(i, model) for i, model in enumerate(MODELS)), report])
    counts = [found[f"accuracy.prequential.arow_3D.{key}"].value for key in ("tp", "fn", "fp", "tn")]
    assert counts == [1, 1, 1, 1]
    counts = [found[f"accuracy.prequential.rda_2D.{key}"].value for key in ("tp", "fn", "fp", "tn")]
    assert counts == [0, 2, 0, 2]
    assert found["accuracy.rows_refused"].value == 1


def test_a_row_reported_again_counts_once() -> None:
    trace = [created(0, MODELS[0]), trained(0, ["1"], [1]), trained(0, ["0"], [1])]
    found = figures([connected(), *trace])
    assert found["accuracy.prequential.arow_3D.tp"].value == 0
    assert found["accuracy.prequential.arow_3D.fn"].value == 1


def test_positive_is_what_the_recording_says() -> None:
    flipped = replace(make_recording(), positive_label=-1)
    trace = [connected(), created(0, MODELS[0]), trained(0, ["1", "0", "0", "1"], [1, 1, 1, 1])]
    found = figures(trace, RunContext(flipped))
    counts = [found[f"accuracy.prequential.arow_3D.{key}"].value for key in ("tp", "fn", "fp", "tn")]
    assert counts == [1, 0, 1, 2]


def test_evaluation_rows_are_judged_by_their_own_labels() -> None:
    made = make_run()
    found = figures(made.trace, RunContext(made.recording))
    counts = [found[f"accuracy.evaluation.arow_3D.{key}"].value for key in ("tp", "fn", "fp", "tn")]
    assert counts == [1, 1, 1, 1]
    assert found["accuracy.evaluation.arow_3D.balanced_accuracy"].value == 0.5


def test_half_scored_evaluation_rows_are_unmeasured() -> None:
    trace = [connected(), created(0, MODELS[0]), EvaluationScored(0, [[0.0]] * 3, ["1", "0", "1"])]
    one = figures(trace)["accuracy.evaluation.arow_3D.balanced_accuracy"]
    assert (one.value, one.because) == (None, "only 3 of 4 evaluation rows were scored")


def test_without_rows_accuracy_is_unmeasured() -> None:
    found = figures([connected(), created(0, MODELS[0])])
    assert found["accuracy.prequential.arow_3D.recall"].because == "no row was trained"
    assert not any(name.startswith("accuracy.evaluation") for name in found)


def test_without_labels_nothing_is_right_or_wrong() -> None:
    bare = replace(make_recording(), labels=None, label_meanings={}, positive_label=None, evaluation=None)
    trace = [connected(), *(created(i, model) for i, model in enumerate(MODELS)), trained(0, ["10"], [1])]
    found = figures(trace, RunContext(bare))
    prequential = [one for name, one in found.items() if name.startswith("accuracy.prequential.")]
    assert {(one.value, one.because) for one in prequential} == {(None, "the recording has no labels")}
    assert len(prequential) == 9 * len(MODELS)
