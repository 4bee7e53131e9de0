"""Every committed target, scenario and recording loads and fits the others, and every key in use is documented."""

import json
import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.onnx import load_linear_model
from bench.onnx.load import read_linear_model
from bench.plan import default_channels, make_plan
from bench.scenario import choose_recording, load_scenario, scenario_names
from bench.target import PORTS, load_target, target_names
from bench.telemetry import find_recording, list_recordings, load_recording
from firmware_if.reference import feature_modules, learner_modules
from tools.fit_model import fit, make_graph

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TELEMETRY = ROOT / "fixtures" / "telemetry"
FLOWN_LEARNERS = {"adam", "rda", "arow", "scw", "nherd"}
NEVER_SAVED = {"pa", "pa1", "pa2"}
MAPS = {"1D", "2D", "3D", "5D"}
FREE_KEYS = {"hyperparameters", "each"}
"""Tables whose keys are the author's own."""


def keys(value: Any) -> Iterator[str]:  # noqa: ANN401 - any TOML value
    """Every key of a TOML file that the format, not the author, has named."""
    if isinstance(value, list):
        for item in value:
            yield from keys(item)
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in FREE_KEYS:
                yield from keys(item)


@pytest.mark.parametrize("name", target_names())
def test_every_target_loads_and_is_the_one_its_firmware_says(*, name: str) -> None:
    target = load_target(name)
    assert target.port is not None
    makefiles = [PORTS / target.port / "port.mk"]
    if target.board is not None:
        makefiles.append(PORTS / target.port / "boards" / f"{target.board}.mk")
    text = "\n".join(path.read_text(encoding="utf-8") for path in makefiles)
    facts = dict(re.findall(r"^(\w+)\s*[:?]?=\s*(\S+)$", text, re.MULTILINE))
    assert facts["TARGET_NAME"] == name
    assert int(facts["ARENA_BYTES"]) == target.memory.arena_bytes
    for key, declared in (
        ("STACK_BYTES", target.memory.stack_bytes),
        ("HANDLER_STACK_BYTES", target.memory.handler_stack_bytes),
    ):
        assert (int(facts[key]) if key in facts else None) == declared, key


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_loads_under_its_own_name(*, name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert all(limit.because for limit in scenario.limits), "a limit of ours says its reason"
    assert load_target(scenario.target).name == scenario.target


@pytest.mark.parametrize("name", list_recordings([TELEMETRY]))
def test_every_recording_loads_under_its_own_name(*, name: str) -> None:
    assert load_recording(find_recording(name, [TELEMETRY])).name == name


@pytest.mark.parametrize("name", scenario_names())
def test_every_model_that_must_exist_has_twins_that_take_it(*, name: str) -> None:
    learners, maps = learner_modules(), feature_modules()
    for model in load_scenario(name).models:
        if model.learner not in learners:
            assert model.if_available, model.name
            continue
        assert model.arithmetic in learners[model.learner].ARITHMETICS, model.name
        assert model.arithmetic in maps[model.features].ARITHMETICS, model.name
        assert set(model.hyperparameters) <= set(learners[model.learner].PARAMETERS), model.name


@pytest.mark.parametrize("name", [name for name in scenario_names() if load_scenario(name).recording])
def test_every_scenario_with_a_recording_can_be_planned(*, name: str) -> None:
    scenario = load_scenario(name)
    recording = load_recording(find_recording(choose_recording(scenario), [TELEMETRY]))
    assert make_plan(scenario, recording, target=load_target(scenario.target)).steps
    for model in scenario.models:
        inputs = feature_modules()[model.features].MAPS[model.features].inputs
        assert model.channels or default_channels(inputs, recording, model=model.name), model.name


def test_the_model_from_the_ground_is_what_the_tool_makes() -> None:
    """But for the last bits, which are those of a machine's linear algebra."""
    recording = load_recording(TELEMETRY / "sun-sensor")
    weights, intercept = fit(recording)
    model = load_linear_model(ROOT / "fixtures" / "models" / "sun-sensor-ground.onnx")
    made = read_linear_model(make_graph(weights, intercept, labels=(-1, 1)).SerializeToString(), name="made")
    np.testing.assert_allclose(model.weights, made.weights, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.intercepts, made.intercepts, rtol=1e-9)
    assert (
        (model.labels, model.tie, model.arithmetic) == (made.labels, made.tie, made.arithmetic) == ((-1, 1), -1, "f64")
    )


def test_the_flight_scenario_has_every_flown_model() -> None:
    names = {model.name for model in load_scenario("orbitai-flight").models}
    assert names == {f"{learner}_{size}" for learner in FLOWN_LEARNERS | NEVER_SAVED for size in MAPS}
    assert all(model.if_available for model in load_scenario("orbitai-flight").models)


def test_the_flight_scenario_names_models_as_they_came_down(orbitai_data: Path) -> None:
    text = (orbitai_data / "models_in_space_april.json").read_text(encoding="utf-8")
    (runs,) = json.loads(text).values()
    flown = {name for run in runs.values() for name in run["models"]}
    names = {model.name for model in load_scenario("orbitai-flight").models}
    assert flown <= names
    print(f"{len(flown)} downlinked model names, all in the scenario")


@pytest.mark.parametrize(
    ("folder", "document"),
    [
        ("fixtures/scenarios/*.toml", "scenarios.md"),
        ("fixtures/telemetry/*/recording.toml", "recordings.md"),
        ("fixtures/campaigns/*.toml", "campaigns.md"),
    ],
)
def test_every_key_in_use_is_documented(*, folder: str, document: str) -> None:
    text = (DOCS / document).read_text(encoding="utf-8")
    known = set(re.findall(r"[A-Za-z_][A-Za-z_0-9.-]*", text))
    for path in ROOT.glob(folder):
        unknown = set(keys(tomllib.loads(path.read_text(encoding="utf-8")))) - known
        assert {key for key in unknown if re.fullmatch(r"\w+", key) and not key.isdigit()} == set(), path


def documented_keys(document: str) -> dict[str, list[str]]:
    """Keys in the tables of a document, by the heading above them."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (DOCS / document).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        elif line.startswith("| `"):
            found.setdefault(heading, []).extend(re.findall(r"`(\w+)`", line.split("|")[1]))
    return found


def test_every_documented_key_of_a_scenario_is_known(tmp_path: Path) -> None:
    documented = documented_keys("scenarios.md")
    values = {
        "name": '"demo"', "title": '"x"', "recording": '"r"', "recording_hint": '"h"', "target": '"host"',
        "speed": '"link"', "mode": '"batch"', "epochs": "3", "bias": "true", "restart_between_segments": "false",
        "evaluate": "true", "twins": '"t"', "learner": '"arow"',
        "features": '"identity"', "arithmetic": '"f32"', "hyperparameters": "{ r = 1.0 }", "channels": '["c"]',
        "lost_at_restart": '["w"]', "if_available": "true", "initial": '"m.onnx"',
        "protection": "{ copies = 3 }",
        "measure": '"timing.x"', "at_most": "2", "at_least": "1",
        "clock": '"host"', "required": "true", "because": '"b"', "targets": '["host"]',
        "requirements": '["A-1"]', "profile": '"gsfc-golden-rules-3.07"', "phase": '"PDR"', "row_period_s": "1",
        "deadline_s": "1", "cpu_share": "0.5", "uart_baud": "9600",
        "link_faults": '"noisy:7"',
    }  # fmt: skip
    alternatives = {"each", "equal", "models", "limits", "margins", "sensor_faults", "checkpoints", "power_cuts"}
    lines = [f"{key} = {values[key]}" for key in documented["Scenarios"] if key not in alternatives]
    for section, heading in (("[models]", "Models"), ("[limits]", "Limits"), ("margins", "Margins")):
        lines.append(f"[{section}]")
        lines.extend(f"{key} = {values[key]}" for key in documented[heading] if key not in alternatives)
    assert set(chain.from_iterable(documented.values())) == set(values) | alternatives
    path = tmp_path / "demo.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert load_scenario(path).models[0].channels == ("c",)
