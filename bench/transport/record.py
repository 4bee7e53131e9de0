"""A transport around another that records what moves."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from bench.clock import Clock
from bench.errors import TransportError
from bench.transport.base import Transfer, Transport
from bench.transport.chunk import Chunk, LinkTail, Way


class LinkSink(Protocol):
    """Where recorded chunks go."""

    def write(self, chunk: Chunk) -> None: ...

    def flush(self) -> None:
        """The line is idle."""


class RecordingTransport:
    """Does what `inner` does, hands every byte to `sink`, if there is one, and keeps the last of them in `tail`.

    A sink may be set or taken away at any time: a board outlives a run. What a sink raises ends the run that it is for.
    """

    def __init__(self, inner: Transport, *, clock: Clock, sink: LinkSink | None = None) -> None:
        self.inner = inner
        self.sink = sink
        self.tail = LinkTail()
        self._clock = clock

    @property
    def can_power_cycle(self) -> bool:
        return self.inner.can_power_cycle

    @property
    def line_bytes_per_s(self) -> float | None:
        return self.inner.line_bytes_per_s

    def open(self) -> None:
        self.inner.open()

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        try:
            transfer = self.inner.transfer(data, timeout_s)
        except TransportError as error:
            self._keep(self._clock.now(), Way.NOTE, error.message.encode())
            raise
        if not transfer.written and not transfer.received:
            if self.sink is not None:
                self.sink.flush()
            return transfer
        now = self._clock.now()
        if transfer.written:
            self._keep(now, Way.TO_PAYLOAD, data[: transfer.written])
        if transfer.received:
            self._keep(now, Way.FROM_PAYLOAD, transfer.received)
        return transfer

    def _keep(self, now: float, way: Way, data: bytes) -> None:
        chunk = Chunk(now, way, data)
        self.tail.add(chunk)
        if self.sink is not None:
            self.sink.write(chunk)

    def power_cycle(self) -> None:
        self._keep(self._clock.now(), Way.NOTE, b"power off and on")
        self.inner.power_cycle()

    def describe(self) -> list[str]:
        return self.inner.describe()

    def close(self) -> None:
        self.inner.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
