"""QEMU's machine protocol, against one that the test plays."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.qmp import QmpClient, QmpError, SnapshotFile

GREETING = {"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 22}}}}


class Emulator:
    """Answers commands out of `answers`, by name, one after the other; the last stays."""

    def __init__(self, connection: socket.socket, answers: dict[str, list[Any]], greeting: object = GREETING) -> None:
        self.seen: list[dict[str, Any]] = []
        self._connection = connection
        self._answers = answers
        self._greeting = greeting
        threading.Thread(target=self._serve, daemon=True).start()

    def _say(self, what: object) -> None:
        self._connection.sendall((what if isinstance(what, bytes) else json.dumps(what).encode()) + b"\n")

    def _serve(self) -> None:
        with suppress(OSError, ValueError):  # the test is over
            self._talk()

    def _talk(self) -> None:
        self._say(self._greeting)
        with self._connection.makefile("rb") as lines:
            for line in lines:
                command = json.loads(line)
                self.seen.append(command)
                self._say({"event": "RESUME"})
                answers = self._answers.get(command["execute"], [{"return": {}}])
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if answer is not None:
                    self._say(answer)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give the two ends of a line."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    for end in (ours, theirs):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


Pair = tuple[socket.socket, socket.socket]


def test_greeting_commands_and_events(pair: Pair) -> None:
    emulator = Emulator(pair[1], {"query-status": [{"return": {"running": True}}]})
    client = QmpClient(pair[0])
    assert client.open() == "7.2.22"
    assert client.execute("query-status") == {"running": True}
    assert emulator.seen[-1] == {"execute": "query-status"}
    client.execute("blockdev-add", node_name="x")
    assert emulator.seen[-1] == {"execute": "blockdev-add", "arguments": {"node-name": "x"}}


def test_a_job_is_awaited_and_dismissed(pair: Pair, tmp_path: Path) -> None:
    running, done = ({"return": [{"id": "job1", "status": status}]} for status in ("running", "concluded"))
    emulator = Emulator(pair[1], {"query-jobs": [running, done]})
    client = QmpClient(pair[0])
    client.open()
    client.run_job("blockdev-create", options={"driver": "file", "filename": str(tmp_path / "x")})
    assert [command["execute"] for command in emulator.seen[-3:]] == ["query-jobs", "query-jobs", "job-dismiss"]


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ([{"id": "job1", "status": "concluded", "error": "disk full"}], "QEMU failed at blockdev-create: disk full"),
        ([], "blockdev-create has not ended"),
    ],
)
def test_a_job_that_fails_or_vanishes_is_an_error(pair: Pair, job: list[Any], words: str) -> None:
    Emulator(pair[1], {"query-jobs": [{"return": job}]})
    client = QmpClient(pair[0], answer_s=0.5)
    client.open()
    with pytest.raises(QmpError, match=words):
        client.run_job("blockdev-create")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": {"class": "GenericError", "desc": "no such node"}}, "QEMU refused stop: no such node"),
        (None, "has not answered stop within"),
        (b"{]", "what is no JSON"),
        (b"[]", "what is no object"),
        (b"x" * (1 << 23), "by more than"),
    ],
)
def test_what_a_command_cannot_be_answered_by(pair: Pair, answer: object, words: str) -> None:
    Emulator(pair[1], {"stop": [answer]})
    client = QmpClient(pair[0], answer_s=0.5)
    client.open()
    with pytest.raises(QmpError, match=words):
        client.execute("stop")


def test_the_count_of_instructions_is_told_whatever_is_replayed(pair: Pair) -> None:
    Emulator(pair[1], {"query-replay": [{"return": {"mode": "none", "icount": 5}}, {"return": {"mode": "none"}}]})
    client = QmpClient(pair[0])
    client.open()
    assert client.count_instructions() == 5
    with pytest.raises(QmpError, match=r"QEMU tells no count of instructions: \{'mode': 'none'\}"):
        client.count_instructions()


def test_a_greeting_of_something_else_is_an_error(pair: Pair) -> None:
    Emulator(pair[1], {}, greeting={"hello": 1})
    with pytest.raises(QmpError, match="greeting is none"):
        QmpClient(pair[0]).open()


def test_an_emulator_that_hangs_up_is_the_end_of_the_stream(pair: Pair) -> None:
    pair[1].close()
    with pytest.raises(EOFError, match="QEMU is gone"):
        QmpClient(pair[0]).open()


def snapshots(pair: Pair, path: Path, said: str) -> SnapshotFile:
    """Of a machine whose monitor says that."""
    return SnapshotFile(QmpClient(pair[0]), path, monitor=lambda _: said)


def test_a_snapshot_that_fails_is_an_error_with_the_monitor_s_words(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(QmpError, match=r"QEMU failed at loadvm base: Error: no snapshot"):
        snapshots(pair, tmp_path / "x", "Error: no snapshot").load("base")


def test_a_drive_that_holds_no_snapshots_is_named_with_what_to_do(pair: Pair, tmp_path: Path) -> None:
    said = "Error: Device 'pflash0' is writable but does not support snapshots"
    with pytest.raises(QmpError, match="'pflash0' is writable but does not support snapshots") as caught:
        snapshots(pair, tmp_path / "x", said).save("base")
    assert caught.value.hint.startswith("a drive among the target's arguments")


def test_what_the_monitor_is_told(pair: Pair, tmp_path: Path) -> None:
    told: list[str] = []

    def monitor(line: str) -> str:
        told.append(line)
        return ""

    file = SnapshotFile(QmpClient(pair[0]), tmp_path / "x", monitor=monitor)
    file.save("base")
    file.load("way")
    assert told == ["savevm base", "loadvm way"]


def test_without_io_uring_the_file_is_read_by_threads(pair: Pair, tmp_path: Path) -> None:
    refused = {"error": {"desc": "Parameter 'aio' does not accept value 'io_uring'"}}
    emulator = Emulator(pair[1], {"blockdev-add": [refused, {"return": {}}]})
    client = QmpClient(pair[0])
    client.open()
    SnapshotFile(client, tmp_path / "x", monitor=str).attach()
    added = [command["arguments"] for command in emulator.seen if command["execute"] == "blockdev-add"]
    assert ["aio" in arguments for arguments in added] == [True, False, False]
