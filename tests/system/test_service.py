"""The payload's services, asked packet by packet: reports in their order, and what is refused."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.transport import make_process
from firmware_if.messages import (
    Accepted,
    Completed,
    ConfigureStream,
    CreateModel,
    FailureCode,
    Mode,
    NotAccepted,
    Predict,
    Predictions,
    SampleReport,
    Samples,
)
from tools.caller import Caller

ROW = struct.pack(">Ihf", 0, 1, 0.5)
AROW = CreateModel("arow", "orbitai-1d", "flight", (0,), 0, ())


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
