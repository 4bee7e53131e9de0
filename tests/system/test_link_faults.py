"""Runs over a line with faults in it, from the command line to the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.board import Board, make_job
from bench.facts import facts_of
from bench.run_folder import claim_folder
from bench.scenario import load_scenario
from bench.target import load_target
from bench.transport.faults import profile_names
from tests.system.command_line import (
    check_error,
    read_models,
    read_trace,
    read_verdicts,
    run_bench,
    save_rows,
    write_scenario,
)

INSTANT = tuple(name for name in profile_names() if name != "deep-space")
"""Profiles without a light time: at 1.28 s one way a run takes minutes."""
NEAR = """
name = "near"
light_time_s = 0.02

[[fault]]
kind = "drop"
per_byte = 2e-5
bytes = [200, 200]
because = "test"
"""
RESETS = """
name = "resets"

[[fault]]
kind = "reset"
way = "to_payload"
per_byte = 1e-4
because = "test"
"""


def injected(folder: Path, way: str) -> list[tuple[Any, ...]]:
    """What was injected in one direction of a run, in order."""
    entries = [entry for entry in read_trace(folder) if entry["kind"] == "link_fault_injected"]
    keys = ("fault", "offset", "length", "data", "seconds")
    return [tuple(entry[key] for key in keys) for entry in entries if entry["way"] == way]


def check_models(folder: Path, clean: Path) -> None:
    """Every state of every model, bit for bit, and the verdicts that hold it to the references."""
    assert read_models(folder) == read_models(clean)
    verdicts = read_verdicts(folder)
    assert verdicts["parity.plain"]["outcome"] == "PASS"
    assert verdicts["parity.plain"]["value"] == 0


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the run of the main job over a clean line."""
    folder = tmp_path_factory.mktemp("clean")
    ended = run_bench(folder, "run", "sun-sensor", "--target", "host", "--link-faults", "clean", "--out", "run")
    assert ended.status == 3, ended  # a native process has no instruction clock
    assert not injected(folder / "run", "to_payload")
    return folder / "run"


@pytest.mark.parametrize("profile", [name for name in INSTANT if name != "clean"])
def test_the_main_job_gives_the_same_models_under_every_profile(tmp_path: Path, clean: Path, profile: str) -> None:
    words = ("--target", "host", "--link-faults", f"{profile}:5", "--out", "run")
    ended = run_bench(tmp_path, "run", "sun-sensor", *words)
    assert ended.status == 3, ended
    assert f"link faults: {profile}, seed 5" in ended.out
    check_models(tmp_path / "run", clean)
    verdicts = read_verdicts(tmp_path / "run")
    count = sum(len(injected(tmp_path / "run", way)) for way in ("to_payload", "from_payload"))
    assert verdicts["link.faults_injected"]["value"] == count
    print({name: verdicts[name]["value"] for name in verdicts if name.startswith("link.")})
    if profile != "lab":
        assert count > 20
        assert verdicts["link.retransmissions"]["value"] > 10
        assert verdicts["link.goodput_bytes_per_s"]["value"] > 0


def test_the_main_job_gives_the_same_models_on_the_emulated_core(tmp_path: Path) -> None:
    ended = run_bench(tmp_path, "run", "sun-sensor", "--link-faults", "noisy:2", "--out", "run")
    assert ended.status == 0, ended
    assert "83 PASS, 0 FAIL" in ended.out
    assert len(injected(tmp_path / "run", "to_payload")) > 5


@pytest.mark.parametrize("target", ["host", "qemu-zynq-a9"])
def test_what_was_flown_comes_out_over_a_noisy_line(orbitai_data: Path, tmp_path: Path, target: str) -> None:
    assert run_bench(tmp_path, "import", "orbitai", orbitai_data, "--out", "april").status == 0
    words = ("--target", target, "--recording", "april", "--link-faults", "noisy", "--out", "run")
    ended = run_bench(tmp_path, "run", "orbitai-flight", *words)
    assert "parity.reference.* (120 of 120 states identical)" in ended.out, ended
    assert " 0 FAIL" in ended.out
    assert read_verdicts(tmp_path / "run")["link.retransmissions"]["value"] > 50


