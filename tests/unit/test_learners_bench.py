"""The plain references, run over a recording."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import firmware_if.learners
from bench.errors import RecordingError
from bench.learners import NOT_TRAINED, PlainModel, class_labels, run_plain
from firmware_if.reference import Reference
from tests.unit.made_runs import ENDS, MODELS, make_recording


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_run_is_what_the_reference_does_row_by_row(model: PlainModel) -> None:
    recording = make_recording()
    run = run_plain([model], recording, rows=50, end_rows=ENDS)
    reference = Reference(
        model.learner,
        model.features,
        arithmetic=model.arithmetic,
        channels=model.channels,
        hyperparameters=model.hyperparameters,
    )
    for row in range(50):
        values = recording.values[row].tolist()
        assert run.predictions[model.name][row] == ("1" if reference.predict(values) > 0 else "0")
        reference.train(values, int(recording.known_labels[row]))
        if row + 1 in ENDS:
            snapshot = run.snapshots[model.name, row + 1]
            assert (snapshot.updates, snapshot.state) == (reference.updates, reference.state())


def test_a_refused_row_is_seen_by_no_model() -> None:
    recording = make_recording()
    refused = run_plain(MODELS, recording, rows=10, end_rows=[10], refused={0, 3, 99})
    kept = [row for row in range(10) if row not in {0, 3}]
    shorter = replace(recording, values=recording.values[kept], labels=recording.known_labels[kept])
    without = run_plain(MODELS, shorter, rows=8, end_rows=[8])
    for model in MODELS:
        assert refused.predictions[model.name][0] == refused.predictions[model.name][3] == NOT_TRAINED
        assert refused.snapshots[model.name, 10] == without.snapshots[model.name, 8]


def test_what_is_lost_at_a_restart_is_as_before_the_first_row() -> None:
    recording = make_recording()
    whole, losing = MODELS[1], replace(MODELS[1], lost_at_restart=("timestep", "h"))
    before, through = (run_plain([whole], recording, rows=30, end_rows=[20, 30]) for _ in range(2))
    lost = run_plain([losing], recording, rows=30, end_rows=[20, 30], restarts={20})
    name = whole.name
    assert lost.snapshots[name, 20] == before.snapshots[name, 20]
    kept = run_plain([whole], recording, rows=30, end_rows=[20, 30], restarts={20})
    assert kept == through
    state, updates = lost.snapshots[name, 30].state, lost.snapshots[name, 30].updates
    assert state["timestep"] == updates - lost.snapshots[name, 20].updates
    reference = Reference("rda", whole.features, arithmetic="flight", channels=whole.channels)
    reference.load(before.snapshots[name, 20].state | {"timestep": 0, "h": [0.0, 0.0]})
    for row in range(20, 30):
        reference.train(recording.values[row].tolist(), int(recording.known_labels[row]))
    assert state == reference.state()


def test_a_row_whose_features_overflow_is_left_out_for_all_models() -> None:
    recording = make_recording()
    values = recording.values.copy()
    values[2, 0] = 3e38  # its square is infinite in float32
    run = run_plain(
        [*MODELS, PlainModel("one", "arow", "orbitai-1d", "flight", (0,), {})],
        replace(recording, values=values),
        rows=5,
        end_rows=[5],
    )
    assert {text[2] for text in run.predictions.values()} == {NOT_TRAINED}


@pytest.mark.parametrize("reading", [math.nan, math.inf, -math.inf])
def test_a_row_with_a_reading_that_is_no_number_is_left_out(reading: float) -> None:
    recording = make_recording()
    values = recording.values.copy()
    values[2, 0] = reading
    run = run_plain(MODELS, replace(recording, values=values), rows=5, end_rows=[5])
    assert {text[2] for text in run.predictions.values()} == {NOT_TRAINED}
    assert all(np.isfinite(snapshot.state["w"]).all() for snapshot in run.snapshots.values())


def test_without_labels_there_are_two_classes_and_nothing_to_train() -> None:
    bare = replace(make_recording(), labels=None, label_meanings={}, positive_label=None, evaluation=None)
    assert class_labels(bare) == (0, 1)
    assert not run_plain([], bare, rows=50, end_rows=ENDS).snapshots
    with pytest.raises(RecordingError, match="recording made has no labels"):
        run_plain(MODELS, bare, rows=50, end_rows=ENDS)


def test_a_model_without_reference_says_why_and_the_others_run() -> None:
    unknown = PlainModel("new", "kalman", "orbitai-1d", "flight", (0,), {})
    run = run_plain([unknown, *MODELS], make_recording(), rows=5, end_rows=[5])
    assert run.unavailable["new"].startswith("no plain reference: no learner is named 'kalman'")
    assert list(run.predictions) == [model.name for model in MODELS]


def test_more_than_two_classes_have_no_reference() -> None:
    recording = replace(make_recording(), label_meanings={1: "a", 2: "b", -1: "c"})
    run = run_plain(MODELS, recording, rows=5, end_rows=[5])
    assert "arow tells 2 classes apart, the recording has 3" in run.unavailable["arow_3D"]


ROOTS = """
NAME = "roots"
ARITHMETICS = ("flight",)
PARAMETERS = {}
TIE = -1
class Learner:
    def __init__(self, dimension, arithmetic, parameters): pass
    def score(self, x): return 0.0
    def train(self, x, label): return bool((x[0] - 0.5) ** 0.5 > 0 and 1 / (x[0] - x[0]))
"""


def test_a_reference_that_leaves_its_arithmetic_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "roots.py").write_text(ROOTS)
    monkeypatch.setattr(firmware_if.learners, "__path__", [*firmware_if.learners.__path__, str(tmp_path)])
    recording = make_recording()
    recording = replace(recording, values=np.full_like(recording.values, 1.0))
    run = run_plain([PlainModel("roots", "roots", "identity", "flight", (0,), {})], recording, rows=5, end_rows=[5])
    assert run.unavailable == {"roots": "the plain reference left the range of its arithmetic: float division by zero"}


def test_the_positive_label_is_the_last_class() -> None:
    recording = make_recording()
    assert class_labels(recording) == (-1, 1)
    assert class_labels(replace(recording, positive_label=-1)) == (1, -1)


def test_the_positive_label_trains_as_plus_one() -> None:
    recording = make_recording()
    flipped = replace(recording, positive_label=-1)
    ours = run_plain(MODELS[:1], recording, rows=50, end_rows=[50]).snapshots["arow_3D", 50].state
    theirs = run_plain(MODELS[:1], flipped, rows=50, end_rows=[50]).snapshots["arow_3D", 50].state
    assert isinstance(ours["w"], list)
    assert isinstance(theirs["w"], list)
    assert all(math.isclose(a, -b) for a, b in zip(ours["w"], theirs["w"], strict=True))
