"""A pytest that is killed, stopped or looked into leaves no process and no lock behind, and what was recorded."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.board import BoardLock
from bench.run_folder import judge_run, load_run_files
from tests.plugin.lab import DEADLINE_S, Lab, processes
from tests.system.boards import payload_on_pty
from tests.system.command_line import read_trace, wait_until

SLOW = """
from bench.api import Model

def test_slow(hil_payload, hil_recording):
    hil_payload.train(hil_recording("rows"), models=[Model("arow", features="orbitai-3d")], speed=5.0)

def test_next(hil_payload): pass
"""


@contextmanager
def training(lab: Lab, mark: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a pytest whose test has trained a few rows."""
    lab.write_rows()
    lab.write("test_it.py", SLOW)
    command = [sys.executable, "-m", "pytest", "--hil-runs", "kept", *words]
    name, _, value = mark.partition("=")
    kept = lab.path / "kept"
    with subprocess.Popen(
        command, cwd=lab.path, env={**os.environ, name: value}, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as running:
        wait_until(
            lambda: any(e["kind"] == "samples_trained" for folder in kept.glob("*") for e in read_trace(folder)),
            "no row was trained",
        )
        yield running


def check_run_is_readable(lab: Lab) -> None:
    [folder] = (lab.path / "kept").iterdir()
    outcomes = {verdict.name: verdict.outcome for verdict in judge_run(folder, load_run_files(folder))}
    assert outcomes["run.completed"] == "FAIL"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("target", "program"), [("host", "payload.elf"), ("qemu-zynq-a9", "qemu-system-arm")])
def test_no_process_outlives_pytest(number: signal.Signals, target: str, program: str, lab: Lab) -> None:
    mark = f"HIL_TEST_MARK={os.getpid()}-{target}-{number}"
    with training(lab, mark, "--hil-target", target) as running:
        assert len(processes(mark, program)) == 1
        running.send_signal(number)
        running.wait(DEADLINE_S)
    wait_until(lambda: not processes(mark, program), f"{program} outlives pytest", within_s=5.0)
    check_run_is_readable(lab)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_board_of_a_pytest_that_was_killed_is_taken_over(
    number: signal.Signals, lab: Lab, host_payload: Path
) -> None:
    with payload_on_pty(host_payload) as port:
        words = ("--hil-target", "host", f"--hil-port={port}")
        with training(lab, f"HIL_TEST_MARK={os.getpid()}", *words) as running:
            running.send_signal(number)
            running.wait(DEADLINE_S)
        check_run_is_readable(lab)
        with BoardLock(port) as lock:
            gone = lock.taken_over
        assert (gone.pid if gone else None) == (None if number == signal.SIGINT else running.pid)
        lab.run(*words, "-k", "next").assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_workers_of_a_pytest_that_is_killed(number: signal.Signals, lab: Lab) -> None:
    mark = f"HIL_TEST_MARK={os.getpid()}-workers-{number}"
    with training(lab, mark, "--hil-target", "qemu-zynq-a9", "-n", "2") as running:
        running.send_signal(number)
        running.wait(DEADLINE_S)
    wait_until(lambda: not processes(mark, "qemu-system-arm"), "QEMU outlives pytest", within_s=20.0)


@pytest.mark.parametrize("words", [("-x",), ("--pdb",), ("--maxfail=1",), ("--exitfirst", "--pdb")])
def test_a_session_that_ends_early_leaves_nothing_behind(words: tuple[str, ...], lab: Lab, host_payload: Path) -> None:
    mark = f"HIL_TEST_MARK={os.getpid()}{''.join(words)}"
    lab.write("test_it.py", "def test_a(hil_payload):\n    assert 0\ndef test_b(hil_payload):\n    assert 0\n")
    name, _, value = mark.partition("=")
    with payload_on_pty(host_payload) as port:
        for more in ((), (f"--hil-port={port}",)):
            ended = subprocess.run(
                [sys.executable, "-m", "pytest", "--hil-target", "host", *more, *words],
                cwd=lab.path,
                env={**os.environ, name: value},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=False,
            )
            assert "1 failed" in ended.stdout, ended.stdout
        with BoardLock(port) as lock:
            assert lock.taken_over is None, "it was given back"
    assert not processes(mark, "payload.elf")
