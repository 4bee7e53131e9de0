"""A transport around another that records what moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from bench.clock import Clock
from bench.errors import TransportError
from bench.transport.around import TransportAround
from bench.transport.base import Transfer, Transport
from bench.transport.chunk import Chunk, LinkTail, Way

_SETTLE_BYTES: Final = 1 << 16
_SETTLE_S: Final = 0.25
"""What moved is handed on in portions: one by one would cost a tenth of the time of a round trip."""


class LinkSink(Protocol):
    """Where recorded chunks go."""

    def write(self, chunks: Sequence[Chunk]) -> None: ...


class RecordingTransport(TransportAround):
    """Does what `inner` does, hands every byte to `sink`, if there is one, and keeps the last of them in `tail`.

    A sink may be set or taken away at any time: a board outlives a run. It has what moved once the line is idle, and at
    the latest a quarter of a second or 64 KiB later. What a sink raises ends the run that it is for.
    """

    def __init__(self, inner: Transport, *, clock: Clock, sink: LinkSink | None = None) -> None:
        super().__init__(inner)
        self._sink = sink
        self._tail = LinkTail()
        self._clock = clock
        self._pending: list[Chunk] = []
        self._pending_bytes = 0
        self._settle_at = 0.0

    @property
    def tail(self) -> LinkTail:
        """The last that moved."""
        self._settle()
        return self._tail

    @property
    def sink(self) -> LinkSink | None:
        return self._sink

    @sink.setter
    def sink(self, sink: LinkSink | None) -> None:
        try:
            self._settle()
        finally:
            self._sink = sink

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        try:
            transfer = self.inner.transfer(data, timeout_s)
        except TransportError as error:
            self._note(error.message)
            raise
        written, received = transfer.written, transfer.received
        if not written and not received:
            self._settle()
            return transfer
        now = self._clock.now()
        if not self._pending:
            self._settle_at = now + _SETTLE_S
        if written:
            self._pending.append(Chunk(now, Way.TO_PAYLOAD, data[:written]))
        if received:
            self._pending.append(Chunk(now, Way.FROM_PAYLOAD, received))
        self._pending_bytes += written + len(received)
        if self._pending_bytes >= _SETTLE_BYTES or now >= self._settle_at:
            self._settle()
        return transfer

    def _note(self, text: str) -> None:
        self._pending.append(Chunk(self._clock.now(), Way.NOTE, text.encode()))
        self._settle()

    def _settle(self) -> None:
        """Hand on what moved."""
        if self._pending:
            chunks, self._pending, self._pending_bytes = self._pending, [], 0
            self._tail.extend(chunks)
            if self._sink is not None:
                self._sink.write(chunks)

    def power_cycle(self) -> None:
        self._note("power off and on")
        self.inner.power_cycle()

    def close(self) -> None:
        try:
            self._settle()
        finally:
            self.inner.close()
