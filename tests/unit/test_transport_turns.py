"""Ports that only pyserial knows, above all a serial server by RFC 2217."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench.errors import TransportError
from bench.transport import LineCut, SerialTransport, Transport
from tests.system.rfc2217_server import Server, rfc2217_server

pytestmark = pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\) is:DeprecationWarning")  # pyserial's own

DEADLINE_S = 10.0


@dataclass(frozen=True)
class Far:
    """A server, and what is at the other end of its line."""

    server: Server
    end: socket.socket


@pytest.fixture
def far() -> Iterator[Far]:
    line, end = socket.socketpair()
    end.settimeout(DEADLINE_S)
    with line, end, rfc2217_server(line) as server:
        yield Far(server, end)


def receive(transport: Transport, count: int) -> bytes:
    received, until = b"", time.monotonic() + DEADLINE_S
    while len(received) < count and time.monotonic() < until:
        received += transport.transfer(b"", 0.1).received
    return received


def send(transport: Transport, data: bytes) -> bytes:
    """Send it all; what came meanwhile."""
    received = b""
    while data:
        done = transport.transfer(data, DEADLINE_S)
        data, received = data[done.written :], received + done.received
    return received


def test_every_byte_crosses_a_serial_server_both_ways(far: Far) -> None:
    data = bytes(range(256)) * 20 + b"\xff" * 100 + random.Random(4).randbytes(5_000)
    with SerialTransport(far.server.url, baud=115200) as transport:
        send(transport, data)
        arrived = b""
        while len(arrived) < len(data):
            arrived += far.end.recv(4096)
        assert arrived == data
        far.end.sendall(data)
        assert receive(transport, len(data)) == data


def test_the_rate_is_that_of_the_server_s_port(far: Far) -> None:
    with SerialTransport(far.server.url, baud=230_400) as transport:
        assert far.server.port.baudrate == 230_400
        assert transport.line_bytes_per_s == 23_040
        assert transport.describe() == [far.server.url, "230400 baud"]


@pytest.mark.parametrize("dtr", [None, False, True])
@pytest.mark.parametrize("rts", [None, False, True])
def test_modem_lines_have_the_wanted_levels(far: Far, dtr: bool | None, rts: bool | None) -> None:  # noqa: FBT001
    with SerialTransport(far.server.url, baud=115200, dtr=dtr, rts=rts):
        assert far.server.port.dtr is (dtr is not False), "raised where nothing is said, as drivers do"
        assert far.server.port.rts is (rts is not False)


def test_waiting_for_nothing_ends_at_the_timeout(far: Far) -> None:
    with SerialTransport(far.server.url, baud=115200) as transport:
        began = time.monotonic()
        assert transport.transfer(b"", 0.05).received == b""
        assert 0.05 <= time.monotonic() - began < DEADLINE_S


def test_a_server_that_goes_away_is_a_cut_and_is_found_when_it_is_back(far: Far) -> None:
    with SerialTransport(far.server.url, baud=115200, dtr=False, reconnect_s=1.0) as transport:
        far.server.stop()
        with pytest.raises(LineCut, match=r"rfc2217://127.0.0.1:\d+ is gone: ") as caught:
            receive(transport, 1)
        assert caught.value.line.reconnect_s == 1.0
        with pytest.raises(TransportError, match=r"cannot open rfc2217://.* refused"):
            caught.value.line.reopen(0.2)
        far.server.start()
        assert caught.value.line.reopen(DEADLINE_S) == far.server.url
        assert far.server.port.dtr is False
        far.end.sendall(b"here again")
        assert receive(transport, 10) == b"here again"


def test_a_server_that_does_not_answer_has_a_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"rfc2217://127.0.0.1:{listener.getsockname()[1]}?timeout=0.2"
        began = time.monotonic()
        with pytest.raises(TransportError, match=r"cannot open rfc2217://.*does not seem to support RFC2217") as caught:
            SerialTransport(url, baud=115200).open()
        assert time.monotonic() - began < DEADLINE_S
    assert "rfc2217://HOST:PORT" in caught.value.hint


def test_a_slow_port_is_written_in_pieces_that_fit_its_time() -> None:
    """Pyserial's loop:// takes as long as the line would, and gives up after a second."""
    with SerialTransport("loop://", baud=1200) as transport:
        data = bytes(range(100))
        received = send(transport, data)
        assert received + receive(transport, len(data) - len(received)) == data
