"""Every failure code of the contract, provoked on each payload, which answers and trains on afterwards."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from bench.clock import MonotonicClock
from bench.session import Recorder
from bench.session.decode import sample_results
from bench.session.dialogue import Dialogue
from bench.trace import EventReported
from bench.transport import make_process
from firmware_if import messages as wire
from firmware_if.messages import FailureCode, Message, RowStatus
from firmware_if.packets import crc16
from tests.system.emulated import QEMU_TARGETS, dialogue_with

AROW = wire.CreateModel("arow", "identity", "flight", (0, 1), 0, ())
CONFIGURE = wire.ConfigureStream(2, 0, (-1, 1), wire.Mode.STREAM)
BATCH = replace(CONFIGURE, mode=wire.Mode.BATCH)
LOGISTIC = replace(AROW, learner="logistic", arithmetic="f32")
NAN = math.nan
WILD = struct.pack("<f", 1e30)
"""A weight beyond any bound."""


@dataclass(frozen=True)
class Unknown(wire.List):
    """A telecommand of a service that nobody has."""

    SERVICE: ClassVar[int] = 200


def samples(first_row: int, *values: float, label: int = 1) -> wire.Samples:
    """One row."""
    return wire.Samples(first_row, struct.pack(">Ih2f", 0, label, *values))


def predict(*values: float) -> wire.Predict:
    return wire.Predict(0, struct.pack(">2f", *values))


def parameter(name: str, value: float) -> wire.CreateModel:
    return replace(AROW, hyperparameters=(wire.Hyperparameter(name, value),))


READY = (CONFIGURE, AROW)
STREAMING = (*READY, samples(0, 0.5, 0.25))
PROVOKED: dict[FailureCode, tuple[tuple[Message, ...], Message, int | None]] = {
    # What comes before, the telecommand that is refused, and the number in the refusal (None = any).
    FailureCode.UNKNOWN_SERVICE: ((), Unknown(), 200 << 8 | 1),
    FailureCode.MALFORMED: ((), wire.RequestHousekeeping(2, 1), None),
    FailureCode.UNKNOWN_LEARNER: ((CONFIGURE,), replace(AROW, learner="arrow"), None),
    FailureCode.UNKNOWN_FEATURES: ((CONFIGURE,), replace(AROW, features="fourier"), None),
    FailureCode.UNKNOWN_PARAMETER: ((CONFIGURE,), parameter("q", 1.0), 0),
    FailureCode.PARAMETER_RANGE: ((CONFIGURE,), parameter("r", -1.0), 0),
    FailureCode.CHANNELS: ((CONFIGURE,), replace(AROW, channels=(0, 2)), None),
    FailureCode.ARENA_FULL: ((CONFIGURE, *[AROW] * 3), replace(AROW, channels=(0, 1) * 60), None),
    FailureCode.BANK_FULL: ((CONFIGURE, *[AROW] * wire.MAX_MODELS), AROW, None),
    FailureCode.NOT_CONFIGURED: ((), samples(0, 0.5, 0.5), 0),
    FailureCode.ROW_GAP: (READY, samples(1, 0.5, 0.5), 0),
    FailureCode.ROW_REPEAT: (STREAMING, samples(0, 0.5, 0.5), 1),
    FailureCode.UNKNOWN_MODEL: (READY, wire.DumpMemory(1, 1, 0, 8), 1),
    FailureCode.MEMORY_RANGE: (READY, wire.DumpMemory(0, 1, 0, 1000), 32),
    FailureCode.CHECKSUM: (READY, wire.LoadMemory(0, 1, 0, bytes(8), crc16(bytes(8)) ^ 1), crc16(bytes(8))),
    FailureCode.CLASSES: ((), replace(CONFIGURE, classes=(1, 1)), 2),
    FailureCode.NOT_FINITE: (READY, predict(0.5, NAN), 0),
    FailureCode.MODE: ((CONFIGURE,), LOGISTIC, wire.Mode.STREAM),
    FailureCode.DATA_FULL: ((BATCH, LOGISTIC), wire.OpenDataSet(wire.MAX_ROWS + 1), wire.MAX_ROWS),
    FailureCode.NO_DATA: ((BATCH, LOGISTIC, wire.OpenDataSet(4)), wire.TrainEpoch(0, 0), 4),
    FailureCode.BIAS: ((CONFIGURE,), replace(AROW, bias=1), None),
    FailureCode.ANSWER_SIZE: (
        (replace(BATCH, classes=tuple(range(16)), mode=wire.Mode.SCORE), *[LOGISTIC] * 8),
        predict(0.5, 0.5),
        1028,
    ),
    FailureCode.STREAM_ACTIVE: (STREAMING, AROW, 1),
    FailureCode.PROTECTION: (READY, wire.ProtectModel(0, 4, 0, 0, 0, wire.FaultAction.STOP), 4),
    FailureCode.STORAGE: (READY, wire.ProtectBank(10, 0), 0),
    FailureCode.TRAINING_STOPPED: (
        (
            *(BATCH, LOGISTIC, wire.ProtectModel(0, 1, 0, 1, 1.0, wire.FaultAction.STOP), wire.OpenDataSet(4)),
            *(samples(0, 0.5, 0.25), wire.LoadMemory(0, 1, 0, WILD, crc16(WILD)), wire.TrainEpoch(0, 0)),
        ),
        wire.TrainEpoch(0, 1),
        0,
    ),
}
"""The payload for ARENA_FULL is one with a small arena, and that for STORAGE was started without any."""
NATIVE_ONLY = {FailureCode.ARENA_FULL, FailureCode.STORAGE}


def talk_to(elf: Path) -> Iterator[Dialogue]:
    with make_process(elf) as transport:
        dialogue = Dialogue(transport, clock=MonotonicClock(), recorder=Recorder(MonotonicClock()), target_name="host")
        dialogue.connect(5.0, starting=True)
        yield dialogue


@pytest.fixture
def dialogue(sanitized_payload: Path) -> Iterator[Dialogue]:
    """Give a connection to the native payload under the sanitizers."""
    yield from talk_to(sanitized_payload)


@pytest.fixture
def tiny_dialogue(tiny_payload: Path) -> Iterator[Dialogue]:
    """Give a connection to a payload with an arena of 1 KiB."""
    yield from talk_to(tiny_payload)


def check_usable(dialogue: Dialogue) -> None:
    """It is alive, can be reset, and trains."""
    assert dialogue.demand(wire.AreYouAlive()) == [wire.Alive()]
    dialogue.demand(wire.ResetBank())
    dialogue.demand(CONFIGURE)
    [created] = dialogue.demand(AROW)
    assert isinstance(created, wire.ModelCreated)
    assert statuses(dialogue, samples(0, 0.5, 0.25)) == [RowStatus.TRAINED]


def statuses(dialogue: Dialogue, *rows: wire.Samples) -> list[int]:
    """Send rows as a run does; what became of each."""
    for row in rows:
        dialogue.send(row, acknowledge=False)
    found: list[int] = []
    end = dialogue.clock.now() + 10.0
    while len(found) < len(rows) and dialogue.clock.now() < end:
        for message in dialogue.receive(1.0):
            assert isinstance(message, wire.SampleReport)
            found += sample_results(message).status
    return found


def prepare(dialogue: Dialogue, messages: tuple[Message, ...]) -> None:
    for message in messages:
        if isinstance(message, wire.Samples):
            assert statuses(dialogue, message)[0] in {RowStatus.TRAINED, RowStatus.STORED}
        else:
            dialogue.demand(message)


def test_there_is_a_way_to_provoke_every_failure_code() -> None:
    assert set(PROVOKED) == set(FailureCode)


@pytest.mark.parametrize("code", FailureCode, ids=lambda code: code.name)
def test_a_refusal_has_its_code_and_the_payload_stays_usable(code: FailureCode, request: pytest.FixtureRequest) -> None:
    tiny = code is FailureCode.ARENA_FULL
    dialogue = request.getfixturevalue("tiny_dialogue" if tiny else "dialogue")
    before, refused, number = PROVOKED[code]
    prepare(dialogue, before)
    _, refusal = dialogue.request(refused)
    assert refusal is not None
    assert refusal.code == code.name
    if number is not None:
        assert refusal.number == number
    check_usable(dialogue)


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_an_emulated_payload_refuses_what_the_native_one_refuses(name: str) -> None:
    provoked = {code: how for code, how in PROVOKED.items() if code not in NATIVE_ONLY}
    with dialogue_with(name) as (dialogue, _):
        for code, (before, refused, number) in provoked.items():
            prepare(dialogue, before)
            _, refusal = dialogue.request(refused)
            assert refusal is not None
            assert (refusal.code, refusal.number) == (code.name, refusal.number if number is None else number)
            check_usable(dialogue)
            dialogue.demand(wire.ResetBank())


def test_a_map_of_too_many_features_is_refused(dialogue: Dialogue) -> None:
    """Ten channels have 8007 monomials up to degree 6."""
    dialogue.demand(wire.ConfigureStream(10, 0, (-1, 1), wire.Mode.STREAM))
    _, refusal = dialogue.request(wire.CreateModel("arow", "polynomial-6", "f64", tuple(range(10)), 0, ()))
    assert refusal is not None
    assert refusal.code == "CHANNELS"
    check_usable(dialogue)


def test_a_sample_that_is_not_finite_is_skipped_and_reported(dialogue: Dialogue) -> None:
    prepare(dialogue, READY)
    rows = (samples(0, 0.5, 0.25), samples(1, NAN, 0.25), samples(2, 0.5, math.inf), samples(3, 0.5, 0.5, label=7))
    expected = [RowStatus.TRAINED, RowStatus.NOT_FINITE, RowStatus.NOT_FINITE, RowStatus.UNKNOWN_LABEL]
    assert statuses(dialogue, *rows) == expected
    events = [entry for entry in dialogue.recorder.entries if isinstance(entry, EventReported)]
    assert [(e.severity, e.event, e.number) for e in events if e.event == "sample_refused"] == [
        ("low", "sample_refused", row) for row in (1, 2, 3)
    ]
    assert statuses(dialogue, samples(4, 0.5, 0.5)) == [RowStatus.TRAINED]
    check_usable(dialogue)


def test_a_state_that_is_not_finite_is_reported_once(dialogue: Dialogue) -> None:
    prepare(dialogue, READY)
    broken = struct.pack("<d", NAN)
    dialogue.demand(wire.LoadMemory(0, 1, 0, broken, crc16(broken)))
    assert statuses(dialogue, samples(0, 0.5, 0.25), samples(1, 0.5, 0.25)) == [RowStatus.TRAINED] * 2
    events = [entry for entry in dialogue.recorder.entries if isinstance(entry, EventReported)]
    assert [(e.severity, e.number) for e in events if e.event == "not_finite_state"] == [("medium", 0)]
    check_usable(dialogue)
