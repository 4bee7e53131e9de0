"""Batch mode: a data set in the payload's memory, epochs over it, and everything that is refused on the way."""

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.session.dialogue import Dialogue
from bench.telemetry import Channel, EvaluationRows, Recording, Segment, save_recording
from bench.trace import EventReported
from firmware_if import messages as wire
from firmware_if.messages import RowStatus
from firmware_if.packets import crc16
from tests.system.command_line import run_bench
from tests.system.test_refusals import (
    AROW,
    BATCH,
    CONFIGURE,
    LOGISTIC,
    check_usable,
    prepare,
    samples,
    statuses,
    talk_to,
)
from tools.simulate_latents import make_recording as simulate_latents

ROWS = 300
COLOURS = {0: "red", 1: "green", 2: "blue"}


@pytest.fixture
def dialogue(sanitized_payload: Path) -> Iterator[Dialogue]:
    """Give a connection to the native payload under the sanitizers."""
    yield from talk_to(sanitized_payload)


def refusal_of(dialogue: Dialogue, message: wire.Message) -> tuple[str, int]:
    _, refusal = dialogue.request(message)
    assert refusal is not None
    return refusal.code, refusal.number


def with_parameter(name: str, value: float) -> wire.CreateModel:
    return replace(LOGISTIC, hyperparameters=(wire.Hyperparameter(name, value),))


def test_rows_are_kept_up_to_the_capacity_and_no_further(dialogue: Dialogue) -> None:
    prepare(dialogue, (BATCH, LOGISTIC, wire.OpenDataSet(3)))
    kept = statuses(dialogue, samples(0, 1.0, 2.0), samples(1, math.nan, 0.0), samples(2, 1.0, 1.0, label=7))
    assert kept == [RowStatus.STORED, RowStatus.NOT_FINITE, RowStatus.UNKNOWN_LABEL]
    two = struct.pack(">Ih2fIh2fIh2f", *(0, 1, 0.5, 0.5) * 3)
    assert refusal_of(dialogue, wire.Samples(3, two)) == ("DATA_FULL", 3)
    assert statuses(dialogue, samples(3, 3.0, 1.0), samples(4, 0.0, 1.0, label=-1)) == [RowStatus.STORED] * 2
    assert refusal_of(dialogue, samples(5, 1.0, 1.0)) == ("DATA_FULL", 3)
    [trained] = dialogue.demand(wire.TrainEpoch(0, 0))
    assert isinstance(trained, wire.EpochTrained)
    assert (trained.rows, trained.steps) == (3, 1)
    assert math.isclose(trained.loss, math.log(2), rel_tol=1e-6)  # all weights are zero
    check_usable(dialogue)


def test_opening_again_empties_the_data_set(dialogue: Dialogue) -> None:
    prepare(dialogue, (BATCH, LOGISTIC, wire.OpenDataSet(3)))
    assert statuses(dialogue, samples(0, 1.0, 2.0)) == [RowStatus.STORED]
    dialogue.demand(wire.OpenDataSet(5))
    assert refusal_of(dialogue, wire.TrainEpoch(0, 0)) == ("NO_DATA", 5)
    check_usable(dialogue)


def test_a_data_set_larger_than_its_region_is_refused(dialogue: Dialogue) -> None:
    """4 MiB hold 65535 rows of two singles, but not of 64 doubles."""
    wide = replace(LOGISTIC, arithmetic="f64", channels=(0, 1) * 32)
    prepare(dialogue, (BATCH, LOGISTIC, wire.OpenDataSet(wire.MAX_ROWS), wire.OpenDataSet(0xFFFF)))
    dialogue.demand(wire.ResetBank())
    prepare(dialogue, (BATCH, wide))
    assert refusal_of(dialogue, wire.OpenDataSet(wire.MAX_ROWS)) == ("DATA_FULL", 4194304)
    assert refusal_of(dialogue, wire.OpenDataSet(0))[0] == "DATA_FULL"
    dialogue.demand(wire.OpenDataSet(100))
    check_usable(dialogue)


