"""Serial ports as ptys, TCP sockets and pyserial URLs, with what goes wrong on each."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import select
import socket
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench.errors import PortAbsent, TransportError
from bench.transport import SerialTransport, Transport, make_serial
from bench.transport.ports import explain, holders, in_use, is_hardware, port_names

DEADLINE_S = 5.0
"""For things that take microseconds."""


@dataclass(frozen=True)
class Pty:
    master: int
    path: str


@pytest.fixture
def pty_pair() -> Iterator[Pty]:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield Pty(master, os.ttyname(slave))
    os.close(slave)
    with contextlib.suppress(OSError):  # a test may have closed it
        os.close(master)


def exchange(transport: Transport, far_end: int, data: bytes) -> bytes:
    """Send `data` both ways at once through `transport` and the descriptor at its far end; what arrived here."""
    to_write, at_far_end, to_answer, received = data, b"", data, b""
    until = time.monotonic() + DEADLINE_S
    while len(at_far_end) < len(data) or len(received) < len(data):
        assert time.monotonic() < until, f"{len(at_far_end)} and {len(received)} of {len(data)} bytes arrived"
        done = transport.transfer(to_write, 0.001)
        to_write = to_write[done.written :]
        received += done.received
        readable, writable, _ = select.select([far_end], [far_end] if to_answer else [], [], 0.001)
        if readable:
            at_far_end += os.read(far_end, 1 << 16)
        if writable:
            to_answer = to_answer[os.write(far_end, to_answer[:2000]) :]
    assert at_far_end == data
    return received


def test_every_byte_crosses_a_pty_both_ways_at_once(pty_pair: Pty) -> None:
    data = random.Random(1).randbytes(300_000)
    with make_serial(pty_pair.path, baud=115200) as transport:
        assert exchange(transport, pty_pair.master, data) == data


def test_a_device_has_a_line_rate_and_describes_itself(pty_pair: Pty) -> None:
    transport = make_serial(pty_pair.path, baud=921600)
    assert transport.line_bytes_per_s == 92160
    assert transport.describe() == [pty_pair.path, "921600 baud"]
    assert SerialTransport("x", baud=300, dtr=False, rts=True).describe() == ["x", "300 baud", "dtr off", "rts on"]


def test_waiting_for_nothing_ends_at_the_timeout_and_takes_no_input_for_the_end(pty_pair: Pty) -> None:
    with make_serial(pty_pair.path, baud=115200) as transport:
        done = transport.transfer(b"", 0.01)
        assert (done.written, done.received) == (0, b"")
        os.write(pty_pair.master, b"late")
        assert transport.transfer(b"", DEADLINE_S).received == b"late"


def test_a_full_line_takes_nothing_and_does_not_block(pty_pair: Pty) -> None:
    with make_serial(pty_pair.path, baud=115200) as transport:
        block = bytes(100_000)
        while transport.transfer(block, 0.05).written:  # the kernel moves bytes to the other end for a while
            pass
        assert transport.transfer(block, 0.01).written == 0


def test_an_unplugged_device_is_gone(pty_pair: Pty) -> None:
    with make_serial(pty_pair.path, baud=115200) as transport:
        os.close(pty_pair.master)
        with pytest.raises(TransportError, match=r"/dev/pts/\d+ is gone: ") as caught:
            transport.transfer(b"x", DEADLINE_S)
    assert "unplugged" in caught.value.hint


def test_a_port_is_opened_once(pty_pair: Pty) -> None:
    with (
        make_serial(pty_pair.path, baud=115200),
        pytest.raises(TransportError, match=r"/dev/pts/\d+ is in use by this bench itself"),
    ):
        make_serial(pty_pair.path, baud=115200).open()


HOLDER = "import serial, sys; port = serial.Serial(sys.argv[1], exclusive=True); print(flush=True); sys.stdin.read()"


def test_a_port_in_use_names_who_has_it() -> None:
    master, slave = os.openpty()  # a pair that this process does not keep open
    path = os.ttyname(slave)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        os.close(slave)
        assert [pid for pid, _ in holders(path)] == [holder.pid]
        with pytest.raises(TransportError, match=rf"in use by \S*python.* \(pid {holder.pid}\)$") as caught:
            make_serial(path, baud=115200).open()
        holder.communicate()
    assert caught.value.hint == f"end it: kill {holder.pid}"
    os.close(master)
    assert "by a process of another user" in str(in_use("/dev/nobody-has-this"))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/dev/ttyNONE7", "there is no port /dev/ttyNONE7"),
        ("/dev/null", "/dev/null is no serial port"),
        (__file__, r"test_transport_serial\.py is no serial port"),
        ("/dev", "/dev is no serial port"),
    ],
)
def test_what_is_no_port_is_named_beside_those_there_are(path: str, message: str) -> None:
    with pytest.raises(TransportError, match=message) as caught:
        make_serial(path, baud=115200).open()
    assert f"ports of this machine: {', '.join(port_names()) or 'none'}" in caught.value.hint


@pytest.mark.parametrize("baud", [-3, 1 << 40])
def test_an_impossible_rate_is_named(pty_pair: Pty, baud: int) -> None:
    with pytest.raises(TransportError, match=f"cannot run at {baud} baud"):
        make_serial(pty_pair.path, baud=baud).open()


def test_no_permission_names_the_group_to_join(pty_pair: Pty) -> None:
    error = explain(pty_pair.path, OSError(errno.EACCES, "Permission denied"))
    assert "no permission to open /dev/pts/" in str(error)
    assert error.hint.startswith("sudo usermod -aG ")
    assert "(its group is dialout)" in str(explain("/dev/absent", OSError(errno.EACCES, "Permission denied")))


def test_an_error_of_another_kind_keeps_its_words(pty_pair: Pty) -> None:
    assert "cannot open /dev/pts/" in str(explain(pty_pair.path, OSError(errno.EIO, "Input/output error")))


def test_a_pty_is_no_hardware(pty_pair: Pty) -> None:
    assert not is_hardware(pty_pair.path)


def test_every_byte_crosses_a_tcp_socket_both_ways_at_once() -> None:
    data = random.Random(2).randbytes(1_000_000)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        make_serial(f"socket://127.0.0.1:{listener.getsockname()[1]}", baud=115200) as transport,
    ):
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(0.0)
            assert transport.line_bytes_per_s is None
            assert len(transport.describe()) == 1
            assert exchange(transport, accepted.fileno(), data) == data
        with pytest.raises(TransportError, match="is gone"):
            transport.transfer(b"", DEADLINE_S)


@pytest.mark.parametrize("url", ["socket://host", "socket://:4000", "socket://host:port", "socket://host:99999"])
def test_a_socket_url_needs_host_and_port(url: str) -> None:
    with pytest.raises(TransportError, match=r"is no socket://HOST:PORT"):
        make_serial(url, baud=115200).open()


def test_a_refused_connection_names_host_and_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(PortAbsent, match=f"cannot connect to 127.0.0.1 port {port}: Connection refused"):
        make_serial(f"socket://127.0.0.1:{port}", baud=115200).open()


def test_a_host_that_is_unknown_is_no_hardware() -> None:
    with pytest.raises(PortAbsent, match=r"cannot connect to nowhere\.invalid port 4000: "):
        make_serial("socket://nowhere.invalid:4000", baud=115200).open()


def test_any_other_url_goes_through_pyserial() -> None:
    data = random.Random(3).randbytes(2000)
    received = b""
    with make_serial("loop://", baud=4_000_000) as transport:
        assert transport.transfer(b"", 0.01).received == b""
        to_write = data
        while len(received) < len(data):
            done = transport.transfer(to_write, 0.1)
            to_write = to_write[done.written :]
            received += done.received
    assert received == data


def test_a_url_unknown_to_pyserial_is_an_error() -> None:
    with pytest.raises(TransportError, match="cannot open bogus://x"):
        make_serial("bogus://x", baud=115200).open()


def test_a_closed_port_moves_nothing(pty_pair: Pty) -> None:
    transport = SerialTransport(pty_pair.path, baud=115200)
    with pytest.raises(TransportError, match="is not open"):
        transport.transfer(b"x", 0.0)
    transport.open()
    transport.close()
    transport.close()
    with pytest.raises(TransportError, match="is not open"):
        transport.transfer(b"x", 0.0)


def test_a_board_on_a_port_is_not_power_cycled(pty_pair: Pty) -> None:
    transport = make_serial(pty_pair.path, baud=115200)
    assert not transport.can_power_cycle
    with pytest.raises(TransportError, match="cannot be power-cycled"):
        transport.power_cycle()
