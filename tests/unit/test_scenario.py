"""Scenarios are read strictly: what is written is what runs, and what is misspelt is named."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import ConfigurationError
from bench.scenario import (
    Limit,
    ModelSpec,
    Scenario,
    choose_recording,
    limits_for,
    load_scenario,
    scenario_names,
)

HEAD = 'name = "demo"\ntitle = "A demonstration"\n'
MODEL = '[[models]]\nname = "a"\nlearner = "arow"\nfeatures = "identity"\n'
LIMIT = '[[limits]]\nmeasure = "memory.arena_used_bytes"\n'


def scenario(folder: Path, text: str) -> Scenario:
    (folder / "demo.toml").write_text(text, encoding="utf-8")
    return load_scenario("demo", folder)


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
        recording = "sun-sensor"
        recording_hint = "make one"
        target = "host"
        speed = 2
        restart_between_segments = true
        evaluate = false
        twins = "learners"
        [[models]]
        name = "a"
        learner = "arow"
        features = "identity"
        arithmetic = "f64"
        hyperparameters = { r = 1 }
        channels = ["pd6", "pd1"]
        if_available = true
        lost_at_restart = ["cov"]
        [[limits]]
        measure = "timing.train.p99"
        at_most = 100
        at_least = 1.5
        clock = "cycles"
        required = false
        because = "the deadline"
        targets = ["qemu-zynq-a9", "boards/mine.toml"]
    """
    found = scenario(tmp_path, HEAD + text)
    assert (found.name, found.title, found.recording) == ("demo", "A demonstration", "sun-sensor")
    assert (found.recording_hint, found.target, found.speed) == ("make one", "host", 2.0)
    assert found.restart_between_segments
    assert not found.evaluate
    assert found.twins == tmp_path / "learners"
    assert found.models == (
        ModelSpec(
            "a",
            "arow",
            "identity",
            "f64",
            {"r": 1.0},
            ("pd6", "pd1"),
            if_available=True,
            lost_at_restart=("cov",),
        ),
    )
    limit = Limit("timing.train.p99", 100.0, 1.5, clock="cycles", required=False, because="the deadline")
    assert found.limits == (replace(limit, targets=("qemu-zynq-a9", "mine")),)


def test_a_scenario_without_models_and_limits_exercises_the_link(tmp_path: Path) -> None:
    assert scenario(tmp_path, HEAD) == Scenario("demo", "A demonstration", (), ())
    assert scenario(tmp_path, HEAD).target == "qemu-zynq-a9"
    assert scenario(tmp_path, HEAD + "speed = 'link'").speed is None


def test_each_gives_one_model_for_every_name(tmp_path: Path) -> None:
    text = (
        '[[models]]\nlearner = "arow"\nhyperparameters = { r = 0.8 }\neach = { b = "orbitai-3d", a = "orbitai-1d" }\n'
    )
    assert scenario(tmp_path, HEAD + text).models == (
        ModelSpec("b", "arow", "orbitai-3d", hyperparameters={"r": 0.8}),
        ModelSpec("a", "arow", "orbitai-1d", hyperparameters={"r": 0.8}),
    )


def test_an_equal_limit_and_an_untimed_one_need_no_clock(tmp_path: Path) -> None:
    found = scenario(tmp_path, HEAD + LIMIT + "equal = 0\n[[limits]]\nmeasure = 'timing.train.count'\nequal = 5")
    assert found.limits == (Limit("memory.arena_used_bytes", equal=0.0), Limit("timing.train.count", equal=5.0))


def test_paths_are_taken_from_the_folder_of_the_scenario(tmp_path: Path) -> None:
    found = scenario(tmp_path, HEAD + 'recording = "../mine"\ntarget = "board.toml"')
    assert found.recording == str(tmp_path / "../mine")
    assert found.target == str(tmp_path / "board.toml")