def test_light_that_takes_its_time_and_missing_frames_change_no_model(tmp_path: Path, clean: Path) -> None:
    (tmp_path / "near.toml").write_text(NEAR)
    ended = run_bench(tmp_path, "run", "sun-sensor", "--target", "host", "--link-faults", "near.toml:3", "--out", "run")
    assert ended.status == 3, ended
    check_models(tmp_path / "run", clean)
    [began] = [entry for entry in read_trace(tmp_path / "run") if entry["kind"] == "link_faults_began"]
    assert began["light_time_s"] == 0.02


def test_a_run_is_repeated_from_its_trace_with_the_same_faults_at_the_same_bytes(tmp_path: Path) -> None:
    save_rows(tmp_path / "rows", 0, 600)
    scenario = write_scenario(tmp_path / "first.toml")
    words = ("--target", "host", "--recording", tmp_path / "rows", "--out")
    first = run_bench(tmp_path, "run", scenario, "--link-faults", "harsh:4", *words, tmp_path / "first")
    again = run_bench(tmp_path, "run", scenario, "--link-faults", tmp_path / "first", *words, tmp_path / "again")
    assert (first.status, again.status) == (0, 0), (first, again)
    assert "link faults: replay of first\n" in again.out
    for way in ("to_payload", "from_payload"):
        before, after = injected(tmp_path / "first", way), injected(tmp_path / "again", way)
        assert len(after) > 3
        assert set(after) <= set(before), "no fault is made up; one whose bytes were lost already has no effect"
        assert after == [fault for fault in before if fault in set(after)], "in the same order"
    assert read_models(tmp_path / "first") == read_models(tmp_path / "again")


def test_a_reset_of_the_payload_is_a_verdict(tmp_path: Path) -> None:
    save_rows(tmp_path / "rows", 0, 600)
    (tmp_path / "resets.toml").write_text(RESETS)
    scenario = write_scenario(tmp_path / "first.toml", more='\n[[limits]]\nmeasure = "run.rows"\nat_least = 600\n')
    text = 'link_faults = "resets.toml:7"\n' + scenario.read_text()
    scenario.write_text(text)
    ended = run_bench(tmp_path, "run", scenario, "--recording", tmp_path / "rows", "--out", "run")
    assert ended.status == 1, ended
    assert "an injected reset started the payload anew, and it lost its models" in ended.out
    assert "\nlink faults: resets, seed 7: 1 injected, 0 cuts\n" in ended.out
    assert "payload restarted: an injected reset started it anew" in ended.out
    assert "by itself" not in ended.out
    assert [fault[0] for fault in injected(tmp_path / "run", "to_payload")] == ["reset"]


def test_a_line_that_no_answer_comes_through_is_an_error_that_names_the_faults(tmp_path: Path) -> None:
    (tmp_path / "deaf.toml").write_text(
        'name = "deaf"\n[[fault]]\nkind = "drop"\nper_byte = 1.0\nbytes = [9, 9]\nbecause = "test"\n'
    )
    ended = run_bench(tmp_path, "run", "sun-sensor", "--target", "host", "--link-faults", "deaf.toml", "--out", "run")
    check_error(ended, "no HELLO from host within 5 s", hint="link faults deaf are in the line")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("target", ["host", "qemu-zynq-a9"])
def test_runs_with_faults_leave_nothing_behind_for_the_next_on_the_same_board(tmp_path: Path, target: str) -> None:
    scenario = load_scenario(write_scenario(tmp_path / "small.toml"))
    (tmp_path / "near.toml").write_text(NEAR)
    recording = save_rows(tmp_path / "rows", 0, 300)
    placed = load_target(target)
    models = []
    with Board(placed) as board:
        for number, faults in enumerate(("harsh:1", "clean", str(tmp_path / "near.toml"), None)):
            job = make_job(scenario, placed, recording=recording, link_faults=faults)
            finished = board.run(job, claim_folder(tmp_path / str(number)))
            assert finished.outcome == "completed"
            judged = finished.judge()
            figures = {verdict.name: verdict.value for verdict in judged.verdicts}
            assert figures["parity.plain"] == 0
            assert (figures.get("link.faults_injected", 0) or 0) > 0 or number > 0
            if number in {1, 3}:
                assert (figures["link.errors"], figures["link.cuts"], figures["link.retransmissions"]) == (0, 0, 0)
            models.append(read_models(tmp_path / str(number)))
    assert all(each == models[0] for each in models)


