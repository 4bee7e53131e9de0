"""A payload asked packet by packet, without a session of the bench."""

from __future__ import annotations

import pytest

from bench.clock import MonotonicClock
from bench.transport import Transport
from firmware_if.connection import Connected, Connection, PacketReceived
from firmware_if.messages import Completed, Message, NotAccepted


class Caller:
    """Sends one telecommand after the other."""

    def __init__(self, line: Transport) -> None:
        self._line = line
        self._clock = MonotonicClock()
        self._connection = Connection(lambda: 7)
        self._connection.open(self._clock.now())
        self._await(Connected)

    def _await(self, *last: type) -> list[Message]:
        """What is said up to a message or event of one of these types."""
        seen: list[Message] = []
        outgoing = b""
        end = self._clock.now() + 20
        while self._clock.now() < end:
            outgoing += self._connection.bytes_to_send(self._clock.now())
            transfer = self._line.transfer(outgoing, 0.05)
            outgoing = outgoing[transfer.written :]
            self._connection.receive_data(transfer.received, self._clock.now())
            self._connection.handle_deadline(self._clock.now())
            while (event := self._connection.next_event()) is not None:
                if isinstance(event, PacketReceived):
                    seen.append(event.telemetry.message)
                if isinstance(event, last) or (seen and isinstance(seen[-1], last)):
                    return seen
        pytest.fail(f"20 s were not enough: {seen}")

    def tell(self, message: Message, most_bytes: int = 4096) -> None:
        """Send so much of a telecommand, and do not wait for what it causes."""
        self._connection.send(message)
        left = self._connection.bytes_to_send(self._clock.now())[:most_bytes]
        end = self._clock.now() + 20
        while left and self._clock.now() < end:
            left = left[self._line.transfer(left, 0.05).written :]

    def ask(self, message: Message) -> list[Message]:
        """Everything up to the report that ends the telecommand."""
        self._connection.send(message)
        return self._await(Completed, NotAccepted)