def test_requests_of_another_mode_are_refused(dialogue: Dialogue) -> None:
    prepare(dialogue, (CONFIGURE, AROW))
    assert refusal_of(dialogue, wire.OpenDataSet(3)) == ("MODE", wire.Mode.STREAM)
    assert refusal_of(dialogue, wire.TrainEpoch(0, 0)) == ("NO_DATA", 0)
    dialogue.demand(wire.ResetBank())
    prepare(dialogue, (BATCH, LOGISTIC))
    assert refusal_of(dialogue, AROW) == ("MODE", wire.Mode.BATCH)
    assert refusal_of(dialogue, samples(0, 1.0, 1.0)) == ("NO_DATA", 0)
    assert refusal_of(dialogue, replace(BATCH, mode=9)) == ("CHANNELS", wire.MAX_CHANNELS)  # models are there
    dialogue.demand(wire.OpenDataSet(4))
    assert refusal_of(dialogue, LOGISTIC) == ("STREAM_ACTIVE", 0)
    assert statuses(dialogue, samples(0, 1.0, 1.0)) == [RowStatus.STORED]
    assert refusal_of(dialogue, wire.TrainEpoch(1, 0)) == ("UNKNOWN_MODEL", 1)
    dialogue.demand(wire.ResetBank())
    assert refusal_of(dialogue, replace(BATCH, mode=9)) == ("MODE", 9)
    prepare(dialogue, (replace(CONFIGURE, mode=wire.Mode.SCORE), AROW, LOGISTIC))
    assert refusal_of(dialogue, samples(0, 1.0, 1.0)) == ("MODE", wire.Mode.SCORE)
    check_usable(dialogue)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch", 0),
        ("batch", 65536),
        ("batch", 1.5),
        ("seed", -1),
        ("seed", 0.5),
        ("lr", 0),
        ("lr", 11),
        ("lr", math.nan),
    ],
)
def test_hyperparameters_out_of_range_are_refused(dialogue: Dialogue, name: str, value: float) -> None:
    prepare(dialogue, (BATCH,))
    assert refusal_of(dialogue, with_parameter(name, value)) == ("PARAMETER_RANGE", 0)
    check_usable(dialogue)


@pytest.mark.parametrize("classes", [(), (1,), tuple(range(17)), (1, 2, 1)])
def test_class_labels_that_do_not_fit_are_refused(dialogue: Dialogue, classes: tuple[int, ...]) -> None:
    assert refusal_of(dialogue, replace(CONFIGURE, classes=classes)) == ("CLASSES", len(classes))
    prepare(dialogue, (replace(CONFIGURE, classes=(1, 2, 3)),))
    assert refusal_of(dialogue, AROW) == ("CLASSES", 3)
    check_usable(dialogue)


def test_nan_in_training_is_an_event_and_the_loss(dialogue: Dialogue) -> None:
    prepare(dialogue, (BATCH, LOGISTIC, wire.OpenDataSet(3)))
    broken = struct.pack("<f", math.nan)
    dialogue.demand(wire.LoadMemory(0, 1, 0, broken, crc16(broken)))
    assert statuses(dialogue, samples(0, 1.0, 2.0)) == [RowStatus.STORED]
    for epoch in range(2):
        [trained] = dialogue.demand(wire.TrainEpoch(0, epoch))
        assert isinstance(trained, wire.EpochTrained)
        assert math.isnan(trained.loss)
    events = [entry for entry in dialogue.recorder.entries if isinstance(entry, EventReported)]
    assert [(e.severity, e.number) for e in events if e.event == "not_finite_state"] == [("medium", 0)]
    check_usable(dialogue)


