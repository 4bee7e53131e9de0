"""A serial server that speaks RFC 2217, by pyserial's PortManager, with a payload or an echo behind its port."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import serial
from serial.rfc2217 import PortManager


class Server:
    """One client at a time. `port` has the settings and levels that the client asked for; no bytes go through it."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.port = serial.serial_for_url("loop://")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self._woken, self._wake = os.pipe()
        self._thread: threading.Thread | None = None
        self.url = f"rfc2217://127.0.0.1:{self._address[1]}"

    def start(self) -> None:
        if self._listener.fileno() < 0:
            self._listener = socket.create_server(self._address)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up, and be there no more until `start`."""
        if self._thread is not None:
            os.write(self._wake, b"x")
            self._thread.join()
            os.read(self._woken, 1)
            self._thread = None
        self._listener.close()

    def close(self) -> None:
        self.stop()
        self.port.close()
        os.close(self._woken)
        os.close(self._wake)

    def _serve(self) -> None:
        while self._woken not in select.select([self._listener.fileno(), self._woken], [], [])[0]:
            connection, _ = self._listener.accept()
            with connection, contextlib.suppress(ConnectionError):
                if not self._serve_one(connection):
                    return

    def _serve_one(self, connection: socket.socket) -> bool:
        """False when it is time to stop."""
        manager: Any = PortManager
        manager = manager(self.port, _Connection(connection))  # its type stub wants more than it uses
        while True:
            ready, _, _ = select.select([connection.fileno(), self.line.fileno(), self._woken], [], [])
            if self._woken in ready:
                return False
            if self.line.fileno() in ready:
                connection.sendall(b"".join(manager.escape(self.line.recv(4096))))
            if connection.fileno() in ready:
                data = connection.recv(4096)
                if not data:
                    return True
                self.line.sendall(b"".join(manager.filter(data)))


class _Connection:
    """What PortManager answers through."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


@contextmanager
def rfc2217_server(line: socket.socket) -> Iterator[Server]:
    """Yield a server, started, that passes bytes to and from `line`."""
    server = Server(line)
    server.start()
    try:
        yield server
    finally:
        server.close()
