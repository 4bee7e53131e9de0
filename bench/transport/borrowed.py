"""A tty for a while: to be looked at, at one rate after the other, and left as it was found."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bench.transport.base import Transfer
from bench.transport.duplex import Duplex
from bench.transport.tty import claim_tty, read_settings, set_levels, set_rate, write_settings


class BorrowedTty:
    """Moves bytes as a transport does, but raises EOFError at the end."""

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self._path = path
        self._duplex = Duplex(descriptor)

    def set_rate(self, baud: int) -> None:
        """Go on at another rate, without what is still under way. Raises TransportError where the driver cannot."""
        set_rate(self._descriptor, self._path, baud)
        termios.tcflush(self._descriptor, termios.TCIOFLUSH)

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        """As `Transport.transfer`."""
        return self._duplex.transfer(data, timeout_s)


@contextmanager
def borrow_tty(path: str, *, baud: int, dtr: bool | None = None, rts: bool | None = None) -> Iterator[BorrowedTty]:
    """Open it as `open_tty` does; its settings are put back at the end."""
    descriptor = claim_tty(path)
    try:
        settings = read_settings(descriptor)
        try:
            tty = BorrowedTty(descriptor, path)
            set_levels(descriptor, path, dtr=dtr, rts=rts)
            tty.set_rate(baud)
            yield tty
        finally:
            with suppress(OSError):  # it may be gone
                write_settings(descriptor, settings)
    finally:
        os.close(descriptor)
