"""A board that runs share, one after the other."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.board import Board, BoardBusy, make_job
from bench.errors import CommandError, ConfigurationError
from bench.run_folder import claim_folder
from bench.scenario import load_scenario
from bench.session import ConnectError
from bench.station import place
from bench.target import SerialSpec, ShellCommand, Target, load_target
from bench.trace import CommandRan, LockTakenOver, load_trace
from tests.system.boards import BoardWithCommands, payload_on_pty
from tests.system.command_line import save_rows, write_scenario


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    return write_scenario(tmp_path / "small.toml")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return save_rows(tmp_path / "rows", 0, 60)


@pytest.mark.parametrize("name", ["host", "qemu-zynq-a9"])
def test_runs_share_one_started_payload_and_do_not_see_each_other(
    name: str, scenario: Path, recording: Path, tmp_path: Path
) -> None:
    job = make_job(load_scenario(scenario), load_target(name), recording=recording)
    with Board(job.target) as board:
        verdicts = []
        nonces = set()
        for number in ("1", "2", "3"):
            nonces.add(board.reset().nonce)
            finished = board.run(job, claim_folder(tmp_path / number))
            assert finished.outcome == "completed"
            verdicts.append(finished.judge().verdicts)
    assert len(nonces) == 1, "the payload was started anew"
    repeatable = [{v.name: v.value for v in run if v.repeatable} for run in verdicts]
    assert repeatable[0] == repeatable[1] == repeatable[2]
    print(f"{len(repeatable[0])} repeatable figures of three runs on one started {name} are the same")


def test_after_a_failed_run_the_payload_is_started_anew(scenario: Path, recording: Path, tmp_path: Path) -> None:
    job = make_job(load_scenario(scenario), load_target("host"), recording=recording)
    with Board(job.target) as board:
        before = board.reset().nonce
        stopped = board.run(job, claim_folder(tmp_path / "1"), should_stop=lambda: True)
        assert stopped.outcome == "aborted"
        assert board.reset().nonce != before
        assert board.run(job, claim_folder(tmp_path / "2")).outcome == "completed"


def test_a_board_on_a_port_is_for_one_bench_at_a_time(host_payload: Path) -> None:
    with payload_on_pty(host_payload) as port:
        target = place(load_target("host"), port=port)
        with Board(target) as board:
            board.reset()
            with pytest.raises(BoardBusy, match=f"{port} is in use by"):
                Board(target).open()
        with Board(target) as board:
            assert board.reset().name == "host"


def test_yesterdays_firmware_does_not_pass_today(sanitized_payload: Path) -> None:
    with payload_on_pty(sanitized_payload) as port:
        target = place(load_target("host"), port=port)
        with Board(target) as board, pytest.raises(ConnectError, match="not the expected firmware: host runs build"):
            board.reset()
        with Board(replace(target, build_id="any")) as board:
            assert board.reset().name == "host"


def with_commands(board: BoardWithCommands, **changed: str) -> Target:
    """Place the native target on that board."""
    lines = {"flash": board.command("flash"), "reset": board.command("reset"), **changed}
    commands = {word: ShellCommand(line, 10.0) for word, line in lines.items()}
    host = load_target("host")
    line = SerialSpec(board.port, 115200, 1.0, reset=commands["reset"], flash=commands["flash"])
    return replace(host, transport=line)


def test_a_board_is_flashed_when_it_runs_another_build_or_none(
    sanitized_payload: Path, scenario: Path, recording: Path, tmp_path: Path
) -> None:
    for number, elf in enumerate((sanitized_payload, None)):
        with BoardWithCommands(tmp_path, elf) as desk:
            job = make_job(load_scenario(scenario), with_commands(desk), recording=recording)
            with Board(job.target) as board:
                finished = board.run(job, claim_folder(tmp_path / str(number)))
            assert finished.outcome == "completed"
            assert desk.said == ["reset", "flash", "reset"]
            ran = [entry for entry in load_trace(finished.folder / "trace.jsonl") if isinstance(entry, CommandRan)]
            assert [(entry.what, entry.output.strip()) for entry in ran] == [
                ("reset", "reset done"),
                ("flash", "flash done"),
                ("reset", "reset done"),
            ]
        (tmp_path / "board").unlink()


def test_a_board_that_runs_the_expected_build_is_reset_and_not_flashed(host_payload: Path, tmp_path: Path) -> None:
    with BoardWithCommands(tmp_path, host_payload) as desk, Board(with_commands(desk)) as board:
        board.reset()
        board.reset()
        assert desk.said == ["reset"]


def test_a_scenario_that_restarts_the_payload_resets_the_board(host_payload: Path, tmp_path: Path) -> None:
    scenario = load_scenario(write_scenario(tmp_path / "small.toml", restart=True))
    with BoardWithCommands(tmp_path, host_payload) as desk:
        job = make_job(scenario, with_commands(desk), recording="sun-sensor")
        with Board(job.target) as board:
            assert board.run(job, claim_folder(tmp_path / "run")).outcome == "completed"
        assert desk.said == ["reset"] * len(job.recording.segments)


def test_a_flash_command_that_fails_or_hangs_is_one_error(tmp_path: Path) -> None:
    with BoardWithCommands(tmp_path, None) as desk:
        with Board(with_commands(desk, flash="echo no probe found; exit 3")) as board:
            with pytest.raises(CommandError, match="no probe found") as caught:
                board.reset()
            assert "exit status 3" in caught.value.message
            assert not board.is_open
        target = with_commands(desk)
        assert isinstance(target.transport, SerialSpec)
        hanging = replace(target.transport, flash=ShellCommand("echo erasing; sleep 1000", 0.3))
        with Board(replace(target, transport=hanging)) as board, pytest.raises(CommandError, match=r"0\.3 s"):
            board.reset()
        with (
            Board(replace(target, build_id="any")) as board,
            pytest.raises(ConfigurationError, match="nothing says which"),
        ):
            board.reset()


def test_a_wish_to_stop_is_heard_while_a_command_runs_and_nothing_is_flashed(
    scenario: Path, recording: Path, tmp_path: Path
) -> None:
    with BoardWithCommands(tmp_path, None) as desk:
        target = with_commands(desk, reset="echo resetting; sleep 1000")
        assert isinstance(target.transport, SerialSpec)
        asked = iter([False, False])
        started = time.monotonic()
        job = make_job(load_scenario(scenario), target, recording=recording)
        with Board(target) as board, pytest.raises(KeyboardInterrupt):
            board.run(job, claim_folder(tmp_path / "run"), should_stop=lambda: next(asked, True))
        assert time.monotonic() - started < 9, "the command's deadline was waited for"
        assert desk.said == []
    assert not (tmp_path / "run").exists()


HOLD = "import sys; from bench.board import BoardLock; BoardLock(sys.argv[1]).acquire(); print(flush=True); input()"


def test_a_run_says_whose_lock_it_took_over(
    host_payload: Path, scenario: Path, recording: Path, tmp_path: Path
) -> None:
    with payload_on_pty(host_payload) as port:
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            holder.kill()
        job = make_job(load_scenario(scenario), place(load_target("host"), port=port), recording=recording)
        with Board(job.target) as board:
            finished = board.run(job, claim_folder(tmp_path / "run"))
    [entry] = [entry for entry in finished.trace if isinstance(entry, LockTakenOver)]
    assert f"(pid {holder.pid}, since " in entry.owner
