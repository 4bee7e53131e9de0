"""Every write completes or raises: what `transfer` says is taken arrives, and nothing is dropped in silence.

Taken means by the kernel: what it still holds when the other end goes away is lost, and that raises.
"""

from __future__ import annotations

import os
import random
import select
import socket
import subprocess
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest

from bench.build import FIRMWARE, make_variables
from bench.errors import TransportError
from bench.target import load_target
from bench.transport import SerialTransport, Transport, make_serial
from bench.transport.duplex import Duplex
from tests.system.emulated import build, start
from tests.system.rfc2217_server import rfc2217_server

BIG = random.Random(5).randbytes(1 << 20)
DEADLINE_S = 30.0


@dataclass
class Written:
    """How far `write` came."""

    taken: int = 0
    received: bytearray = field(default_factory=bytearray)


def write(transport: Transport, data: bytes, written: Written, *, stalled_s: float = DEADLINE_S) -> None:
    """Write all of it; raises what `transfer` raises, or TimeoutError when nothing was taken for `stalled_s`."""
    heard = time.monotonic()
    while written.taken < len(data):
        done = transport.transfer(data[written.taken :], 0.1)
        written.taken += done.written
        written.received += done.received
        if done.written:
            heard = time.monotonic()
        elif time.monotonic() - heard > stalled_s:
            raise TimeoutError


@dataclass
class Reader:
    """The other end of a line: reads while `go` is set, in pieces, and keeps all."""

    descriptor: int
    go: threading.Event = field(default_factory=threading.Event)
    got: bytearray = field(default_factory=bytearray)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.is_set():
            if self.go.wait(0.05) and select.select([self.descriptor], [], [], 0.05)[0]:
                self.got += os.read(self.descriptor, 3000)

    def wait_for(self, count: int) -> bytes:
        until = time.monotonic() + DEADLINE_S
        while len(self.got) < count and time.monotonic() < until:
            self.ended.wait(0.01)
        return bytes(self.got)


@contextmanager
def reading(descriptor: int) -> Iterator[Reader]:
    reader = Reader(descriptor)
    thread = threading.Thread(target=reader.run, daemon=True)
    thread.start()
    try:
        yield reader
    finally:
        reader.ended.set()
        thread.join()


@contextmanager
def pty_line() -> Iterator[tuple[Transport, int]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    with make_serial(os.ttyname(slave), baud=115200) as transport:
        yield transport, master
    os.close(master)
    os.close(slave)


@contextmanager
def socket_line() -> Iterator[tuple[Transport, int]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        make_serial(f"socket://127.0.0.1:{listener.getsockname()[1]}", baud=115200) as transport,
    ):
        accepted, _ = listener.accept()
        with accepted:
            yield transport, accepted.fileno()


@contextmanager
def served_line() -> Iterator[tuple[Transport, int]]:
    line, end = socket.socketpair()
    with line, end, rfc2217_server(line) as server, SerialTransport(server.url, baud=115200) as transport:
        yield transport, end.fileno()


Line = Callable[[], AbstractContextManager[tuple[Transport, int]]]
LINES = pytest.mark.parametrize(("line", "data"), [(pty_line, BIG), (socket_line, BIG * 16)])
"""A kernel holds up to some MiB of a TCP connection."""


@LINES
def test_a_big_write_arrives_whole_though_its_reader_stalls(line: Line, data: bytes) -> None:
    with line() as (transport, far_end), reading(far_end) as reader:
        written = Written()
        with pytest.raises(TimeoutError):
            write(transport, data, written, stalled_s=0.3)
        assert 0 < written.taken < len(data), "the line is full, and says how much it has taken"
        reader.go.set()
        write(transport, data, written)
        assert reader.wait_for(len(data)) == data


@pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\) is:DeprecationWarning")
def test_a_big_write_arrives_whole_through_a_serial_server() -> None:
    data = BIG[: 1 << 16]  # pyserial's server looks at each byte by itself
    with served_line() as (transport, far_end), reading(far_end) as reader:
        reader.go.set()
        write(transport, data, Written())
        assert reader.wait_for(len(data)) == data


@LINES
def test_a_reader_that_goes_away_in_a_big_write_is_an_error_and_the_count_is_known(line: Line, data: bytes) -> None:
    with line() as (transport, far_end):
        written = Written()
        with pytest.raises(TimeoutError):
            write(transport, data, written, stalled_s=0.1)
        got = os.read(far_end, 1000)
        assert data.startswith(got)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, far_end)  # it was the only descriptor: the other end is closed
        os.close(nowhere)
        with pytest.raises(TransportError, match="is gone: "):
            write(transport, data, written)
        assert len(got) <= written.taken < len(data)


def test_a_peer_that_reads_no_more_but_still_speaks_is_an_error() -> None:
    """Otherwise its line would look usable for ever, and take nothing."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.shutdown(socket.SHUT_RD)
        theirs.send(b"last words")
        ours.settimeout(0.0)
        duplex = Duplex(ours.fileno())
        assert duplex.transfer(b"x", 1.0).received == b"last words"
        with pytest.raises(EOFError, match="Broken pipe"):
            duplex.transfer(b"x", 1.0)


def test_a_big_write_arrives_whole_in_an_emulated_board() -> None:
    """Its UART holds back; the sink counts what it got, and what it lost."""
    target = load_target("qemu-zynq-a9")
    elf = build(target).with_name("sink.elf")
    words = make_variables(target.port or "", target.board)
    subprocess.run(["make", "-s", "-C", str(FIRMWARE), *words, "APP=sink"], check=True)
    with start(target, elf) as transport:
        assert lines(transport, 1) == b"sink ready\n"  # what comes before its UART is set up is lost, as on a board
        written = Written()
        write(transport, len(BIG).to_bytes(4, "little") + BIG, written)
        assert bytes(written.received) + lines(transport, 1) == b"sink 1048576 lost 0\n"


def lines(transport: Transport, count: int) -> bytes:
    received, until = b"", time.monotonic() + DEADLINE_S
    while received.count(b"\n") < count and time.monotonic() < until:
        received += transport.transfer(b"", 0.1).received
    return received
