"""The payload's services, asked packet by packet: reports in their order, and what is refused."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.transport import ProcessTransport, make_process
from firmware_if.connection import Connected, Connection, PacketReceived
from firmware_if.messages import (
    Accepted,
    Completed,
    ConfigureStream,
    CreateModel,
    FailureCode,
    Message,
    Mode,
    NotAccepted,
    Predict,
    Predictions,
    SampleReport,
    Samples,
)

ROW = struct.pack(">Ihf", 0, 1, 0.5)
AROW = CreateModel("arow", "orbitai-1d", "flight", (0,), 0, ())


class Caller:
    """Sends one telecommand after the other."""

    def __init__(self, line: ProcessTransport) -> None:
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

    def ask(self, message: Message) -> list[Message]:
        """Everything up to the report that ends the telecommand."""
        self._connection.send(message)
        return self._await(Completed, NotAccepted)


@pytest.fixture
def caller(sanitized_payload: Path) -> Iterator[Caller]:
    with make_process(sanitized_payload) as line:
        caller = Caller(line)
        caller.ask(ConfigureStream(1, 0, (-1, 1), Mode.STREAM))
        assert isinstance(caller.ask(AROW)[-1], Completed)
        yield caller


def test_every_telecommand_that_asks_is_accepted_before_it_is_answered(caller: Caller) -> None:
    predicted = caller.ask(Predict(0, struct.pack(">f", 0.5)))
    assert [type(message) for message in predicted] == [Accepted, Predictions, Completed]
    streamed = [m for m in caller.ask(Samples(0, ROW)) if not isinstance(m, SampleReport)]
    assert [type(message) for message in streamed] == [Accepted, Completed]


def test_a_refused_telecommand_is_not_accepted(caller: Caller) -> None:
    (refusal,) = caller.ask(Samples(5, ROW))
    assert isinstance(refusal, NotAccepted)
    assert (refusal.code, refusal.number) == (FailureCode.ROW_GAP, 0)


def test_a_stream_with_models_may_only_move_its_next_row(caller: Caller) -> None:
    (refusal,) = caller.ask(ConfigureStream(1, 0, (1, -1), Mode.STREAM))
    assert isinstance(refusal, NotAccepted)
    assert refusal.code == FailureCode.CLASSES
    (refusal,) = caller.ask(ConfigureStream(2, 0, (-1, 1), Mode.STREAM))
    assert isinstance(refusal, NotAccepted)
    assert refusal.code == FailureCode.CHANNELS
    assert isinstance(caller.ask(ConfigureStream(1, 10, (-1, 1), Mode.STREAM))[-1], Completed)
    assert isinstance(caller.ask(Samples(10, ROW))[-1], Completed)
