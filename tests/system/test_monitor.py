"""The monitor as users have it: on terminals of any size, resized, left, killed, and where there is no terminal."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.command_line import (
    BENCH,
    Command,
    check_error,
    read_trace,
    run_bench,
    save_rows,
    wait_until,
    write_scenario,
)
from tests.system.on_terminal import SECOND_SCREEN, OnTerminal

ROWS = 200
SPEED = 100.0
"""Times the recorded pace of a row in 5 s: a run of ten seconds."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a run that is over."""
    place = tmp_path_factory.mktemp("finished")
    write_scenario(place / "small.toml")
    save_rows(place / "rows", 0, 60)
    assert run_bench(place, "run", "small.toml", "--recording", "./rows", "--out", "run").status == 0
    return place / "run"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a folder with a scenario that takes about ten seconds."""
    write_scenario(tmp_path / "slow.toml", speed=SPEED)
    save_rows(tmp_path / "rows", 0, ROWS)
    return tmp_path


RUN = ("run", "slow.toml", "--recording", "./rows", "--out", "runs/run")


@pytest.fixture
def running(place: Path) -> Iterator[Command]:
    """Give a run that goes on."""
    with Command(place, *RUN) as command:
        trace = place / "runs" / "run" / "trace.jsonl"
        wait_until(lambda: trace.exists() and "samples_trained" in trace.read_text(), "no row came")
        yield command


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (39, 10), (20, 5)])
def test_a_finished_run_is_printed_and_the_terminal_left_alone(finished: Path, size: tuple[int, int]) -> None:
    with OnTerminal(finished.parent, BENCH, "monitor", "run", size=size) as terminal:
        assert terminal.end() == 0
        assert SECOND_SCREEN not in terminal.drawn
        assert (b"is too small" if size == (20, 5) else b"completed") in terminal.drawn


def test_without_a_terminal_and_on_a_dumb_one_there_are_plain_lines(finished: Path) -> None:
    piped = run_bench(finished.parent, "monitor", "run")
    assert piped.status == 0
    assert "\x1b" not in piped.out
    assert "completed" in piped.out.splitlines()[-1]
    with OnTerminal(finished.parent, BENCH, "monitor", "run", environment={"TERM": "dumb"}) as terminal:
        assert terminal.end() == 0
        assert b"\x1b" not in terminal.drawn
        assert terminal.drawn.decode().replace("\r\n", "\n") == piped.out


def test_one_who_watches_sees_rows_come_and_the_run_go_on_without_him(running: Command, place: Path) -> None:
    with OnTerminal(place, BENCH, "monitor") as terminal:
        seen = terminal.read_until(b"streaming")
        terminal.resize(120, 40)
        terminal.process.send_signal(signal.SIGWINCH)
        seen = terminal.read_until(SECOND_SCREEN, after=seen)
        terminal.read_until(b"rows", after=seen)
        terminal.press(b"q")
        assert terminal.end() == 0
        assert terminal.is_tidy()
    assert running.process.poll() is None, "the run goes on"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_monitor_that_is_stopped_leaves_the_terminal_as_it_was(
    running: Command, place: Path, number: signal.Signals
) -> None:
    with OnTerminal(place, BENCH, "monitor", "runs/run") as terminal:
        terminal.read_until(b"streaming")
        terminal.process.send_signal(number)
        assert terminal.end() == 0
        assert terminal.is_tidy()
    assert running.process.poll() is None, "the run goes on"


def test_a_run_that_is_killed_is_told_so(running: Command, place: Path) -> None:
    with OnTerminal(place, BENCH, "monitor", "runs/run") as terminal:
        terminal.read_until(b"streaming")
        running.process.kill()
        assert terminal.end() == 0
        assert b"killed: the trace has no end" in terminal.drawn
        assert terminal.is_tidy()


def watchers(parent: int) -> list[int]:
    """Processes below `parent` that draw."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if b"bench.monitor.beside" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_run_shows_itself_and_then_its_verdicts(place: Path) -> None:
    with OnTerminal(place, BENCH, *RUN, "--monitor") as terminal:
        terminal.read_until(b"streaming")
        [drawing] = watchers(terminal.process.pid)
        assert terminal.end() == 0
        assert terminal.is_tidy()
        shown = terminal.drawn[terminal.drawn.rfind(b"\x1b[?1049l") :]
        assert b"PASS" in shown
        assert b"report: runs/run/report.html" in shown
    assert not Path(f"/proc/{drawing}").exists()


def test_a_monitor_that_is_killed_takes_nothing_from_the_run(place: Path) -> None:
    with OnTerminal(place, BENCH, *RUN, "--monitor") as terminal:
        terminal.read_until(b"streaming")
        [drawing] = watchers(terminal.process.pid)
        os.kill(drawing, signal.SIGKILL)
        assert terminal.end() == 0
        assert terminal.is_tidy()
        assert b"the monitor ended before the run" in terminal.drawn
    assert read_trace(place / "runs" / "run")[-1]["outcome"] == "completed"


def test_a_window_that_is_closed_ends_run_and_monitor(place: Path) -> None:
    with OnTerminal(place, BENCH, *RUN, "--monitor") as terminal:
        terminal.read_until(b"streaming")
        [drawing] = watchers(terminal.process.pid)
        terminal.hang_up()
        terminal.process.wait(20)
        wait_until(lambda: not Path(f"/proc/{drawing}").exists(), "the monitor outlives its run")


def test_ctrl_c_stops_the_run_and_its_models_are_fetched(place: Path) -> None:
    with OnTerminal(place, BENCH, *RUN, "--monitor") as terminal:
        terminal.read_until(b"streaming")
        terminal.press(b"\x03")
        assert terminal.end() == 130
        assert terminal.is_tidy()
        assert b"the models so far are saved" in terminal.drawn
    assert read_trace(place / "runs" / "run")[-1]["outcome"] == "aborted"


def test_what_is_no_run_is_one_error(tmp_path: Path) -> None:
    check_error(run_bench(tmp_path, "monitor"), "there is no run under runs", hint="bench monitor RUN")
    check_error(run_bench(tmp_path, "monitor", "none"), "none", hint="folder of a run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "trace.jsonl").touch()
    check_error(run_bench(tmp_path, "monitor", "run"), "the trace of run is empty", hint="killed before it began")
