"""A board that runs share, one after the other."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.board import Board, BoardBusy, make_job
from bench.run_folder import claim_folder
from bench.scenario import load_scenario
from bench.session import ConnectError
from bench.station import place
from bench.target import load_target
from tests.system.boards import payload_on_pty
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
            verdicts.append(finished.judge())
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
        with Board(target) as board, pytest.raises(ConnectError, match="stale firmware"):
            board.reset()
        with Board(replace(target, build_id="any")) as board:
            assert board.reset().name == "host"
