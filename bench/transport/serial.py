"""A payload behind a serial port.

That is a device, a USB device by what it is (`usb:VID:PID:SERIAL`), a TCP socket (`socket://HOST:PORT`), or any other
pyserial URL. Devices and sockets move bytes through their descriptor: pyserial's own reads are slow on devices and
unusable on sockets (in_waiting on socket:// is 2200 times slower than a read).
"""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

from bench.errors import PortAbsent, TransportError
from bench.transport.base import LineCut, Transfer
from bench.transport.duplex import Duplex
from bench.transport.ports import ROOT
from bench.transport.tty import no_modem_lines, open_tty
from bench.transport.usb import find_device

BITS_PER_BYTE = 10
"""8N1: a start bit, eight of data, a stop bit."""
_LOOK_AGAIN_S: Final = 0.1
"""Between two looks for a line that was cut. There is nothing to wait on: a device may come back under another name,
a socket at no time that is told. A hundredth of the time that USB takes to enumerate is no use to anybody."""
_CONNECT_AGAIN_S: Final = 1.0
"""For a TCP connection that is tried again, so that a wish to stop is heard meanwhile."""

_NOBODY: Final = (ConnectionRefusedError, TimeoutError, socket.gaierror)
"""No such host, or nothing at that port of it: as a device that is not plugged in."""


class _Line(Protocol):
    def transfer(self, data: bytes, timeout_s: float) -> Transfer: ...
    def close(self) -> None: ...


class SerialTransport:
    """`url` at `baud`, 8N1, no flow control, for nobody else while it is open."""

    can_power_cycle = False

    def __init__(
        self,
        url: str,
        *,
        baud: int,
        dtr: bool | None = None,
        rts: bool | None = None,
        reconnect_s: float = 0.0,
        connect_s: float = 5.0,
        root: Path = ROOT,
    ) -> None:
        """`dtr` and `rts` are levels while it is open, None as the driver sets them; `connect_s` is for TCP.

        `root` is where dev/ and sys/ are, for usb: names.
        """
        self._url = url
        self._baud = baud
        self._dtr = dtr
        self._rts = rts
        self._reconnect_s = reconnect_s
        self._connect_s = connect_s
        self._root = root
        self._line: _Line | None = None
        self._place = url
        self._cut = ""

    @property
    def line_bytes_per_s(self) -> float | None:
        return None if self._url.startswith("socket://") else self._baud / BITS_PER_BYTE

    @property
    def reconnect_s(self) -> float:
        return self._reconnect_s

    @property
    def _levels(self) -> list[tuple[str, bool | None]]:
        return [("dtr", self._dtr), ("rts", self._rts)]

    def open(self) -> None:
        if self._line is None:
            self._line = self._open_line(connect_s=self._connect_s, flush=True)
            self._cut = ""

    def _open_line(self, *, connect_s: float, flush: bool) -> _Line:
        if self._url.startswith("socket://"):
            if (self._dtr, self._rts) != (None, None):
                raise no_modem_lines(self._url)
            return _SocketLine(self._url, connect_s=connect_s)
        if "://" in self._url:
            from bench.transport.turns import Turns  # noqa: PLC0415 - pyserial is needed by these URLs alone

            return Turns(self._url, baud=self._baud, dtr=self._dtr, rts=self._rts)
        path = find_device(self._url, self._root)
        descriptor = open_tty(path, baud=self._baud, dtr=self._dtr, rts=self._rts, flush=flush, root=self._root)
        line = _DeviceLine(descriptor)
        self._place = self._url if self._url == os.path.realpath(path) else f"{self._url} = {os.path.realpath(path)}"
        return line

    def reopen(self, timeout_s: float) -> str:
        """As `CutLine.reopen`. What arrived in the port since it came back is kept."""
        until = time.monotonic() + timeout_s
        self._drop()
        while True:
            try:
                self._line = self._open_line(connect_s=min(self._connect_s, _CONNECT_AGAIN_S), flush=False)
            except TransportError:
                # Whatever it says, it may be passing: no device, or no rights yet, or probed by another program.
                if (left_s := until - time.monotonic()) <= 0:
                    raise
                time.sleep(min(_LOOK_AGAIN_S, left_s))
            else:
                self._cut = ""
                return self._place

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        if self._line is None:
            if self._cut:
                raise self._gone(self._cut)
            raise TransportError(f"{self._url} is not open", hint="open the transport first")
        try:
            return self._line.transfer(data, timeout_s)
        except EOFError as error:
            self._drop()  # the number of a device is free for its return
            self._cut = str(error)
            raise self._gone(self._cut) from error

    def _gone(self, why: str) -> LineCut:
        hint = "was it unplugged, or did the board or its adapter reset?"
        return LineCut(f"{self._place} is gone: {why}", line=self, hint=hint)

    def power_cycle(self) -> None:
        raise TransportError(
            f"the board on {self._url} cannot be power-cycled by the bench", hint="switch it off and on by hand"
        )

    def describe(self) -> list[str]:
        levels = [f"{name} {'on' if level else 'off'}" for name, level in self._levels if level is not None]
        return [self._url] if self.line_bytes_per_s is None else [self._url, f"{self._baud} baud", *levels]

    def close(self) -> None:
        self._cut = ""
        self._drop()

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _DeviceLine:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.transfer = Duplex(descriptor).transfer

    def close(self) -> None:
        os.close(self._descriptor)


class _SocketLine:
    def __init__(self, url: str, *, connect_s: float) -> None:
        self._socket = _connect(url, connect_s)
        self.transfer = Duplex(self._socket.fileno()).transfer

    def close(self) -> None:
        self._socket.close()


def _connect(url: str, connect_s: float) -> socket.socket:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise TransportError(f"{url} is no socket://HOST:PORT", hint="for example socket://localhost:4000")
    try:
        connection = socket.create_connection((host, port), timeout=connect_s)
    except OSError as error:
        nobody = isinstance(error, _NOBODY) or error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH}
        raise (PortAbsent if nobody else TransportError)(
            f"cannot connect to {host} port {port}: {error.strerror or error}",
            hint="is the serial server running, and on this port?",
        ) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(0.0)
    return connection


def make_serial(
    url: str, *, baud: int, dtr: bool | None = None, rts: bool | None = None, reconnect_s: float = 0.0
) -> SerialTransport:
    """The board on `url`: a device path, usb:VID:PID:SERIAL, socket://HOST:PORT, or any other pyserial URL."""
    return SerialTransport(url, baud=baud, dtr=dtr, rts=rts, reconnect_s=reconnect_s)
