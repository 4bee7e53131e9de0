"""ONNX files that a payload starts from: verified there, trained on, and everything that does not fit."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from bench.onnx import LinearModel, onnx_bytes
from bench.telemetry import Recording, save_recording
from tests.system.command_line import ROOT, check_error, read_trace, read_verdicts, run_bench, sun_sensor
from tests.system.test_batch_mode import make_recording
from tests.unit import onnx_graphs

GROUND = ROOT / "fixtures" / "models" / "sun-sensor-ground.onnx"
SCENARIO = """
name = "loaded"
title = "made for a test"
target = "host"
{more}
[[limits]]
measure = "parity.[pox]*"
equal = 0
"""
MODEL = """
[[models]]
name = "{name}"
learner = "{learner}"
features = "identity"
arithmetic = "{arithmetic}"
initial = "{initial}"
{more}
"""


def model_text(
    initial: Path, name: str = "heater", *, learner: str = "logistic", arithmetic: str = "f32", more: str = ""
) -> str:
    return MODEL.format(name=name, learner=learner, arithmetic=arithmetic, initial=initial.name, more=more)


def write(tmp_path: Path, *models: str, more: str = 'mode = "score"') -> Path:
    path = tmp_path / "loaded.toml"
    path.write_text(SCENARIO.format(more=more) + "".join(models))
    return path


def save(folder: Path, model: LinearModel | onnx.ModelProto, name: str = "made") -> Path:
    path = folder / f"{name}.onnx"
    path.write_bytes(onnx_bytes(model) if isinstance(model, LinearModel) else model.SerializeToString())
    return path


def outcomes(folder: Path, family: str) -> dict[str, Any]:
    return {name: verdict["value"] for name, verdict in read_verdicts(folder).items() if name.startswith(family)}


@pytest.mark.parametrize("target", ["host", "qemu-zynq-a9", "qemu-mps2-an386"])
def test_a_model_from_the_ground_is_verified_and_judged_again_elsewhere(tmp_path: Path, target: str) -> None:
    out = tmp_path / "run"
    ended = run_bench(tmp_path, "run", "sun-sensor-onnx", "--target", target, "--out", out)
    assert ended.status == 0, ended
    found = read_verdicts(out)
    assert found["parity.compared.original"]["value"] == 3
    assert "outputs class, chance, logit; 6 weights rounded to f32" in found["parity.original.ground_f32"]["because"]
    assert "rounded" not in found["parity.original.ground_f64"]["because"]
    assert 0 < found["parity.error.original.ground_f64"]["value"] < 1
    assert found["run.rows"]["value"] == 600
    loaded = {entry["name"]: entry for entry in read_trace(out) if entry["kind"] == "model_loaded"}
    assert [(one["file"], one["labels"], one["values"]) for one in loaded.values()] == [(GROUND.name, [-1, 1], 7)] * 3
    [segment] = json.loads((out / "models.json").read_text())["segments"]
    assert segment["models"]["ground_arow"]["state"]["w"][:-1] == segment["models"]["ground_f32"]["state"]["w"]
    moved = out.rename(tmp_path / "moved")
    before = (moved / "verdicts.json").read_bytes()
    assert run_bench(tmp_path, "judge", moved).status == 0
    assert (moved / "verdicts.json").read_bytes() == before


def test_a_payload_that_scores_with_another_model_than_the_file_is_found(tmp_path: Path) -> None:
    """What is judged is the copy in the run folder: another file in its place stands for a payload that is wrong."""
    out = tmp_path / "run"
    assert (
        run_bench(tmp_path, "verify", GROUND, "--recording", "sun-sensor", "--target", "host", "--out", out).status == 0
    )
    model = onnx.load(GROUND)
    weights = next(one for one in model.graph.initializer if one.name == "weights")
    weights.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weights) * (1 + 1e-5), "weights"))
    (out / "initial" / GROUND.name).write_bytes(model.SerializeToString())
    assert run_bench(tmp_path, "judge", out).status == 1
    assert read_verdicts(out)["parity.original.sun-sensor-ground"]["value"] > 0
    assert read_verdicts(out)["parity.plain.sun-sensor-ground"]["value"] > 0
    assert read_verdicts(out)["parity.onnx"]["value"] == 0


def test_verify_makes_a_run_that_can_be_repeated_as_a_scenario(tmp_path: Path) -> None:
    file = tmp_path / "ümläut model.onnx"
    shutil.copyfile(GROUND, file)
    words = ("--recording", "sun-sensor", "--target", "host", "--arithmetic", "f64")
    channels = ",".join(sun_sensor().channel_names)
    ended = run_bench(tmp_path, "verify", file, *words, "--channels", channels, "--out", tmp_path / "run")
    assert ended.status == 0, ended
    assert outcomes(tmp_path / "run", "parity.original._ml_ut_model") == {
        "parity.original._ml_ut_model": 0,
        "parity.original._ml_ut_model.predictions": 0,
    }
    again = ("run", tmp_path / "run" / "scenario.toml", "--recording", "sun-sensor", "--target", "host")
    ended = run_bench(tmp_path, *again, "--out", tmp_path / "again")
    assert ended.status == 0, ended
    verdicts = [(tmp_path / name / "verdicts.json").read_bytes() for name in ("run", "again")]
    assert outcomes(tmp_path / "run", "parity") == outcomes(tmp_path / "again", "parity"), verdicts


@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
def test_three_classes_in_another_order_and_rows_without_labels(tmp_path: Path, arithmetic: str) -> None:
    recording = make_recording()
    weights = np.array([[0.1, 1.3], [2.1, -0.7], [-2.2, -0.6]])
    order = (2, 1, 0)
    file = save(tmp_path, LinearModel("made", weights, np.array([-1.1, 0.3, 0.2]), "f64", -1, order, probability=True))
    save_recording(recording, tmp_path / "colours")
    bare = replace(recording, labels=None, label_meanings={}, positive_label=None, evaluation=None)
    save_recording(bare, tmp_path / "bare")
    for name in ("colours", "bare"):
        words = ("--recording", tmp_path / name, "--target", "host", "--arithmetic", arithmetic)
        ended = run_bench(tmp_path, "verify", file, *words, "--out", tmp_path / name / "run")
        assert ended.status == 0, ended
        assert run_bench(tmp_path, "judge", tmp_path / name / "run").status == 0
        found = read_verdicts(tmp_path / name / "run")
        assert found["parity.original.made"]["value"] == 0
        assert "outputs score, label, probability" in found["parity.original.made"]["because"]
        rows = {"colours": "300 rows compared", "bare": "256 rows compared"}[name]
        assert found["parity.original.made"]["because"].startswith(rows)
        [loaded] = [entry for entry in read_trace(tmp_path / name / "run") if entry["kind"] == "model_loaded"]
        assert loaded["labels"] == {"colours": [0, 1, 2], "bare": [1, 2, 0]}[name]
    found = read_verdicts(tmp_path / "colours" / "run")
    assert found["accuracy.evaluation.made.balanced_accuracy"]["value"] > 0.8
    bare_found = read_verdicts(tmp_path / "bare" / "run")
    assert {v["value"] for name, v in bare_found.items() if name.startswith("accuracy.p")} == {None}
    assert "the recording has no labels" in bare_found["accuracy.prequential.made.recall"]["because"]


def some_rows(folder: Path) -> Recording:
    recording = sun_sensor().rows(0, 400)
    save_recording(recording, folder)
    return recording


def test_a_model_that_is_sure_of_every_row_has_the_loss_of_its_reference(tmp_path: Path) -> None:
    """The first rows lie in the shadow: the file gives each a probability that differs from 1 by 1e-37."""
    some_rows(tmp_path / "rows")
    shutil.copyfile(GROUND, tmp_path / GROUND.name)
    scenario = write(tmp_path, model_text(GROUND, arithmetic="f64"), more='mode = "batch"\nepochs = 2')
    ended = run_bench(tmp_path, "run", scenario, "--recording", tmp_path / "rows", "--out", tmp_path / "run")
    assert ended.status == 0, ended
    assert 0 < read_verdicts(tmp_path / "run")["accuracy.loss.heater.last"]["value"] < 1e-30


def test_training_goes_on_from_the_file_in_stream_mode_and_over_restarts(tmp_path: Path) -> None:
    save_recording(sun_sensor().rows(0, 1500), tmp_path / "rows")
    shutil.copyfile(GROUND, tmp_path / GROUND.name)
    texts = [
        model_text(GROUND, "single", learner="arow", arithmetic="f32", more="bias = true"),
        model_text(GROUND, "double", learner="nherd", arithmetic="f64", more="bias = true"),
        model_text(GROUND, "lost", learner="pa-i", arithmetic="f64", more='bias = true\nlost_at_restart = ["w"]'),
    ]
    scenario = write(tmp_path, *texts, more="restart_between_segments = true")
    ended = run_bench(tmp_path, "run", scenario, "--recording", tmp_path / "rows", "--out", tmp_path / "run")
    assert ended.status == 0, ended
    found = outcomes(tmp_path / "run", "parity.")
    assert found["parity.plain"] == 0
    assert found["parity.identical.plain"] >= 6
    assert not any(name.startswith("parity.original") for name in found)
    plain = [text.replace(f'initial = "{GROUND.name}"', "") for text in texts]
    ended = run_bench(
        tmp_path, "run", write(tmp_path, *plain, more=""), "--recording", tmp_path / "rows", "--out", tmp_path / "other"
    )
    assert ended.status == 0, ended
    started = [json.loads((tmp_path / name / "models.json").read_text())["segments"][0] for name in ("run", "other")]
    assert all(started[0]["models"][name] != started[1]["models"][name] for name in ("single", "double", "lost"))


@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
def test_training_goes_on_from_the_file_in_batch_mode(tmp_path: Path, arithmetic: str) -> None:
    save_recording(sun_sensor().rows(1000, 1800), tmp_path / "rows")
    shutil.copyfile(GROUND, tmp_path / GROUND.name)
    scenario = write(tmp_path, model_text(GROUND, arithmetic=arithmetic), more='mode = "batch"\nepochs = 3')
    ended = run_bench(tmp_path, "run", scenario, "--recording", tmp_path / "rows", "--out", tmp_path / "run")
    assert ended.status == 0, ended
    assert outcomes(tmp_path / "run", "parity.plain")["parity.plain"] == 0
    first = read_verdicts(tmp_path / "run")["accuracy.loss.heater.first"]["value"]
    assert 0 < first < 0.2  # a fresh model has log 2


# --- what does not fit ---------------------------------------------------------------------------------------------


def verify(tmp_path: Path, file: Path, *words: str) -> Any:  # noqa: ANN401 - an Ended
    some_rows(tmp_path / "rows")
    given = ("--recording", tmp_path / "rows", "--target", "host", "--out", tmp_path / "run")
    return run_bench(tmp_path, "verify", file, *given, *words)


def test_a_missing_file(tmp_path: Path) -> None:
    check_error(
        verify(tmp_path, tmp_path / "none.onnx"), "none.onnx: cannot be read: No such file", hint="check the path"
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"", b"not a model", GROUND.read_bytes()[:300]])
def test_a_corrupt_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "made.onnx").write_bytes(content)
    check_error(verify(tmp_path, tmp_path / "made.onnx"), "made.onnx: ", hint="export it again")
    assert not (tmp_path / "run").exists()


def test_a_graph_that_is_no_linear_model(tmp_path: Path) -> None:
    nodes = [
        onnx_graphs.node("Gemm", ["x", "w"], ["z"], "fc", transB=1),
        onnx_graphs.node("Relu", ["z"], ["y"], "hidden"),
    ]
    file = save(tmp_path, onnx_graphs.graph(nodes, ["y"], {"w": onnx_graphs.ONE}))
    check_error(
        verify(tmp_path, file), "made.onnx: node 'hidden' (Relu): is no part of a linear model", hint="understood"
    )
    assert not (tmp_path / "run").exists()


def test_too_few_weights(tmp_path: Path) -> None:
    file = save(tmp_path, LinearModel("made", np.ones((1, 5)), np.zeros(1), "f32", -1, (-1, 1)))
    message = "made.onnx has weights for 5 features, identity makes 6 of 6 channels"
    check_error(verify(tmp_path, file), message, hint="name other channels or another feature map")


def test_too_many_classes(tmp_path: Path) -> None:
    file = save(tmp_path, LinearModel("made", np.ones((3, 6)), np.zeros(3), "f32", -1, (-1, 0, 1)))
    check_error(verify(tmp_path, file), "tells 3 classes apart, the recording has 2", hint="relabel the recording")


def test_other_classes(tmp_path: Path) -> None:
    file = save(tmp_path, LinearModel("made", np.ones((1, 6)), np.zeros(1), "f32", -1, (3, 4)))
    check_error(
        verify(tmp_path, file), "has the classes 3, 4, the recording has -1, 1", hint="export the model with these"
    )


def test_an_intercept_without_a_place(tmp_path: Path) -> None:
    some_rows(tmp_path / "rows")
    shutil.copyfile(GROUND, tmp_path / GROUND.name)
    scenario = write(tmp_path, model_text(GROUND, learner="arow"))
    ended = run_bench(tmp_path, "run", scenario, "--recording", tmp_path / "rows", "--out", tmp_path / "run")
    check_error(ended, "has the intercept 87.4043, and arow has no place for one", hint="write bias = true")


def test_an_unknown_feature_map(tmp_path: Path) -> None:
    check_error(verify(tmp_path, GROUND, "--features", "identitty"), "no feature map 'identitty'", hint="'identity'")
    check_error(verify_again(tmp_path, "--channels", "pd1,pd9"), "has no channel 'pd9'", hint="did you mean")
    check_error(verify_again(tmp_path, "--features", 'a"b'), "is 'a\"b', expected 1 to 24 letters", hint="LIST")


def verify_again(tmp_path: Path, *words: str) -> Any:  # noqa: ANN401 - an Ended
    given = ("--recording", tmp_path / "rows", "--target", "host", "--out", tmp_path / "run-2")
    return run_bench(tmp_path, "verify", GROUND, *given, *words)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('initial = ""\nname = "a"\nfeatures = "identity"', "initial: is empty"),
        ('initial = "a.onnx"\neach = { a = "identity" }', "initial: stands beside models[0].each"),
        ('initial = 3\nname = "a"\nfeatures = "identity"', "initial: is 3, expected a string"),
    ],
)
def test_a_key_that_cannot_be_meant_so(tmp_path: Path, more: str, message: str) -> None:
    scenario = write(tmp_path, f'[[models]]\nlearner = "logistic"\n{more}\n')
    check_error(run_bench(tmp_path, "run", scenario, "--recording", "sun-sensor"), message, hint="")


def test_score_mode_does_nothing_but_evaluate(tmp_path: Path) -> None:
    scenario = write(tmp_path, more='mode = "score"\nevaluate = false')
    ended = run_bench(tmp_path, "run", scenario, "--recording", "sun-sensor")
    check_error(ended, "evaluate: false in score mode", hint="leave it out")