def make_recording() -> Recording:
    """Three clouds of points in the plane, one label each."""
    rng = np.random.default_rng(20230705)
    labels = rng.integers(0, 3, 2 * ROWS).astype(np.int16)
    centres = np.array([[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    values = (centres[labels] + rng.normal(size=(2 * ROWS, 2))).astype(np.float32)
    return Recording(
        name="colours",
        title="three clouds",
        folder=None,
        channels=(Channel("x", "1", -10.0, 10.0), Channel("y", "1", -10.0, 10.0)),
        deciding_channel=None,
        values=values[:ROWS],
        labels=labels[:ROWS],
        times_ms=np.arange(ROWS, dtype=np.int64) * 1000,
        segments=(Segment("one", 0, 100), Segment("two", 100, ROWS)),
        label_meanings=COLOURS,
        positive_label=2,
        period_s=1.0,
        provenance="made for a test",
        licence="none",
        evaluation=EvaluationRows(values[ROWS:], labels[ROWS:]),
    )


SCENARIO = """
name = "colours"
title = "three classes"
mode = "batch"
epochs = 12
[[models]]
name = "plain"
learner = "logistic"
features = "identity"
hyperparameters = { batch = 32, lr = 0.05 }
[[models]]
name = "shuffled"
learner = "logistic"
features = "identity"
arithmetic = "f64"
hyperparameters = { batch = 7, seed = 11 }
[[limits]]
measure = "parity.plain*"
equal = 0
[[limits]]
measure = "accuracy.evaluation.*.balanced_accuracy"
at_least = 0.85
because = "the clouds overlap a little"
"""


@pytest.mark.parametrize("target", ["host", "qemu-zynq-a9"])
def test_three_classes_are_learnt_as_the_plain_reference_learns_them(tmp_path: Path, target: str) -> None:
    save_recording(make_recording(), tmp_path / "colours")
    (tmp_path / "colours.toml").write_text(SCENARIO, encoding="utf-8")
    out = tmp_path / "run"
    arguments = ("--recording", tmp_path / "colours", "--target", target, "--out", out)
    ended = run_bench(tmp_path, "run", tmp_path / "colours.toml", *arguments)
    assert ended.status == 0, ended.out + ended.err
    verdicts = {v["name"]: v for v in json.loads((out / "verdicts.json").read_text())}
    assert verdicts["parity.identical.plain"]["value"] == 2
    assert verdicts["accuracy.evaluation.plain.recall.1"]["value"] > 0.8
    [segment] = json.loads((out / "models.json").read_text())["segments"]
    model = segment["models"]["shuffled"]
    assert [len(model["state"][name]) for name in ("w", "b", "m", "v")] == [6, 3, 9, 9]
    assert model["updates"] == model["state"]["timestep"] == 12 * 43
    losses = [epoch["loss"] for epoch in model["epochs"]]
    assert len(losses) == 12
    assert losses[-1] < losses[0] < 2 * math.log(3)
    assert run_bench(tmp_path, "judge", out).status == 0


LATENTS = """
name = "latents"
title = "the reference case"
mode = "batch"
epochs = 10
"""
LATENTS_MODEL = """
[[models]]
name = "batch_{0}"
learner = "logistic"
features = "identity"
hyperparameters = {{ lr = 0.02, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, batch = {0} }}
"""


@pytest.mark.parametrize(("target", "batches"), [("host", (8, 16, 32, 64, 128, 256)), ("qemu-mps2-an500", (32,))])
def test_the_reference_case_trains_as_the_plain_reference_does(
    tmp_path: Path, target: str, batches: tuple[int, ...]
) -> None:
    """1305 samples of 128 dimensions, 10 epochs. Without memory where the data region should be, nothing is learnt."""
    save_recording(simulate_latents(), tmp_path / "latents", samples="npz")
    limits = "".join(f'[[limits]]\nmeasure = "parity.{kind}*"\nequal = 0\n' for kind in ("plain", "onnx"))
    models = "".join(LATENTS_MODEL.format(batch) for batch in batches)
    (tmp_path / "latents.toml").write_text(LATENTS + models + limits, encoding="utf-8")
    out = tmp_path / "run"
    arguments = ("--recording", tmp_path / "latents", "--target", target, "--out", out)
    ended = run_bench(tmp_path, "run", tmp_path / "latents.toml", *arguments)
    assert ended.status == 0, ended.out + ended.err
    verdicts = {v["name"]: v for v in json.loads((out / "verdicts.json").read_text())}
    assert verdicts["parity.plain"]["value"] == 0
    assert verdicts["parity.compared.plain"]["value"] == len(batches)
    for batch in batches:
        assert verdicts[f"timing.model.batch_{batch}.train.count"]["value"] == 10 * -(-1305 // batch)
        assert verdicts[f"accuracy.evaluation.batch_{batch}.balanced_accuracy"]["value"] > 0.9
        print(f"batch {batch}: error {verdicts[f'parity.error.plain.batch_{batch}']['value']:.2e}")


HUGE = """
name = "huge"
title = "numbers that no float32 sum holds"
mode = "batch"
epochs = 2
[[models]]
name = "single"
learner = "logistic"
features = "identity"
hyperparameters = { lr = 10, batch = 16 }
[[limits]]
measure = "parity.plain*"
equal = 0
[[limits]]
measure = "events.medium"
equal = 0
"""


def test_training_that_leaves_the_range_of_its_arithmetic_fails_and_says_so(tmp_path: Path) -> None:
    recording = make_recording()
    values = (recording.values * 1e37).astype(np.float32)
    channels = tuple(Channel(name, "1", -1e38, 1e38) for name in ("x", "y"))
    save_recording(replace(recording, values=values, channels=channels, evaluation=None), tmp_path / "huge")
    (tmp_path / "huge.toml").write_text(HUGE, encoding="utf-8")
    out = tmp_path / "run"
    arguments = ("--recording", tmp_path / "huge", "--target", "host", "--out", out)
    ended = run_bench(tmp_path, "run", tmp_path / "huge.toml", *arguments)
    assert ended.status == 1, ended.out + ended.err
    assert "events.medium" in ended.out
    [segment] = json.loads((out / "models.json").read_text())["segments"]
    assert "NaN" in [epoch["loss"] for epoch in segment["models"]["single"]["epochs"]]


BIAS = """
name = "biased"
title = "a constant feature"
target = "host"
[[models]]
learner = "arow"
arithmetic = "{0}"
bias = true
each = {{ one = "identity", two = "polynomial-2" }}
[[models]]
learner = "arow"
arithmetic = "{0}"
each = {{ unbiased = "identity" }}
[[limits]]
measure = "parity.plain*"
equal = 0
[[limits]]
measure = "parity.onnx*"
equal = 0
"""


@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
def test_a_bias_is_one_weight_more_and_the_intercept_of_the_exported_model(tmp_path: Path, arithmetic: str) -> None:
    """All rows of one class lie on one side of a line that misses the origin: only a bias can tell them apart."""
    rng = np.random.default_rng(7)
    values = rng.uniform(1.0, 3.0, size=(400, 1)).astype(np.float32)
    labels = np.where(values[:, 0] > 2.0, 1, 0).astype(np.int16)
    recording = replace(
        make_recording(),
        channels=(Channel("x", "1", 0.0, 4.0),),
        values=values,
        labels=labels,
        label_meanings={0: "low", 1: "high"},
        positive_label=1,
        times_ms=np.arange(400, dtype=np.int64) * 1000,
        segments=(Segment("one", 0, 400),),
        evaluation=None,
    )
    save_recording(recording, tmp_path / "line")
    (tmp_path / "biased.toml").write_text(BIAS.format(arithmetic), encoding="utf-8")
    out = tmp_path / "run"
    ended = run_bench(tmp_path, "run", tmp_path / "biased.toml", "--recording", tmp_path / "line", "--out", out)
    assert ended.status == 0, ended.out + ended.err
    verdicts = {v["name"]: v for v in json.loads((out / "verdicts.json").read_text())}
    accuracy = {name: verdicts[f"accuracy.recording.{name}.balanced_accuracy"]["value"] for name in ("one", "unbiased")}
    assert accuracy["one"] > 0.8
    assert accuracy["unbiased"] == 0.5  # one class for all rows
    models = json.loads((out / "models.json").read_text())["segments"][0]["models"]
    assert [len(models[name]["state"]["w"]) for name in ("one", "two", "unbiased")] == [2, 3, 1]


def test_a_data_set_that_does_not_fit_is_told_in_rows_and_bytes(tmp_path: Path) -> None:
    small = make_recording()
    many = replace(
        small,
        values=np.tile(small.values, (200, 1)),
        labels=np.tile(small.known_labels, 200),
        times_ms=np.arange(200 * ROWS, dtype=np.int64) * 1000,
        segments=(Segment("all", 0, 200 * ROWS),),
        evaluation=None,
    )
    save_recording(many, tmp_path / "many", samples="npz")
    model = '[[models]]\nname = "{0}"\nlearner = "logistic"\nfeatures = "{0}"\narithmetic = "f64"\n'
    wide = "".join(model.format(f"polynomial-{degree}") for degree in (2, 3, 4))
    (tmp_path / "wide.toml").write_text(
        'name = "wide"\ntitle = "w"\nmode = "batch"\nepochs = 1\n' + wide, encoding="utf-8"
    )
    arguments = ("run", tmp_path / "wide.toml", "--target", "host", "--recording", tmp_path / "many")
    ended = run_bench(tmp_path, *arguments, "--out", tmp_path / "run")
    assert ended.status == 1
    assert "60,000 rows does not fit into the payload's data region of 4,194,304 bytes" in " ".join(ended.out.split())
