"""`bench run` on some rows, some models, or for some time: complete in itself, and never taken for the whole."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario
from bench.session import Recorder, Session, run
from bench.target import load_target
from bench.telemetry import load_recording
from bench.trace import SamplesTrained, TargetFailed
from bench.transport import make_process
from firmware_if.connection import LinkTimes
from tests.system.command_line import (
    check_error,
    read_models,
    read_trace,
    read_verdicts,
    run_bench,
    save_rows,
    sun_sensor,
    write_scenario,
)

PARTIAL = "rows 100:400 of 2880, 6 of 15 models"


def test_a_part_of_the_demonstration_says_that_it_is_one(tmp_path: Path) -> None:
    """On the emulated board, whose limits it then meets but for those of the whole."""
    run_line = ("run", "sun-sensor", "--rows", "100:400", "--models", "arow*", "--models", "rda_1D")
    ended = run_bench(tmp_path, *run_line)
    assert ended.status == 0, ended
    lines = ended.out.splitlines()
    assert lines[1].startswith("300 rows of sun-sensor")
    assert lines[2] == f"partial run: {PARTIAL} (left out: nherd_1D, nherd_2D, nherd_3D, nherd_5D ...)"
    assert f"partial run, {PARTIAL}; not applied: 2 limits that only the whole can be held to" in lines
    [folder] = (tmp_path / "runs").iterdir()
    assert folder.name.endswith("-sun-sensor-qemu-zynq-a9-partial")
    verdicts = read_verdicts(folder)
    assert all(verdict["partial"] == PARTIAL for verdict in verdicts.values())
    accuracy = verdicts["accuracy.evaluation.arow_all.balanced_accuracy"]
    assert (accuracy["outcome"], accuracy["limit"]) == (None, ">= 0.93")
    assert accuracy["because"].startswith("the limit is not applied: the run had 300 of 2880 rows")


def test_a_partial_run_is_judged_the_same_elsewhere(tmp_path: Path) -> None:
    out = tmp_path / "run"
    ended = run_bench(
        tmp_path, "run", "sun-sensor", "--target", "host", "--rows", ":90", "--models", "arow*", "--out", out
    )
    assert ended.status == 3, "timing and stack limits are meant for the emulated board"
    assert load_recording(out / "recording").row_count == 90
    shutil.copytree(out, tmp_path / "copy")
    expected = {name: (out / name).read_bytes() for name in ("verdicts.json", "models.json", "models/arow_3D.onnx")}
    for name in expected:
        (tmp_path / "copy" / name).unlink()
    judged = run_bench(tmp_path, "judge", tmp_path / "copy")
    assert judged.status == 3
    assert "partial run: rows 0:90 of 2880, 5 of 15 models" in judged.out
    assert {name: (tmp_path / "copy" / name).read_bytes() for name in expected} == expected


def test_rows_train_the_same_whether_they_are_chosen_or_recorded_alone(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path / "same.toml", restart=True)
    recording = save_rows(tmp_path / "rows", 600, 900)
    part = run_bench(tmp_path, "run", scenario, "--recording", recording, "--rows", "50:200", "--out", "part")
    alone = save_rows(tmp_path / "alone", 650, 800)
    whole = run_bench(tmp_path, "run", scenario, "--recording", alone, "--out", "whole")
    assert (part.status, whole.status) == (0, 0), part
    assert read_models(tmp_path / "part") == read_models(tmp_path / "whole")
    assert len(read_models(tmp_path / "part")) == 2, "it is cut in two by the end of a segment, at which it restarts"
    assert "partial" not in whole.out


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--rows", "0:2881"), "rows 0:2881 are not within sun-sensor, which has the rows 0:2880", "give --rows A:B"),
        (("--models", "arov*"), "no model of scenario sun-sensor matches 'arov*'", "known: arow_1D"),
    ],
)
def test_a_part_that_is_not_there_is_one_clear_error(
    tmp_path: Path, words: tuple[str, ...], message: str, hint: str
) -> None:
    check_error(run_bench(tmp_path, "run", "sun-sensor", "--target", "host", *words), message, hint=hint)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("words", [("--rows", "5"), ("--rows", "-1:5"), ("--rows", ":"), ("--timeout", "0")])
def test_an_option_that_is_no_part_or_time_is_refused(tmp_path: Path, words: tuple[str, str]) -> None:
    ended = run_bench(tmp_path, "run", "sun-sensor", f"{words[0]}={words[1]}")
    assert ended.status == 2
    assert f"argument {words[0]}" in ended.err


def test_a_run_that_takes_too_long_fails_with_the_models_so_far(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path / "slow.toml", speed=20.0)
    recording = save_rows(tmp_path / "rows", 0, 400)
    began = time.monotonic()
    ended = run_bench(tmp_path, "run", scenario, "--recording", recording, "--timeout", "2", "--out", "run")
    assert time.monotonic() - began < 30
    assert ended.status == 1, ended
    trace = read_trace(tmp_path / "run")
    rows = trace[-1]["rows"]
    assert 2 <= rows <= 20
    [failed] = [entry for entry in trace if entry["kind"] == "target_failed"]
    assert failed["reason"] == f"not done within 2 s: {rows} of 400 rows"
    assert "FAIL run.completed: the target failed: not done within 2 s" in ended.out
    dumps = [entry for entry in trace if entry["kind"] == "model_dumped"]
    assert {(entry["end_row"], entry["complete"]) for entry in dumps} == {(rows, False)}
    assert len(dumps) == 3
    assert read_verdicts(tmp_path / "run")["parity.plain"]["outcome"] == "PASS"


def test_time_enough_changes_nothing(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path / "quick.toml")
    recording = save_rows(tmp_path / "rows", 0, 100)
    assert run_bench(tmp_path, "run", scenario, "--recording", recording, "--timeout", "60").status == 0


class FastClock:
    """Twenty seconds a second."""

    def now(self) -> float:
        return time.monotonic() * 20


def test_what_the_payload_is_still_busy_with_long_after_its_time_is_not_waited_for(host_payload: Path) -> None:
    """It is stopped by a signal, on a link that would wait for it for a thousand seconds."""
    scenario = Scenario("hang", "hang", (ModelSpec("a", "arow", "orbitai-3d", "flight"),), ())
    recording, target = sun_sensor().rows(0, 400), load_target("host")
    transport, clock = make_process(host_payload), FastClock()

    def hang(entry: object) -> None:
        if isinstance(entry, SamplesTrained) and transport.pid:
            os.kill(transport.pid, signal.SIGSTOP)

    recorder = Recorder(clock, observers=(hang,))
    with transport:
        session = Session(
            transport,
            recording,
            recorder=recorder,
            clock=clock,
            target_name="host",
            ready_s=1000.0,
            speed=100.0,
            link_times=LinkTimes(lost_s=1000.0),
            timeout_s=5.0,
        )
        outcome = run(make_plan(scenario, recording, target=target), session, recorder=recorder)
    assert outcome == "target_failed"
    [failure] = [entry for entry in recorder.entries if isinstance(entry, TargetFailed)]
    assert failure.reason.startswith("not done within 5 s: ")
    assert "and still busy 10 s later" in failure.reason
