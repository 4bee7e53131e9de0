"""Scenario files as tests."""

import json
from pathlib import Path

import pytest

from bench.run_folder import judge_run, load_run_files
from tests.plugin.lab import Lab, printed
from tests.system.command_line import write_scenario

SCENARIOS = Path(__file__).parents[2] / "fixtures" / "scenarios"
MORE = '\n[[limits]]\nmeasure = "memory.arena_used_bytes"\nat_most = {bound}\nbecause = "a test says so"\n'


def write(lab: Lab, name: str = "small", *, bound: int = 10000, more: str = "") -> Path:
    """Write a scenario in a folder of scenarios, whose recording is beside it."""
    folder = lab.path / "scenarios"
    folder.mkdir(exist_ok=True)
    path = write_scenario(folder / f"{name}.toml", more=MORE.format(bound=bound) + more)
    path.write_text(path.read_text().replace('title = "', 'recording = "../recordings/rows"\ntitle = "'))
    return path


def test_there_is_one_test_for_each_scenario_and_target(lab: Lab) -> None:
    lab.write_rows()
    write(lab, "one")
    write(lab, "two")
    words = ("--hil-target", "host", "--hil-target", "qemu-zynq-a9")
    listed = printed(lab.run("scenarios", *words, "--collect-only", "-q"))
    ids = [line for line in listed.splitlines() if line.startswith("scenarios/")]
    assert ids == [
        f"scenarios/{name}.toml::{name}[{target}]" for name in ("one", "two") for target in ("host", "qemu-zynq-a9")
    ]
    assert not list(lab.path.glob("runs*")), "nothing was started"
    lab.run("scenarios", *words).assert_outcomes(passed=4)
    lab.run(*words, ids[1]).assert_outcomes(passed=1)
    lab.run(*words, "scenarios/one.toml").assert_outcomes(passed=2)
    lab.run(*words, "-k", "two and host").assert_outcomes(passed=1, deselected=3)


def test_without_options_each_scenario_runs_on_its_own_target(lab: Lab) -> None:
    lab.write_rows()
    write(lab)
    result = lab.run()
    result.assert_outcomes(passed=1)
    assert "PASSED scenarios/small.toml::small[host]" in printed(result)


def test_junit_has_a_property_for_each_verdict(lab: Lab) -> None:
    lab.write_rows()
    write(lab, "good")
    write(lab, "bad", bound=-1)
    lab.run("--hil-runs", "kept", "--junit-xml", "junit.xml").assert_outcomes(passed=1, failed=1)
    cases = lab.junit()
    for name, outcome in (("good[host]", "passed"), ("bad[host]", "failure")):
        case = cases[name]
        assert case.outcome == outcome
        folder = Path(case.properties["hil.run_folder"])
        verdicts = {v["name"]: v["outcome"] for v in json.loads((folder / "verdicts.json").read_text()) if v["outcome"]}
        said = {key.removeprefix("hil."): value.partition(":")[0] for key, value in case.properties.items()}
        assert {key: value for key, value in said.items() if key != "run_folder"} == verdicts
        assert len(verdicts) > 3
    failed = cases["bad[host]"]
    assert failed.properties["hil.memory.arena_used_bytes"] == "FAIL: 1,152 bytes, limit <= -1; a test says so"
    assert "FAIL memory.arena_used_bytes: 1,152 bytes, limit <= -1; a test says so" in failed.message


def test_a_failure_shows_the_verdicts_and_no_traceback(lab: Lab) -> None:
    lab.write_rows()
    write(lab, "bad", bound=-1)
    said = printed(lab.run("--hil-runs", "kept"))
    assert "Traceback" not in said
    assert "def " not in said
    assert "FAIL     memory.arena_used_bytes" in said
    assert "PASS     run.completed" in said
    assert "FAILED scenarios/bad.toml::bad[host] - FAIL memory.arena_used_bytes: 1,152 by" in said
    [folder] = (lab.path / "kept").iterdir()
    assert f"run folder: {folder.relative_to(lab.path)}" in said
    outcomes = [(v.name, v.outcome) for v in judge_run(folder, load_run_files(folder))]
    assert ("memory.arena_used_bytes", "FAIL") in outcomes


