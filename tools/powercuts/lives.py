"""One payload, life after life: each ends with a cut, and the next must go on where its storage says."""

from __future__ import annotations

import random
import re
import struct
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bench.upset.image import Image
from firmware_if.messages import (
    AreYouAlive,
    Completed,
    ConfigureStream,
    CreateModel,
    DumpMemory,
    EventId,
    FaultAction,
    InformativeEvent,
    LowSeverityEvent,
    MediumSeverityEvent,
    MemoryDump,
    Message,
    Mode,
    ModelCreated,
    ProtectBank,
    ProtectModel,
    SampleReport,
    Samples,
)
from tools.caller import Caller
from tools.powercuts.machine import Machine, QemuMachine
from tools.powercuts.storage import StorageFile, newest

CHANNELS: Final = 5
EVERY: Final = 8
"""Rows between two checkpoints: the most that a cut may cost."""
ROWS: Final = 400
"""Of one flight: when they are trained the models are compared, and another flight begins with new storage."""
MODELS: Final = (("arow", "f32"), ("adam", "f64"), ("scw", "f64"), ("adam", "f32"))
_PACKET_ROWS: Final = 4
_AT_WORK_S: Final = 0.2
"""How long a place is waited for; the power goes where the core is then."""
_MOST_PASSES: Final = 24
_MOST_STEPS: Final = 100
_KEEPING: Final = re.compile("store|record|checkpoint|kept|flash|crc32|erase|program")
_EVENTS: Final = (InformativeEvent, LowSeverityEvent, MediumSeverityEvent)


class BrokenPromiseError(Exception):
    """A payload lost more than it may, or took what it must not."""


@dataclass
class Tally:
    """What came of all cuts."""

    cuts: int = 0
    resumed: int = 0
    flights: int = 0
    """That came to their end, with the models of an undisturbed one."""
    most_lost: int = 0
    torn: int = 0
    """Slots that were not whole after a cut, each of them told by the payload."""
    decayed: int = 0
    """Cuts after which bits of the storage were turned over."""
    older: int = 0
    """Of those: the payload went on from the older checkpoint."""
    nothing_left: int = 0
    """Of those: no checkpoint was whole, and the payload began with an empty bank."""
    rams: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    """Functions in which the core stood."""


def rows(first: int, count: int, *, seed: int) -> Samples:
    """Labels that follow the first two values, most of the time."""
    records = b""
    for row in range(first, first + count):
        draw = random.Random(seed + row)  # noqa: S311 - a stream of samples, no secret
        values = [draw.gauss(0, 1) for _ in range(CHANNELS)]
        label = 1 if values[0] + 0.5 * values[1] + draw.gauss(0, 0.4) > 0 else -1
        records += struct.pack(f">Ih{CHANNELS}f", row, label, *values)
    return Samples(first, records)


