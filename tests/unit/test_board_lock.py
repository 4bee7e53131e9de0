"""A board is locked by one bench, and its owner's death frees it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench.board import BoardBusy, BoardLock
from bench.board.lock import LOCKS_VARIABLE, lock_name
from bench.errors import TransportError

HOLD = """
import sys
from pathlib import Path
from bench.board import BoardLock
lock = BoardLock(sys.argv[1], folder=Path(sys.argv[2]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def holder(place: str, folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, place, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_bench_is_told_who_has_the_board(tmp_path: Path) -> None:
    with holder("/dev/ttyUSB7", tmp_path) as process:
        with pytest.raises(BoardBusy) as caught:
            BoardLock("/dev/ttyUSB7", folder=tmp_path).acquire()
        assert caught.value.message.startswith("/dev/ttyUSB7 is in use by python")
        assert f"(pid {process.pid}, since 20" in caught.value.message
        assert caught.value.hint == "wait for it to end, or end it"
        process.communicate("")


def test_waiting_has_a_deadline_that_the_error_names(tmp_path: Path) -> None:
    with (
        BoardLock("/dev/ttyUSB7", folder=tmp_path),
        pytest.raises(BoardBusy, match=r"after waiting for 0\.2 s") as caught,
    ):
        BoardLock("/dev/ttyUSB7", folder=tmp_path).acquire(0.2)
    assert caught.value.hint == "close it before opening it again"


def test_a_dead_owners_lock_is_taken_over(tmp_path: Path) -> None:
    with holder("/dev/ttyUSB7", tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with BoardLock("/dev/ttyUSB7", folder=tmp_path) as lock:
            assert lock.taken_over is not None
            assert lock.taken_over.pid == process.pid
            assert lock.taken_over.host == socket.gethostname()
            assert lock.owner is not None
            assert lock.owner.pid == os.getpid()


def test_a_released_lock_leaves_nobody_behind(tmp_path: Path) -> None:
    lock = BoardLock("/dev/ttyUSB7", folder=tmp_path)
    with lock:
        pass
    lock.release()
    with BoardLock("/dev/ttyUSB7", folder=tmp_path) as again:
        assert again.taken_over is None


def test_the_owner_is_told_by_pid_host_and_start(tmp_path: Path) -> None:
    with BoardLock("/dev/ttyUSB7", folder=tmp_path):
        [card] = tmp_path.glob("*.owner")
        owner = json.loads(card.read_text(encoding="utf-8"))
    started = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
    assert (owner["pid"], owner["host"], owner["started"]) == (os.getpid(), socket.gethostname(), started)


def test_a_link_and_its_device_are_one_board_and_others_are_not(tmp_path: Path) -> None:
    device, link = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    link.symlink_to(device)
    assert lock_name(str(link)) == lock_name(str(device))
    assert lock_name(str(device)) != lock_name(str(tmp_path / "ttyUSB1"))
    assert lock_name("socket://lab:4000") != lock_name("socket://lab:4001")


def test_a_spoiled_card_costs_only_the_name(tmp_path: Path) -> None:
    with BoardLock("/dev/ttyUSB7", folder=tmp_path):
        [card] = tmp_path.glob("*.owner")
        card.write_text("{", encoding="utf-8")
        with pytest.raises(BoardBusy, match="in use by another bench"):
            BoardLock("/dev/ttyUSB7", folder=tmp_path).acquire()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(LOCKS_VARIABLE, str(tmp_path / "file" / "locks"))
    with pytest.raises(TransportError, match="cannot lock /dev/ttyUSB7: Not a directory") as caught:
        BoardLock("/dev/ttyUSB7").acquire()
    assert caught.value.hint == "name a folder that all users of the board can write to: HIL_LOCKS=/some/folder"
