"""The bench's end of the line as a check wants it: any bytes out, every frame in, and a deadline on every wait."""

from __future__ import annotations

from collections import deque

from bench.clock import Clock
from bench.conform.check import Violation
from bench.transport import Transport
from firmware_if.framing import Console, Corrupt, Deframer, Frame

_MOST_FRAMES = 20_000
"""Not looked at yet; a window of telemetry is a few dozen."""
_LAST_BYTES = 256
_KEPT = 20
"""Corrupt runs and console texts that are kept to be shown."""


class Wire:
    """Frames over a transport, below `firmware_if.Connection`: nothing is acknowledged or sent again by itself."""

    def __init__(self, transport: Transport, *, clock: Clock) -> None:
        self.transport = transport
        self.clock = clock
        self.deadline = float("inf")
        """When the running check must be over, on the clock."""
        self.corrupt: deque[Corrupt] = deque(maxlen=_KEPT)
        self.corrupt_count = 0
        self.console: deque[str] = deque(maxlen=_KEPT)
        self.received_bytes = 0
        self.last: deque[int] = deque(maxlen=_LAST_BYTES)
        """The end of all that came."""
        self.raw: bytearray | None = None
        """What came, byte by byte, while a check wants to see it."""
        self._deframer = Deframer()
        self._frames: deque[Frame] = deque()

    def write(self, data: bytes) -> None:
        """Write all of it, while what comes is kept; raises Violation when it is not taken before the deadline."""
        while data:
            left_s = self.deadline - self.clock.now()
            if left_s <= 0:
                raise Violation("that the payload takes what is sent", f"{len(data)} bytes are left at the deadline")
            transfer = self.transport.transfer(data, min(left_s, 1.0))
            data = data[transfer.written :]
            self._take(transfer.received)

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame; None when the time is over, or the deadline of the check."""
        until = min(self.clock.now() + timeout_s, self.deadline)
        while not self._frames:
            left_s = until - self.clock.now()
            if left_s <= 0:
                return None
            self._take(self.transport.transfer(b"", left_s).received)
        return self._frames.popleft()

    def pause(self, seconds: float) -> None:
        """Let the payload look at what it has been sent; what comes meanwhile is kept."""
        self._take(self.transport.transfer(b"", seconds).received)

    def forget(self) -> None:
        """Drop what has come and was not looked at, and what there is of a frame."""
        self._frames.clear()
        self._deframer = Deframer()

    def _take(self, received: bytes) -> None:
        self.received_bytes += len(received)
        self.last.extend(received[-_LAST_BYTES:])
        if self.raw is not None:
            self.raw += received
        for item in self._deframer.feed(received):
            if isinstance(item, Frame):
                self._frames.append(item)
                if len(self._frames) > _MOST_FRAMES:
                    self._frames.clear()
                    raise Violation("that the payload only answers", f"a flood: {_MOST_FRAMES} frames nobody asked for")
            elif isinstance(item, Console):
                self.console.append(item.text)
            else:
                self.corrupt.append(item)
                self.corrupt_count += 1