class Flight:
    """From new storage to the last row."""

    def __init__(self, machine: Machine, storage: StorageFile, image: Image, *, seed: int, rows: int = ROWS) -> None:
        self._machine = machine
        self._storage = storage
        self.seed = seed
        self._rows = rows
        functions = [symbol for symbol in image.symbols.values() if symbol.kind == "STT_FUNC" and symbol.size]
        self._keeping = sorted(symbol.address for symbol in functions if _KEEPING.search(symbol.name))
        self._others = sorted(symbol.address for symbol in functions if not _KEEPING.search(symbol.name))
        self._instruction_bytes = 2 if image.thumb else 4
        self._created: list[ModelCreated] = []
        self._golden: dict[int, list[bytes]] = {}

    # ----------------------------------------------------------------------------------------------- without a cut
    def fly_undisturbed(self) -> None:
        """Keep what the models are at every row at which a checkpoint may stand."""
        caller = self._begin(random.Random(self.seed))  # noqa: S311
        self._golden[0] = self._states(caller)
        for row in range(0, self._rows, EVERY):
            _done(caller, rows(row, EVERY, seed=self.seed))
            self._golden[row + EVERY] = self._states(caller)
        self._machine.close()

    def _begin(self, draw: random.Random) -> Caller:
        self._storage.make_new()
        self._machine.start(ram="lost", draw=draw)
        caller = Caller(self._machine.line)
        self._make(caller)
        return caller

    def _make(self, caller: Caller) -> None:
        """Models, one half of them guarded, and the first checkpoint."""
        _done(caller, ConfigureStream(CHANNELS, 0, (-1, 1), Mode.STREAM))
        self._created = []
        for learner, arithmetic in MODELS:
            request = CreateModel(learner, "identity", arithmetic, tuple(range(CHANNELS)), 0, ())
            self._created += [answer for answer in _done(caller, request) if isinstance(answer, ModelCreated)]
        for created in self._created[1::2]:
            _done(caller, ProtectModel(created.model, 3, 1, 1, 1e6, FaultAction.ROLL_BACK))
        _done(caller, ProtectBank(EVERY, 0))

    def _states(self, caller: Caller) -> list[bytes]:
        found = []
        for created in self._created:
            answers = _done(caller, DumpMemory(created.model, 1, 0, created.state_bytes))
            found.append(b"".join(answer.data for answer in answers if isinstance(answer, MemoryDump)))
        return found

    # --------------------------------------------------------------------------------------------------- with cuts
    def fly(self, tally: Tally, draw: random.Random, *, most_cuts: int) -> None:
        """Cut after cut, until the last row is trained or there have been enough cuts."""
        caller, row = self._begin(draw), 0
        while tally.cuts < most_cuts:
            reached = self._live(caller, row, draw)
            ram = draw.choice(self._machine.rams)
            tally.places[self._machine.cut(keep=ram in {"kept", "decayed"})] += 1
            tally.cuts += 1
            tally.rams[ram] += 1
            caller, row = self._next_life(tally, draw, ram=ram, reached=reached)
            if row == self._rows:
                tally.flights += 1
                break
        self._machine.close()

    def _live(self, caller: Caller, row: int, draw: random.Random) -> int:
        """Train from `row` on, to the place where the power shall go; behind the last row whose result came."""
        for first in range(row, min(row + 12 * EVERY, self._rows), _PACKET_ROWS):
            caller.queue(rows(first, min(_PACKET_ROWS, self._rows - first), seed=self.seed))
        machine = self._machine
        if not isinstance(machine, QemuMachine):
            return _pump(caller, row, time.monotonic() + draw.random() * 0.004)
        aims = self._keeping if draw.random() < 0.6 else self._others  # noqa: PLR2004 - more than half
        aim, passes, passed = draw.choice(aims), draw.randrange(_MOST_PASSES), False
        machine.gdb.interrupt()
        machine.gdb.set_breakpoint(aim, self._instruction_bytes)
        machine.gdb.go()
        until = time.monotonic() + _AT_WORK_S
        while time.monotonic() < until and passes >= 0:
            row = _pump(caller, row, 0.0)
            if machine.gdb.wait_stop(0.001) is not None:
                passes, passed = passes - 1, True
                if passes >= 0:
                    machine.step(1)
                    machine.gdb.go()
        if machine.gdb.running:
            machine.gdb.interrupt()
        machine.gdb.clear_breakpoint(aim, self._instruction_bytes)
        if not passed:
            aims.remove(aim)  # nothing that a life does goes there
        machine.step(draw.randrange(_MOST_STEPS))
        return _pump(caller, row, 0.0)

    def _next_life(self, tally: Tally, draw: random.Random, *, ram: str, reached: int) -> tuple[Caller, int]:
        """Start again: the row at which the payload goes on. Raises BrokenPromiseError."""
        before = newest(self._storage.slots())
        if before is None:
            raise BrokenPromiseError("the cut has left no whole checkpoint")
        decays = draw.random() < 0.2  # noqa: PLR2004 - one cut of five
        if decays:
            self._storage.decay(draw, draw.choice((1, 1, 2, 4, 2000)))
            tally.decayed += 1
        slots = self._storage.slots()
        due, torn = newest(slots), sum(slot.state == "torn" for slot in slots)
        self._machine.start(ram=ram, draw=draw)
        caller = Caller(self._machine.line)
        told = _events(_done(caller, AreYouAlive()))
        resumed = [number for event, number in told if event == EventId.RESUMED]
        said_torn = sum(event == EventId.CHECKPOINT_TORN for event, _ in told)
        if resumed != ([due.next_row] if due is not None else []) or said_torn != torn:
            raise BrokenPromiseError(f"the storage holds {slots}; the payload says {told}")
        tally.torn += torn
        if due is None:
            tally.nothing_left += 1
            self._make(caller)
            return caller, 0
        tally.resumed += 1
        tally.older += due.sequence != before.sequence
        if not decays:
            tally.most_lost = max(tally.most_lost, reached - due.next_row)
            if reached - due.next_row > EVERY:
                raise BrokenPromiseError(f"row {reached} was reached, and {due.next_row} comes next")
        if self._states(caller) != self._golden[due.next_row]:
            raise BrokenPromiseError(f"the models differ from those of an undisturbed flight at row {due.next_row}")
        return caller, due.next_row


def _pump(caller: Caller, row: int, until: float) -> int:
    """Move bytes until a moment, at least once: behind the last row whose result came."""
    while True:
        heard, _ = caller.pump(0.0)
        row = max([row, *(one.first_row + one.count for one in heard if isinstance(one, SampleReport))])
        if time.monotonic() >= until:
            return row


def _done(caller: Caller, message: Message) -> list[Message]:
    answers = caller.ask(message)
    if not isinstance(answers[-1], Completed):
        raise BrokenPromiseError(f"the payload refused {message}: {answers[-1]}")
    return answers


def _events(answers: list[Message]) -> list[tuple[int, int]]:
    return [(answer.event, answer.number) for answer in answers if isinstance(answer, _EVENTS)]
