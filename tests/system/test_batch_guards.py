"""Guards in batch mode: bits of a model are turned over in the memory of the running payload between epochs."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bench.target import load_target
from bench.transport import make_process
from bench.upset.machine import Machine
from firmware_if.messages import (
    ConfigureStream,
    EpochTrained,
    EventId,
    FailureCode,
    FaultAction,
    LoadMemory,
    Mode,
    ModelCreated,
    OpenDataSet,
    Operation,
    OperationSum,
    ProtectBank,
    ProtectModel,
    RequestStatistics,
    Statistics,
    TrainEpoch,
)
from firmware_if.packets import crc16
from tests.system import process_memory
from tests.system.emulated import build
from tests.system.guarded import CHANNELS, SEED, Payload, create, events, rows

ROWS, PACKET_ROWS = 60, 15
LOGISTIC = create("logistic", "f32", ("batch", 8), ("seed", 3))
STEPS = -(-ROWS // 8)
STREAM_FIELDS = (CHANNELS, 0, (-1, 1))
FIND_IN_ARENA = 131_072


@dataclass(frozen=True)
class Subject:
    """A payload, and its memory as an upset sees it."""

    payload: Payload
    find: Callable[[bytes], list[int]]
    flip: Callable[[int, int], None]


def emulated(machine: Machine, elf: Path) -> Subject:
    with elf.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        [arena] = [s for s in symbols.iter_symbols() if s.name.startswith("arena") and s["st_size"] == FIND_IN_ARENA]
    begin = arena["st_value"]

    def find(pattern: bytes) -> list[int]:
        machine.gdb.interrupt()
        content = machine.gdb.read_memory(begin, 8192)
        machine.gdb.go()
        places = [place for place in range(len(content)) if content.startswith(pattern, place)]
        return [begin + place for place in places]

    def flip(address: int, bit: int) -> None:
        machine.gdb.interrupt()
        byte = machine.gdb.read_memory(address, 1)[0] ^ 1 << bit
        machine.gdb.write_memory(address, bytes([byte]))
        machine.gdb.go()

    machine.gdb.go()
    return Subject(Payload(machine.line, resumed=True), find, flip)


@pytest.fixture(params=["host", "qemu-mps2-an386"])
def subject(request: pytest.FixtureRequest, tmp_path: Path, sanitized_payload: Path) -> Iterator[Subject]:
    if request.param == "host":
        with make_process(sanitized_payload) as line:
            payload = Payload(line, resumed=True)
            pid = payload.pid
            yield Subject(
                payload,
                lambda pattern: process_memory.find(pid, pattern),
                lambda address, bit: process_memory.flip(pid, address, bit),
            )
        return
    target = load_target(request.param)
    elf = build(target)
    machine = Machine(target, elf, tmp_path)
    machine.open()
    try:
        yield emulated(machine, elf)
    finally:
        machine.close()


def begin(payload: Payload, copies: int, checksum: int, action: FaultAction, bound: float = 0) -> list[ModelCreated]:
    """A plain model and its guarded twin, with a data set."""
    payload.done(ConfigureStream(*STREAM_FIELDS, Mode.BATCH))
    created = [payload.create(LOGISTIC), payload.create(LOGISTIC)]
    payload.protect(created[1].model, copies, checksum, action=action, bound=bound)
    payload.done(OpenDataSet(ROWS))
    for first in range(0, ROWS, PACKET_ROWS):
        payload.done(rows(first, PACKET_ROWS))
    return created


def train(payload: Payload, epoch: int) -> list[tuple[EventId, int]]:
    """One epoch of both models; what the payload told meanwhile, where scrubbing may have been first."""
    answers = payload.done(TrainEpoch(0, epoch)) + payload.done(TrainEpoch(1, epoch))
    plain, guarded = (a for a in answers if isinstance(a, EpochTrained))
    assert (guarded.steps, guarded.rows) == (plain.steps, plain.rows) == (STEPS, ROWS)
    return events(answers)


def updates(payload: Payload) -> list[int]:
    return [a.updates for a in payload.done(RequestStatistics()) if isinstance(a, Statistics)][:2]


@pytest.mark.parametrize(("copies", "checksum"), [(3, 0), (3, 1), (2, 1)])
def test_an_upset_between_epochs_is_mended_and_told(subject: Subject, copies: int, checksum: int) -> None:
    payload = subject.payload
    plain, guarded = begin(payload, copies, checksum, FaultAction.STOP)
    assert train(payload, 0) == []
    draw = random.Random(SEED)
    for epoch in range(1, 1 + copies):
        state = payload.dump(guarded)[0]
        places = subject.find(state)
        assert len(places) == 1 + copies, "the plain model's state and the guarded one's copies"
        subject.flip(places[epoch] + draw.randrange(len(state)), draw.randrange(8))
        assert train(payload, epoch) == [(EventId.STATE_CORRECTED, guarded.model)]
        assert payload.dump(guarded)[0] == payload.dump(plain)[0]
    report = payload.report()
    assert (report.corrected, report.corrupt, report.stopped, report.rolled_back) == (copies, 0, 0, 0)
    assert updates(payload) == [(1 + copies) * STEPS] * 2


@pytest.mark.parametrize("action", [FaultAction.STOP, FaultAction.ROLL_BACK, FaultAction.COUNT])
def test_what_cannot_be_mended_between_epochs_is_acted_on(subject: Subject, action: FaultAction) -> None:
    """No checkpoint is kept in batch mode: there is nothing to go back to, and the model stops."""
    payload = subject.payload
    plain, guarded = begin(payload, 1, 1, action)
    train(payload, 0)
    state = payload.dump(guarded)[0]
    subject.flip(subject.find(state)[1] + 1, 3)
    damaged = payload.dump(guarded)[0]
    stopped = action != FaultAction.COUNT
    report = payload.report()
    assert (report.corrupt, report.stopped, report.corrected, report.rolled_back) == (1, int(stopped), 0, 0)
    if stopped:
        assert payload.refused(TrainEpoch(1, 1)) == (FailureCode.TRAINING_STOPPED, guarded.model)
        assert payload.dump(guarded)[0] == damaged
        assert damaged != state
        payload.done(LoadMemory(guarded.model, 1, 0, state, crc16(state)))
    assert train(payload, 1) == []
    assert (payload.dump(guarded)[0] == payload.dump(plain)[0]) == stopped
    assert payload.report().stopped == 0


@pytest.mark.parametrize("copies", [1, 2])
def test_an_epoch_that_leaves_the_range_is_forgotten_or_the_last(subject: Subject, copies: int) -> None:
    payload = subject.payload
    _, guarded = begin(payload, copies, 0, FaultAction.ROLL_BACK, bound=10.0)
    train(payload, 0)
    state = payload.dump(guarded)[0]
    wild = struct.pack("<f", 1e9) + state[4:]
    payload.done(LoadMemory(guarded.model, 1, 0, wild, crc16(wild)))
    told = train(payload, 1)
    out = (EventId.STATE_OUT_OF_RANGE, guarded.model)
    if copies == 1:
        assert told == [out, (EventId.TRAINING_STOPPED, guarded.model)]
        assert payload.refused(TrainEpoch(1, 2)) == (FailureCode.TRAINING_STOPPED, guarded.model)
        return
    assert told == [out, (EventId.ROLLED_BACK, guarded.model << 24 | ROWS)]
    assert payload.dump(guarded)[0] == wild
    assert updates(payload) == [2 * STEPS, STEPS]
    payload.done(LoadMemory(guarded.model, 1, 0, state, crc16(state)))
    assert train(payload, 1) == []
    assert payload.report().rolled_back == 1


def test_a_guard_says_what_it_costs_each_epoch(subject: Subject) -> None:
    payload = subject.payload
    begin(payload, 2, 1, FaultAction.ROLL_BACK)
    stored = sums(payload)
    train(payload, 0)
    trained = sums(payload)
    assert (stored.count, trained.count) == (ROWS, ROWS + 1)
    assert trained.sum > stored.sum


def sums(payload: Payload) -> OperationSum:
    [found] = [a for a in payload.done(RequestStatistics()) if isinstance(a, Statistics) and a.model == 1]
    [protect] = [one for one in found.sums if one.operation == Operation.PROTECT]
    return protect


def test_batch_mode_keeps_no_checkpoints_and_guards_before_the_data_set(subject: Subject) -> None:
    payload = subject.payload
    begin(payload, 2, 1, FaultAction.ROLL_BACK)
    assert payload.refused(ProtectBank(10, 0)) == (FailureCode.MODE, Mode.BATCH)
    assert payload.refused(ProtectModel(0, 2, 0, 0, 0, FaultAction.STOP)) == (FailureCode.STREAM_ACTIVE, ROWS)
    payload.done(ProtectBank(0, 0))
    assert payload.report().sequence == 0