def test_last_failed_runs_what_failed(lab: Lab) -> None:
    lab.write_rows()
    write(lab, "good")
    bad = write(lab, "bad", bound=-1)
    lab.run().assert_outcomes(passed=1, failed=1)
    lab.run("--lf").assert_outcomes(failed=1)
    bad.write_text(bad.read_text().replace("at_most = -1", "at_most = 9999"))
    lab.run("--lf").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("speed =", "sped =", ["sped: unknown key", "did you mean 'speed'?"]),
        ("[[limits]]", "[[limit]]", ["limit: unknown key", "did you mean 'limits'?"]),
        ('name = "small"', "name = small", ["small.toml"]),
        ("at_most = 10000", "at_most = 10000\nclok = 1", ["did you mean 'clock'?"]),
    ],
)
def test_a_typo_is_one_collection_error(old: str, new: str, said: list[str], lab: Lab) -> None:
    lab.write_rows()
    path = write(lab)
    path.write_text(path.read_text().replace(old, new))
    write(lab, "other")
    result = lab.run()
    text = printed(result)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    assert "Traceback" not in text
    assert "def " not in text
    for words in (*said, "hint: "):
        assert words in text


def test_toml_files_that_are_no_scenarios_are_left_alone(lab: Lab) -> None:
    lab.write_rows()
    lab.write("pyproject.toml", "[project]\nname = 'x'\nversion = '1'\n")
    lab.write("scenarios/notes.toml", "[notes]\nmodels = 3\n")
    lab.write("scenarios/broken.toml", "= = =")
    lab.write("elsewhere/one.toml", "[[models]]\n")
    lab.write("station.toml", "")
    assert lab.run("--collect-only").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_scenario_anywhere_is_a_test_if_it_is_named_or_matches_a_pattern(lab: Lab) -> None:
    lab.write_rows()
    path = write(lab)
    (lab.path / "campaign").mkdir()
    path.rename(lab.path / "campaign" / "small.toml")
    assert lab.run("--collect-only").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    for words in (["campaign/small.toml"], ["campaign/../campaign/small.toml::small[host]"]):
        lab.run(*words).assert_outcomes(passed=1)
    (lab.path / "pytest.ini").write_text("[pytest]\nhil_scenarios = campaign/*.toml\n")
    lab.run().assert_outcomes(passed=1)


def test_what_is_unmeasured_is_skipped_and_fails_where_it_is_required(lab: Lab) -> None:
    lab.write_rows()
    limit = '\n[[limits]]\nmeasure = "timing.train.p99"\nat_most = 1e9\nclock = "instructions"\n'
    write(lab, more=limit)
    result = lab.run("--junit-xml", "junit.xml")
    result.assert_outcomes(skipped=1)
    assert "UNMEASURED timing.train.p99: " in printed(result)
    assert "the limit is meant for the instructions clock, the figure is in host time" in printed(result)
    case = lab.junit()["small[host]"]
    assert case.outcome == "skipped"
    assert case.properties["hil.timing.train.p99"].startswith("UNMEASURED: ")
    required = lab.run("--hil-require")
    required.assert_outcomes(failed=1)
    assert "required by --hil-require: UNMEASURED timing.train.p99: " in printed(required)


def test_a_scenario_without_a_recording_takes_the_users_of_its_name_or_is_skipped(lab: Lab) -> None:
    lab.write_rows()
    path = write(lab)
    path.write_text(path.read_text().replace('recording = "../recordings/rows"', 'recording_hint = "make some"'))
    result = lab.run()
    result.assert_outcomes(skipped=1)
    assert "scenarios/small.toml:1: scenario small has no recording" in printed(result)
    assert "hint: make some" in printed(result)
    (lab.path / "recordings" / "rows").rename(lab.path / "recordings" / "small")
    recording = lab.path / "recordings" / "small" / "recording.toml"
    recording.write_text(recording.read_text().replace('name = "rows"', 'name = "small"'))
    lab.run().assert_outcomes(passed=1)


def test_a_recording_that_is_missing_is_one_error_with_a_hint(lab: Lab) -> None:
    write(lab)
    result = lab.run()
    result.assert_outcomes(failed=1)
    assert "Traceback" not in printed(result)
    assert "recordings/rows: no such folder" in printed(result)
    assert "hint: " in printed(result)


@pytest.mark.parametrize("target", ["host", "qemu-zynq-a9", "qemu-mps2-an386"])
def test_the_benchs_own_scenario_passes_where_it_is_measured(target: str, lab: Lab) -> None:
    result = lab.run(SCENARIOS / "sun-sensor.toml", "--hil-target", target)
    result.assert_outcomes(**{"skipped" if target == "host" else "passed": 1})