def test_a_scenario_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    found = scenario(tmp_path, HEAD)
    assert scenario_names(tmp_path) == ("demo",)
    assert load_scenario(tmp_path / "demo.toml") == found
    assert load_scenario(tmp_path / "demo.toml").path == tmp_path / "demo.toml"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("sped = 1.0", "sped: unknown key", "did you mean 'speed'?"),
        ("speed = 'lnik'", "speed: is 'lnik', expected one of 'link'", "did you mean 'link'?"),
        ("speed = 0", "speed: is 0.0, expected a value in", "give speed a value"),
        ("speed = true", "speed: is True, expected a finite number", "give speed"),
        ("evaluate = 'yes'", "evaluate: is 'yes', expected true or false", "give evaluate"),
        ("twins = ''", "twins: is empty", "leave the key out"),
        ("recording = ''", "recording: is empty", "leave the key out"),
        ("target = 'qemu-zinq-a9'", "target: is 'qemu-zinq-a9', which is no target", "did you mean 'qemu-zynq-a9'?"),
        ("models = 3", "models: is 3, expected an array", ""),
        (MODEL + MODEL, "models[1].name: a second model is named 'a'", "a name of its own"),
        (MODEL + "each = { b = 'identity' }", "models[0].name: stands beside models[0].each", "write either"),
        (MODEL.replace('"a"', '"a b"'), "models[0].name: is 'a b', expected 1 to 24 letters", "rename it"),
        (MODEL.replace('"a"', f'"{"a" * 25}"'), "expected 1 to 24 letters", "rename it"),
        (MODEL.replace("learner", "lerner"), "models[0].learner: missing", "did you write 'lerner'"),
        (MODEL.replace('"arow"', '""'), "models[0].learner: is '', expected 1 to 24", "LIST"),
        (MODEL + "arithmetic = 'f23'", "models[0].arithmetic: is 'f23'", "did you mean 'f32'?"),
        (MODEL + "hyperparameters = { r = 'x' }", "models[0].hyperparameters.r: is 'x', expected a finite number", ""),
        (MODEL + "hyperparameters = { r = nan }", "models[0].hyperparameters.r: is nan", ""),
        (MODEL + "lost_at_restart = 'w'", "models[0].lost_at_restart: is 'w', expected an array", ""),
        (MODEL + "channels = []", "models[0].channels: is empty", "at least one channel"),
        (MODEL + "channel = ['pd6']", "models[0].channel: unknown key", "did you mean 'channels'?"),
        ("[[models]]\nlearner = 'arow'\neach = {}", "models[0].each: is empty", "at least one model"),
        ("[[models]]\nlearner = 'arow'\neach = { 'a b' = 'x' }", "models[0].each.a b: is no model's name", "rename it"),
        ("[[models]]\nlearner = 'arow'\neach = { a = 1 }", "models[0].each.a: is 1, expected a string", ""),
        (MODEL + "[[models]]\nlearner='rda'\neach = { a = 'identity' }", "models[1].each.a: a second", "of its own"),
        (LIMIT, "limits[0].measure: the limit has no bound", "add at_most, at_least or equal"),
        (LIMIT + "equal = 1\nat_most = 1", "limits[0].equal: stands beside another bound", "write equal, or"),
        (LIMIT + "at_least = 2\nat_most = 1", "limits[0].at_least: is 2, above at_most = 1", "swap"),
        (LIMIT + "at_most = '1'", "limits[0].at_most: is '1', expected a finite number", ""),
        (LIMIT + "at_most = 1\ntargets = []", "limits[0].targets: is empty", "at least one target"),
        (LIMIT + "at_most = 1\ntargets = ['hots']", "limits[0].targets[0]: is 'hots', which is no target", "'host'"),
        (LIMIT + "at_mots = 1", "limits[0].at_mots: unknown key", "did you mean 'at_most'?"),
        (LIMIT + "at_most = 1\nbecuase = ''", "limits[0].becuase: unknown key", "did you mean 'because'?"),
        (LIMIT + "at_most = 1\nclock = 'cycle'", "limits[0].clock: is 'cycle'", "did you mean 'cycles'?"),
        ("[[limits]]\nmeasure = ''\nequal = 1", "limits[0].measure: is empty", "parity.plain*"),
        ("[[limits]]\nmeasure = 'timing.train.p99'\nat_most = 1", "limits[0].clock: missing for timing.train.p99",
         'add clock = "instructions"'),
        ("[[limits]]\nmeasure = '*.p99'\nat_most = 1", "limits[0].clock: missing for *.p99", "add clock"),
        ("[[limits]]\nmeasure = 'time.*'\nat_most = 1", "limits[0].clock: missing for time.*", "add clock"),
        ("speed = ", "not valid TOML: ", "correct the line that the message names"),
    ],
)  # fmt: skip
def test_a_wrong_scenario_is_refused(tmp_path: Path, *, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        scenario(tmp_path, HEAD + text)
    assert "demo.toml: " in caught.value.message
    assert hint in caught.value.hint


def test_a_name_that_no_file_could_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"name: is 'a\.b', expected 1 to 24 letters"):
        scenario(tmp_path, 'name = "a.b"\ntitle = "x"')


def test_malformed_toml_shows_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"not valid TOML: .*line 3"):
        scenario(tmp_path, HEAD + "speed = fast\n")


def test_an_unknown_scenario_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="no scenario is named 'sun-senor'") as caught:
        load_scenario("sun-senor")
    assert caught.value.hint == "did you mean 'sun-sensor'? Or give a .toml file."


def test_the_recording_on_the_command_line_comes_first() -> None:
    demo = load_scenario("sun-sensor")
    assert choose_recording(demo) == "sun-sensor"
    assert choose_recording(demo, "mine") == "mine"


def test_a_scenario_without_a_recording_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="scenario orbitai-flight has no recording of its own") as caught:
        choose_recording(load_scenario("orbitai-flight"))
    assert "bench import orbitai PATH --out DIR" in caught.value.hint
    with pytest.raises(ConfigurationError, match="none was given") as caught:
        choose_recording(scenario(tmp_path, HEAD))
    assert caught.value.hint == "give --recording DIR"


def test_a_limit_that_names_the_target_stands_for_those_that_name_none() -> None:
    every, slow, other = Limit("a", 1.0), Limit("a", 9.0, targets=("slow", "slower")), Limit("b", 1.0)
    made = Scenario("demo", "x", (), (every, other, slow))
    assert limits_for(made, "quick") == (every, other)
    assert limits_for(made, "slow") == limits_for(made, "slower") == (other, slow)
