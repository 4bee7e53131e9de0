"""Payloads and emulators that are missing, die, hang, or cannot hold the models."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from bench.build import FIRMWARE
from bench.clock import MonotonicClock
from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario, load_scenario
from bench.session import Recorder, Session, run
from bench.session.dialogue import Dialogue
from bench.target import load_target
from bench.trace import RequestRefused, SamplesTrained, TargetFailed
from bench.transport import make_process
from firmware_if import messages as wire
from firmware_if.connection import LinkTimes
from tests.system.command_line import (
    Command,
    check_error,
    path_without,
    read_trace,
    read_verdicts,
    run_bench,
    save_rows,
    sun_sensor,
    wait_until,
    write_scenario,
    write_target,
)

QEMU = "qemu-system-arm"
ARM_GCC = "arm-none-eabi-gcc"


@pytest.fixture
def words(tmp_path: Path) -> list[str | Path]:
    """Give the command line of a small run on the emulated board."""
    recording = save_rows(tmp_path / "rows", 0, 60)
    scenario = write_scenario(tmp_path / "small.toml")
    return ["run", scenario, "--recording", recording, "--out", tmp_path / "run", "--target", "qemu-zynq-a9"]


def test_qemu_that_is_missing(tmp_path: Path, words: list[str | Path]) -> None:
    ended = run_bench(tmp_path, *words, environment={"PATH": path_without(tmp_path / "bin", QEMU)})
    check_error(ended, f"{QEMU} is not installed", hint=f"sudo apt-get install {QEMU}), then run: bench doctor")
    assert not (tmp_path / "run" / "verdicts.json").exists()


def test_a_compiler_that_is_missing(tmp_path: Path, words: list[str | Path]) -> None:
    flags = FIRMWARE / "build" / "zynq" / "flags"
    before = flags.stat().st_mtime_ns if flags.exists() else None
    ended = run_bench(tmp_path, *words, environment={"PATH": path_without(tmp_path / "bin", ARM_GCC)})
    check_error(ended, f"{ARM_GCC}: not found", hint=f"{ARM_GCC} is missing: sudo apt-get install gcc-arm-none-eabi")
    assert "the firmware for zynq could not be built: " in ended.err
    assert not (tmp_path / "run").exists()
    assert (flags.stat().st_mtime_ns if before else None) == before, "what is built stays as it is"


def test_qemu_that_dies_at_its_start(tmp_path: Path, words: list[str | Path]) -> None:
    machine = {'machine = "xilinx-zynq-a9"': 'machine = "xilinx-zynq-b9"'}
    target = write_target(tmp_path, "qemu-none", like="qemu-zynq-a9", replaced=machine)
    ended = run_bench(tmp_path, *words[:-1], target)
    check_error(ended, f"{QEMU} ended before it began (exit status 1): ", hint="check machine and arguments")
    assert "unsupported machine type" in ended.err


def test_qemu_that_dies_in_the_middle_is_a_verdict(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path / "paced.toml", speed=100.0)
    recording, out = save_rows(tmp_path / "rows", 0, 400), tmp_path / "run"
    run_words = ("run", scenario, "--recording", recording, "--out", out, "--target", "qemu-zynq-a9")
    with Command(tmp_path, *run_words) as command:
        wait_until(lambda: any(entry["kind"] == "samples_trained" for entry in read_trace(out)), "no row was trained")
        [pid] = command.children(QEMU)
        os.kill(pid, signal.SIGKILL)
        ended = command.end()
    assert ended.status == 1, ended
    completed = read_verdicts(out)["run.completed"]
    assert (completed["outcome"], completed["value"]) == ("FAIL", 0)
    assert f"{QEMU} was ended from outside (SIGKILL)" in completed["because"]
    assert read_trace(out)[-1]["outcome"] == "target_failed"


def test_a_payload_that_hangs_in_the_middle_is_a_verdict(host_payload: Path) -> None:
    """As `bench run` does it, with shorter deadlines of the link: lost after 0.5 s instead of 10 s."""
    recording, target = sun_sensor().rows(0, 400), load_target("host")
    scenario = Scenario("hang", "hang", (ModelSpec("a", "arow", "orbitai-3d", "flight"),), ())
    transport = make_process(host_payload)

    def hang(entry: object) -> None:
        if isinstance(entry, SamplesTrained) and transport.pid:
            os.kill(transport.pid, signal.SIGSTOP)

    recorder = Recorder(MonotonicClock(), observers=(hang,))
    with transport:
        session = Session(
            transport,
            recording,
            recorder=recorder,
            clock=MonotonicClock(),
            target_name="host",
            ready_s=5.0,
            speed=1000.0,
            link_times=LinkTimes(answer_s=0.05, lost_s=0.5),
        )
        outcome = run(make_plan(scenario, recording, target=target), session, recorder=recorder)
    assert outcome == "target_failed"
    [failure] = [entry for entry in recorder.entries if isinstance(entry, TargetFailed)]
    assert "link lost: silent for 0." in failure.reason
    assert "while awaiting acknowledgement of" in failure.reason
    assert transport.pid is None


def test_a_model_that_does_not_fit_is_a_verdict_and_the_payload_stays_usable(tiny_payload: Path) -> None:
    scenario = load_scenario("sun-sensor")
    recording = replace(sun_sensor().rows(0, 40), evaluation=None)
    recorder = Recorder(MonotonicClock())
    with make_process(tiny_payload) as transport:
        session = Session(
            transport,
            recording,
            recorder=recorder,
            clock=MonotonicClock(),
            target_name="host",
            ready_s=5.0,
            speed=None,
        )
        plan = make_plan(scenario, recording, target=load_target("host"))
        assert run(plan, session, recorder=recorder) == "target_failed"
        dialogue = Dialogue(transport, clock=MonotonicClock(), recorder=recorder, target_name="host")
        dialogue.connect(5.0, starting=False)
        [alive] = dialogue.demand(wire.AreYouAlive())
        assert isinstance(alive, wire.Alive)
    [refused] = [entry for entry in recorder.entries if isinstance(entry, RequestRefused)]
    assert (refused.request, refused.code) == ("CreateModel", "ARENA_FULL")
    [failure] = [entry for entry in recorder.entries if isinstance(entry, TargetFailed)]
    assert failure.reason.startswith("the payload refused model ")
    assert "the model does not fit into what is left of the arena" in failure.reason
    assert failure.hint == "fewer or smaller models, or a larger arena"
