"""A payload behind a serial port: a device, a TCP socket (`socket://host:port`), or any other pyserial URL.

pyserial opens and configures; bytes move through the descriptor itself, as pyserial's own reads are slow on devices
and unusable on sockets (in_waiting on socket:// is 2200 times slower than a read).
"""

from __future__ import annotations

import socket
import termios
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import serial

from bench.errors import TransportError
from bench.transport.base import Transfer
from bench.transport.duplex import Duplex
from bench.transport.ports import explain, holders, in_use, is_hardware

BITS_PER_BYTE = 10
"""8N1: a start bit, eight of data, a stop bit."""
_SLICE_S = 0.002
"""Through a pyserial URL, reading and writing take turns of this length: it has no way to wait for both."""
_SLICE_BYTES = 256


class SerialTransport:
    """`url` at `baud`, 8N1, no flow control, for nobody else while it is open."""

    can_power_cycle = False

    def __init__(self, url: str, *, baud: int, connect_s: float = 5.0) -> None:
        """`connect_s` is how long a TCP connection may take."""
        self._url = url
        self._baud = baud
        self._connect_s = connect_s
        self._port: serial.Serial | socket.socket | None = None
        self._duplex: Duplex | None = None

    @property
    def line_bytes_per_s(self) -> float | None:
        return None if self._url.startswith("socket://") else self._baud / BITS_PER_BYTE

    def open(self) -> None:
        if self._port is not None:
            return
        if self._url.startswith("socket://"):
            self._port = connection = self._open_socket()
            self._duplex = Duplex(connection.fileno())
        elif "://" in self._url:
            self._port = self._open_pyserial()
        else:
            self._port = device = self._open_device()
            self._duplex = Duplex(device.fileno())

    def _open_socket(self) -> socket.socket:
        try:
            parts = urlsplit(self._url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or not port:
            raise TransportError(f"{self._url} is no socket://HOST:PORT", hint="for example socket://localhost:4000")
        try:
            connection = socket.create_connection((host, port), timeout=self._connect_s)
        except OSError as error:
            raise TransportError(
                f"cannot connect to {host} port {port}: {error.strerror or error}",
                hint="is the serial server running, and on this port?",
            ) from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(0.0)
        return connection

    def _open_pyserial(self) -> serial.Serial:
        try:
            return serial.serial_for_url(self._url, baudrate=self._baud, timeout=_SLICE_S, write_timeout=1.0)
        except (serial.SerialException, ValueError, OSError) as error:
            raise TransportError(
                f"cannot open {self._url}: {error}",
                hint="is it a URL that pyserial knows? For example rfc2217://HOST:PORT",
            ) from error

    def _open_device(self) -> serial.Serial:
        # A terminal program that takes no lock would get half the bytes. A pty may well be held by who made it.
        if is_hardware(self._url) and holders(self._url):
            raise in_use(self._url)
        try:
            device = serial.Serial(self._url, baudrate=self._baud, exclusive=True)
        except (ValueError, OverflowError) as error:
            raise TransportError(
                f"{self._url} cannot run at {self._baud} baud", hint="choose another --baud"
            ) from error
        except (OSError, termios.error) as error:  # SerialException is an OSError
            cause = error if isinstance(error, OSError) else OSError(*error.args)
            raise explain(self._url, cause) from error
        # pyserial's VMIN of 0 makes a read of nothing look like the end of the port.
        settings = termios.tcgetattr(device.fileno())
        settings[6][termios.VMIN] = 1
        termios.tcsetattr(device.fileno(), termios.TCSANOW, settings)
        return device

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        if self._port is None:
            raise TransportError(f"{self._url} is not open", hint="open the transport first")
        try:
            if self._duplex is not None:
                return self._duplex.transfer(data, timeout_s)
            return self._take_turns(data, timeout_s)
        except (EOFError, serial.SerialException) as error:
            raise TransportError(
                f"{self._url} is gone: {error}", hint="was it unplugged, or did the board or its adapter reset?"
            ) from error

    def _take_turns(self, data: bytes, timeout_s: float) -> Transfer:
        port = self._port
        assert not isinstance(port, socket.socket | None)  # noqa: S101 - the other kinds have a Duplex
        until = time.monotonic() + timeout_s
        written = 0
        if data:
            port.write_timeout = max(timeout_s, _SLICE_S)
            written = port.write(data[:_SLICE_BYTES]) or 0
        while True:
            left_s = until - time.monotonic()
            port.timeout = 0.0 if written else max(min(left_s, _SLICE_S), 0.0)
            received = port.read(max(1, port.in_waiting))
            if written or received or left_s <= 0:
                return Transfer(written, received)

    def power_cycle(self) -> None:
        raise TransportError(
            f"the board on {self._url} cannot be power-cycled by the bench", hint="switch it off and on by hand"
        )

    def describe(self) -> list[str]:
        return [self._url] if self.line_bytes_per_s is None else [self._url, f"{self._baud} baud"]

    def close(self) -> None:
        port, self._port, self._duplex = self._port, None, None
        if port is not None:
            port.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def make_serial(url: str, *, baud: int) -> SerialTransport:
    """The board on `url`: a device path, socket://HOST:PORT, or any other pyserial URL."""
    return SerialTransport(url, baud=baud)
