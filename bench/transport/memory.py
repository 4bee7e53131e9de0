"""Two ends joined by memory, without a process, a clock or a descriptor: the double that the tests use."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from bench.errors import TransportError
from bench.transport.base import Transfer


class MemoryTransport:
    """One of two ends. What one writes the other receives, at most `capacity` bytes being under way each way.

    Waiting never blocks: where a real transport would, `on_wait(timeout_s)` is called once (advance a manual clock
    there, let the other end answer), then the transfer is tried again.
    """

    line_bytes_per_s: float | None = None

    def __init__(
        self,
        *,
        capacity: int,
        on_wait: Callable[[float], None] | None = None,
        on_power_cycle: Callable[[], None] | None = None,
    ) -> None:
        self.capacity = capacity
        self.on_wait = on_wait
        self.on_power_cycle = on_power_cycle
        self.incoming = bytearray()
        self.closed = False
        self._other: MemoryTransport = self

    def join(self, other: MemoryTransport) -> None:
        """Make `other` the end that this one talks to, and the reverse."""
        self._other, other._other = other, self

    @property
    def can_power_cycle(self) -> bool:
        return self.on_power_cycle is not None

    def open(self) -> None:
        self.closed = False

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        done = self._exchange(data)
        if done == Transfer(0, b"") and timeout_s > 0 and self.on_wait is not None:
            self.on_wait(timeout_s)
            done = self._exchange(data)
        return done

    def _exchange(self, data: bytes) -> Transfer:
        if self.closed:
            raise TransportError("this end is closed", hint="open the transport first")
        received = bytes(self.incoming)
        self.incoming.clear()
        if self._other.closed:
            if not received:
                raise TransportError("the other end is closed")
            return Transfer(0, received)
        room = self._other.capacity - len(self._other.incoming)
        written = min(len(data), room)
        self._other.incoming += data[:written]
        return Transfer(written, received)

    def power_cycle(self) -> None:
        if self.on_power_cycle is None:
            raise TransportError("nothing here can be power-cycled", hint="give the transport on_power_cycle")
        self.on_power_cycle()

    def describe(self) -> list[str]:
        return ["memory"]

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def make_memory_pair(*, capacity: int = 1 << 16) -> tuple[MemoryTransport, MemoryTransport]:
    """Two joined ends."""
    one, other = MemoryTransport(capacity=capacity), MemoryTransport(capacity=capacity)
    one.join(other)
    return one, other
