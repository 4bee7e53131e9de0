"""A payload asked telecommand by telecommand, without a session of the bench: for tests, benchmarks and tools."""

from __future__ import annotations

from typing import Final

from bench.clock import Clock, MonotonicClock
from bench.transport import Transport
from firmware_if.connection import Connection
from firmware_if.events import Connected, PacketReceived
from firmware_if.messages import Completed, Message, NotAccepted, NotCompleted

DEADLINE_S: Final = 20.0
_PUMP_S: Final = 0.05


class NoAnswerError(Exception):
    """What was waited for did not come."""


class Caller:
    """Sends one telecommand after the other; raises NoAnswerError where an answer takes longer than `deadline_s`."""

    def __init__(self, line: Transport, *, clock: Clock | None = None, deadline_s: float = DEADLINE_S) -> None:
        self._line = line
        self._clock = clock or MonotonicClock()
        self._deadline_s = deadline_s
        self._outgoing = b""
        self._connection = Connection(lambda: 7)
        self._connection.open(self._clock.now())
        self._await(Connected)

    def pump(self, timeout_s: float, *last: type) -> tuple[list[Message], bool]:
        """Move bytes once: what came, and whether it ended with a message or an event of one of the types `last`."""
        heard: list[Message] = []
        self._outgoing += self._connection.bytes_to_send(self._clock.now())
        transfer = self._line.transfer(self._outgoing, timeout_s)
        self._outgoing = self._outgoing[transfer.written :]
        self._connection.receive_data(transfer.received, self._clock.now())
        self._connection.handle_deadline(self._clock.now())
        while (event := self._connection.next_event()) is not None:
            if isinstance(event, PacketReceived):
                heard.append(event.telemetry.message)
            if isinstance(event, last) or (heard and isinstance(heard[-1], last)):
                return heard, True
        return heard, False

    def _await(self, *last: type) -> list[Message]:
        seen: list[Message] = []
        end = self._clock.now() + self._deadline_s
        while self._clock.now() < end:
            heard, found = self.pump(_PUMP_S, *last)
            seen += heard
            if found:
                return seen
        raise NoAnswerError(f"{self._deadline_s:g} s were not enough: {seen}")

    def tell(self, message: Message, most_bytes: int = 4096) -> None:
        """Send so much of a telecommand, and do not wait for what it causes."""
        self._connection.send(message)
        left = self._connection.bytes_to_send(self._clock.now())[:most_bytes]
        end = self._clock.now() + self._deadline_s
        while left and self._clock.now() < end:
            left = left[self._line.transfer(left, _PUMP_S).written :]

    def queue(self, message: Message) -> None:
        """Have a telecommand sent by the next calls of `pump`."""
        self._connection.send(message, acknowledge=False)

    def ask(self, message: Message) -> list[Message]:
        """Everything up to the report that ends the telecommand."""
        self._connection.send(message)
        return self._await(Completed, NotAccepted, NotCompleted)
