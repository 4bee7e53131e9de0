"""Moving bytes through any port of pyserial's: it cannot wait for reading and writing at once, so they take turns."""

from __future__ import annotations

import socket
import time
from typing import Final

import serial

from bench.errors import TransportError
from bench.transport.base import Transfer

_TURN_S: Final = 0.002
"""How long one turn of reading waits."""
_TURN_BYTES: Final = 256
_WRITE_S: Final = 1.0
"""How long one turn of writing may take, where the kind of port has a limit at all."""
_BITS_PER_BYTE: Final = 10


class Turns:
    """`transfer` is that of a Transport. `dtr` and `rts` are set before the port is opened, where given."""

    def __init__(self, url: str, *, baud: int, dtr: bool | None, rts: bool | None) -> None:
        """Open `url`; raises TransportError. Within about 8 s where a server does not answer: pyserial's own limits."""
        try:
            self._port = serial.serial_for_url(url, do_not_open=True, baudrate=baud, timeout=_TURN_S)
            if not url.startswith("rfc2217:"):  # it refuses the setting: its writes have a limit of their own, of 5 s
                self._port.write_timeout = _WRITE_S
            if dtr is not None:
                self._port.dtr = dtr
            if rts is not None:
                self._port.rts = rts
            self._port.open()
        except (serial.SerialException, ValueError, OSError, NotImplementedError) as error:
            raise TransportError(
                f"cannot open {url}: {error}",
                hint="is it a URL that pyserial knows? For example rfc2217://HOST:PORT",
            ) from error
        # What a line of that rate carries in a few turns, so that a slow one is written in time.
        self._write_bytes = max(1, min(_TURN_BYTES, int(baud / _BITS_PER_BYTE * _WRITE_S / 4)))

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        """As `Transport.transfer`; raises EOFError when the port is gone."""
        until = time.monotonic() + timeout_s
        try:
            written = self._port.write(data[: self._write_bytes]) or 0 if data else 0
            while True:
                # A read waits for its first byte, for one turn. The port's timeout is never changed: through
                # RFC 2217 that would negotiate all settings anew.
                waiting = self._port.in_waiting
                received = self._port.read(waiting) if waiting or written else self._port.read(1)
                if written or received or time.monotonic() >= until:
                    return Transfer(written, received)
        except serial.SerialTimeoutException as error:
            most = len(data[: self._write_bytes])
            raise EOFError(f"it did not take {most} bytes within {_WRITE_S:g} s, and does not say how many") from error
        except (serial.SerialException, OSError) as error:
            raise EOFError(str(error)) from error

    def close(self) -> None:
        # Where the other end of a socket is gone, pyserial forgets it without closing it.
        forgotten = getattr(self._port, "_socket", None)
        self._port.close()
        if isinstance(forgotten, socket.socket):
            forgotten.close()
