"""Ctrl-C, SIGTERM and SIGKILL in the middle of a run: what is kept, and that nothing is left behind."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.command_line import (
    Command,
    read_models,
    read_trace,
    read_verdicts,
    run_bench,
    save_rows,
    wait_until,
    write_scenario,
)

ABORTED = 130
ROWS = 400
SPEED = 100.0
"""Rows lie 5 s apart, so 400 of them take 20 s at this pace: no run of these tests comes to its end."""
PROGRAMS = {"host": "payload.elf", "qemu-zynq-a9": "qemu-system-arm", "qemu-mps2-an386": "qemu-system-arm"}


def trained_rows(folder: Path) -> int:
    return sum(len(entry["status"]) for entry in read_trace(folder) if entry["kind"] == "samples_trained")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture(params=PROGRAMS)
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def paced(tmp_path: Path, run_folder: Path, target: str) -> Iterator[Command]:
    """Give a paced run that has trained its first rows."""
    scenario = write_scenario(tmp_path / "paced.toml", speed=SPEED)
    recording = save_rows(tmp_path / "recording", 0, ROWS)
    words = ("run", scenario, "--recording", recording, "--target", target, "--out", run_folder)
    with Command(tmp_path, *words) as command:
        wait_until(lambda: trained_rows(run_folder) > 5 or command.process.poll() is not None, "no row was trained")
        assert command.process.poll() is None, command.end()
        assert len(command.children(PROGRAMS[target])) == 1
        yield command


def test_ctrl_c_once_fetches_the_models_and_saves_the_run_as_aborted(paced: Command, run_folder: Path) -> None:
    paced.process.send_signal(signal.SIGINT)
    ended = paced.end()
    assert ended.status == ABORTED
    assert "stopping: fetching the models (Ctrl-C again: stop now)" in ended.out
    last = read_trace(run_folder)[-1]
    assert (last["kind"], last["outcome"], last["reason"]) == ("run_ended", "aborted", "stopped by request")
    rows = trained_rows(run_folder)
    assert last["rows"] == rows
    assert 0 < rows < ROWS
    [segment] = read_models(run_folder)
    assert (segment["end_row"], segment["complete"]) == (rows, False)
    assert set(segment["models"]) == {"arow_3D", "arow_5D", "rda_2D"}
    verdicts = read_verdicts(run_folder)
    assert (verdicts["run.completed"]["outcome"], verdicts["run.completed"]["value"]) == ("FAIL", 0)
    assert "aborted: stopped by request" in verdicts["run.completed"]["because"]


@pytest.mark.parametrize("target", ["host"])
def test_ctrl_c_twice_stops_now(paced: Command, run_folder: Path, target: str) -> None:
    [pid] = paced.children(PROGRAMS[target])
    os.kill(pid, signal.SIGSTOP)  # it does not answer, so fetching the models would take seconds
    paced.process.send_signal(signal.SIGINT)
    wait_until(lambda: "stopping: fetching the models" in paced.printed(), "the first Ctrl-C was not heard")
    paced.process.send_signal(signal.SIGINT)
    ended = paced.end()
    assert ended.status == ABORTED
    assert ended.err == "bench: stopped\n"
    check_incomplete(run_folder)


def test_sigterm_stops_now(paced: Command, run_folder: Path) -> None:
    paced.process.terminate()
    ended = paced.end()
    assert ended.status == ABORTED
    assert ended.err == "bench: stopped\n"
    check_incomplete(run_folder)


def test_a_killed_bench_leaves_no_process_and_no_complete_run(paced: Command, run_folder: Path) -> None:
    paced.process.kill()
    assert paced.end().status == -signal.SIGKILL
    check_incomplete(run_folder)


def check_incomplete(folder: Path) -> None:
    """The folder has no end and no verdicts; judging it says so."""
    assert not (folder / "verdicts.json").exists()
    assert not (folder / "models.json").exists()
    assert all(entry["kind"] != "run_ended" for entry in read_trace(folder))
    judged = run_bench(folder.parent, "judge", folder)
    assert judged.status == 1, judged
    assert "FAIL run.completed: the trace has no end: the run was killed, or is still going" in judged.out
    assert read_verdicts(folder)["run.completed"]["outcome"] == "FAIL"


EPOCHS = 60000
"""More than the payload trains, and far more than the plain reference does, before a test is over."""
BATCH = f"""
name = "long"
title = "more epochs than anybody waits for"
mode = "batch"
epochs = {EPOCHS}
[[models]]
name = "m"
learner = "logistic"
features = "identity"
[[limits]]
measure = "parity.plain*"
equal = 0
"""


def trained_epochs(folder: Path) -> int:
    return sum(entry["kind"] == "epoch_trained" for entry in read_trace(folder))


@pytest.fixture
def in_epochs(tmp_path: Path, run_folder: Path) -> Iterator[Command]:
    """Give a batch run that was stopped in its epochs."""
    scenario = tmp_path / "long.toml"
    scenario.write_text(BATCH)
    recording = save_rows(tmp_path / "recording", 0, ROWS)
    words = ("run", scenario, "--recording", recording, "--target", "host", "--out", run_folder)
    with Command(tmp_path, *words) as command:
        wait_until(lambda: trained_epochs(run_folder) > 400 or command.process.poll() is not None, "no epoch passed")
        command.process.send_signal(signal.SIGINT)
        yield command


def test_ctrl_c_in_the_epochs_names_the_epoch(in_epochs: Command, run_folder: Path) -> None:
    ended = in_epochs.end()
    assert ended.status == ABORTED, ended
    stopped_in = f"in epoch {trained_epochs(run_folder) + 1} of {EPOCHS}"
    assert read_trace(run_folder)[-1]["reason"] == f"stopped by request {stopped_in}"
    lines = ended.out.splitlines()
    assert f"aborted {stopped_in}; the models so far are saved" in lines
    assert "judging the models so far; the plain references train as well, which can take as long again" in lines
    assert "FAIL run.completed: aborted: stopped by request " + stopped_in in ended.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_judging_says_how_to_judge_later(
    in_epochs: Command, run_folder: Path, number: signal.Signals
) -> None:
    wait_until(lambda: "judging the models so far" in in_epochs.printed(), "nothing was judged")
    in_epochs.process.send_signal(number)
    ended = in_epochs.end()
    assert ended.status == ABORTED, ended
    assert ended.err == (
        f"bench: stopped while judging; the run is saved in {run_folder}\nhint: bench judge {run_folder}\n"
    )
    assert read_trace(run_folder)[-1]["outcome"] == "aborted"
    assert not (run_folder / "verdicts.json").exists()
    judged = run_bench(run_folder.parent, "judge", run_folder)
    assert "FAIL run.completed: aborted: stopped by request in epoch" in judged.out
