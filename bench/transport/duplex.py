"""Reading and writing non-blocking descriptors without ever waiting for both at once."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from bench.transport.base import Transfer

READ_BYTES = 1 << 18
"""Per read: more than a unix socket or tty holds, so that one read empties it."""
_ENDED = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Duplex:
    """Moves bytes over `descriptor`, which must be non-blocking and for which a read of b"" means the end.

    `into` is where to write, if that is another one. `watch` names one more; `on_watch` is called when that can be
    read, and returns whether to go on watching.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        into: int | None = None,
        watch: int | None = None,
        on_watch: Callable[[], bool] | None = None,
    ) -> None:
        self._descriptor = descriptor
        self._into = descriptor if into is None else into
        self._watch = watch
        self._on_watch = on_watch
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._writing = False
        self._refused: OSError | None = None
        if watch is not None:
            self._poll.register(watch, select.POLLIN)

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        """As `Transport.transfer`; raises EOFError when the other end is gone and all it sent was read."""
        until = time.monotonic() + timeout_s
        is_late = False
        while True:
            written = self._write(data) if data else 0
            received = self._read()
            if written or received:
                return Transfer(written, received)
            if self._refused is not None:  # and nothing more comes: waiting would never end
                raise EOFError(self._refused.strerror)
            left_s = until - time.monotonic()
            if is_late or (not self._wait(writing=bool(data), timeout_s=max(left_s, 0.0)) and left_s <= 0):
                return Transfer(0, b"")
            is_late = left_s <= 0  # what poll calls usable is tried once more, and no longer

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._into, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._refused = error  # the other end is gone: reads return what it still sent, then the end
            return 0

    def _read(self) -> bytes:
        try:
            received = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise EOFError(error.strerror) from error
        if not received:
            raise EOFError("end of stream")
        return received

    def _wait(self, *, writing: bool, timeout_s: float) -> bool:
        """Whether the descriptor can be used, or has ended."""
        if writing != self._writing:
            reading = select.POLLIN if self._into == self._descriptor else 0
            if writing or reading:
                self._poll.register(self._into, reading | (select.POLLOUT if writing else 0))
            else:
                self._poll.unregister(self._into)
            self._writing = writing
        usable = False
        # Rounded up to whole milliseconds: rounded down, the last one would be spent in a busy loop.
        for descriptor, _ in self._poll.poll(-(-timeout_s * 1000 // 1)):
            if descriptor in (self._descriptor, self._into):
                usable = True
            elif self._watch is not None and not (self._on_watch and self._on_watch()):
                self._poll.unregister(self._watch)
                self._watch = None
        return usable