def test_link_faults_are_a_setting_of_a_run_and_a_clean_line_is_none(tmp_path: Path) -> None:
    scenario = load_scenario(write_scenario(tmp_path / "small.toml"))
    recording = save_rows(tmp_path / "rows", 0, 60)
    placed = load_target("host")
    settings = []
    with Board(placed) as board:
        for number, faults in enumerate((None, "clean", "noisy:1", "noisy:2")):
            job = make_job(scenario, placed, recording=recording, link_faults=faults)
            settings.append(
                facts_of(board.run(job, claim_folder(tmp_path / str(number))).judge()).conditions["settings"]
            )
    assert settings[0] == settings[1]
    assert len(set(settings)) == 3


def test_a_scenario_may_ask_for_link_faults_and_the_report_shows_them(tmp_path: Path) -> None:
    save_rows(tmp_path / "rows", 0, 600)
    scenario = write_scenario(tmp_path / "first.toml")
    scenario.write_text('link_faults = "noisy:9"\n' + scenario.read_text())
    assert load_scenario(scenario).link_faults == "noisy:9"
    ended = run_bench(tmp_path, "run", scenario, "--recording", tmp_path / "rows", "--out", "run")
    assert ended.status == 0, ended
    page = (tmp_path / "run" / "report.html").read_text()
    assert "noisy, seed 9" in page
    assert "injected flip" in page
    assert "Put in on purpose" in page
    shown = run_bench(tmp_path, "monitor", "run")
    assert "injected " in shown.out


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ("noisi", "no profile of link faults is named 'noisi'", "did you mean 'noisy'?"),
        ("runs/nope", "no profile of link faults is named 'runs/nope'", "or the folder of a run with link faults"),
        ("noisy:x", "the seed 'x' is no whole number below 2^64", "noisy:7"),
        ("noisy:-1", "the seed '-1' is no whole number", "noisy:7"),
        ("noisy:" + "9" * 30, "is no whole number below 2^64", "noisy:7"),
        ("missing.toml", "missing.toml: no such file", "check the path"),
        ("double.toml", "double.toml: fault: drop to_payload is there twice", "one [[fault]] for each kind"),
        ("short.toml", "short.toml: fault[0].bytes: is [5, 2], expected [from, to] in 1 to 65536", "bytes = [1, 16]"),
        ("slow.toml", "slow.toml: fault[0].seconds: is [0.0, 2.0]", "seconds = [0.1, 0.5]"),
        ("odd.toml", "odd.toml: fault[0].kind: is 'melt'", "known"),
        ("bare", "bare has no link faults", "the folder of a run with --link-faults"),
        ("lying", "trace.jsonl: no link fault: length 99999999 of a drop", "the file was changed"),
        ("endless", "trace.jsonl: a light time of inf s", "the file was changed"),
        ("torn", "trace.jsonl: no link fault: 0 bytes of data of a flip", "the file was changed"),
    ],
)
def test_faults_that_cannot_be_are_refused(tmp_path: Path, given: str, message: str, hint: str) -> None:
    drop = '[[fault]]\nkind = "drop"\nper_byte = 1e-3\nbecause = "x"\n'
    (tmp_path / "double.toml").write_text(f'name = "d"\n{drop}bytes = [1, 2]\n{drop}bytes = [1, 2]\nway = "to_payload"')
    (tmp_path / "short.toml").write_text(f'name = "s"\n{drop}bytes = [5, 2]\n')
    stall = '[[fault]]\nkind = "stall"\nper_byte = 1e-3\nbecause = "x"\nseconds = [0.0, 2.0]\n'
    (tmp_path / "slow.toml").write_text(f'name = "s"\n{stall}')
    (tmp_path / "odd.toml").write_text('name = "s"\n[[fault]]\nkind = "melt"\n')
    began = {"t": 0, "kind": "link_faults_began", "profile": "p", "seed": 1, "light_time_s": 0.0, "settings": []}
    fault = {"t": 0, "kind": "link_fault_injected", "way": "to_payload", "offset": 1}
    for name, entries in {
        "bare": [],
        "endless": [{**began, "light_time_s": "Infinity"}],
        "lying": [began, {**fault, "fault": "drop", "length": 99999999}],
        "torn": [began, {**fault, "fault": "flip", "data": "zz"}],
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "trace.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    ended = run_bench(tmp_path, "run", "sun-sensor", "--target", "host", "--link-faults", given, "--out", "run")
    check_error(ended, message, hint=hint)
    assert not (tmp_path / "run").exists()
