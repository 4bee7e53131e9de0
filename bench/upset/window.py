"""From power-on to the beginning of the window: the models made, the rows before it given, every request received.

From there on the payload needs nothing of the bench until its work is done, so that what it does repeats to the
instruction. Requests reach a payload at moments that the host decides, and it would begin with the first of them; so it
is held: at the beginning of its function for that request a branch to itself stands for the first instruction until
all have arrived, and is then taken away.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.clock import MonotonicClock
from bench.errors import BenchError, ConfigurationError
from bench.plan import Plan, make_plan
from bench.scenario import Scenario
from bench.session import Recorder, Session, TargetFailure
from bench.target import Target
from bench.telemetry import Recording
from bench.trace import HousekeepingReported, ModelCreated
from bench.upset.accuracy import ModelFacts
from bench.upset.hold import await_stand, held_and_watched, held_at
from bench.upset.image import Image
from bench.upset.machine import Machine
from bench.upset.places import PC
from bench.upset.work import Work, entry_of, epochs_work, rows_before, rows_work, steps_before
from firmware_if import messages as wire
from firmware_if.connection import Connection
from firmware_if.errors import WireError

_ARRIVE_S: Final = 30.0
_SETTLE_S: Final = 0.02
"""For what QEMU has read from the line to become an interrupt: one turn of its main loop."""


@dataclass(frozen=True)
class Window:
    """What is known where the window begins."""

    connection: Connection
    """The bench's end of the link as it is then. It draws no more numbers."""
    created: tuple[tuple[str, wire.ModelCreated], ...]
    facts: Mapping[str, ModelFacts]
    """Of each model, by name."""
    results: int
    """Epochs of one model, or rows, whose results end the window."""
    samples: int
    """Training steps."""
    described: str
    data_bytes: int
    """Of the data region, taken."""
    arena_bytes: int
    """Of the arena, taken."""
    protected: Mapping[str, wire.ModelProtected]
    """What the payload said of each model that it protects, by name."""
    keeps_checkpoints: bool


def open_window(
    machine: Machine, image: Image, scenario: Scenario, recording: Recording, *, target: Target, build_id: str
) -> tuple[Window, Session]:
    """Bring the machine to where the window begins, and leave it stopped there; the session can go on afterwards."""
    entry = entry_of(scenario)
    if entry not in image.symbols:
        raise ConfigurationError(
            f"the firmware has no function {entry}, where it could be held", hint="is it built from firmware_if/c?"
        )
    plan = make_plan(scenario, recording, target=target)
    recorder, clock = Recorder(MonotonicClock()), MonotonicClock()
    session = Session(
        machine.line,
        recording,
        recorder=recorder,
        clock=clock,
        target_name=target.name,
        ready_s=target.transport.ready_s,
        speed=None,
        build_id=build_id,
        starting=True,
    )
    machine.gdb.go()
    try:
        work = _lead_up(session, plan, scenario, recording)
    except TargetFailure as error:
        raise BenchError(f"the golden run failed before training: {error.reason}", hint=error.hint) from error
    report = next(e for e in reversed(recorder.entries) if isinstance(e, HousekeepingReported))
    connection = session.dialogue.connection
    try:
        frames = connection.send_ahead(work.orders, clock.now(), answers=work.answers)
    except WireError as error:
        raise ConfigurationError(
            f"{len(work.orders)} requests cannot be sent at once: {error.message}", hint="fewer epochs, or fewer models"
        ) from error
    watched = scenario.checkpoints is not None and scenario.checkpoints.watchdog
    _hold(machine, image, image.symbols[entry].address, frames, watched=watched)
    window = Window(
        still_copy(connection),
        session.bank.created,
        _facts(recorder),
        work.results,
        work.samples,
        work.described,
        int(report.values.get("data_used_bytes") or 0),
        int(report.values.get("arena_used_bytes") or 0),
        dict(session.bank.protected),
        scenario.checkpoints is not None,
    )
    return window, session


def _lead_up(session: Session, plan: Plan, scenario: Scenario, recording: Recording) -> Work:
    """All that comes before the work, and a quiet line; raises TargetFailure."""
    for step in steps_before(plan, scenario):
        session.do(step)
    if not session.bank.size:
        raise ConfigurationError(
            f"scenario {scenario.name} makes no model on this payload: nothing is trained",
            hint="choose a learner that the payload has: bench hello",
        )
    if scenario.mode == "batch":
        session.settle()
        return epochs_work(scenario, recording, session.bank.created)
    credit = session.dialogue.connection.credit
    before = rows_before(recording, credit)
    if before.end_row > before.first_row:
        session.do(before)
    session.settle()
    return rows_work(recording, credit, models=session.bank.size)


def still_copy(connection: Connection) -> Connection:
    """A copy for listening, which can be kept in a file: it begins no session, so it needs no random numbers."""
    copied = copy.deepcopy(connection)
    copied._draw = no_number  # noqa: SLF001
    return copied


def no_number() -> int:
    """In place of a draw of random numbers."""
    return 1


def _facts(recorder: Recorder) -> dict[str, ModelFacts]:
    return {
        entry.name: ModelFacts(
            entry.learner,
            entry.features,
            entry.arithmetic,
            tuple(entry.channels),
            dict(entry.hyperparameters),
            entry.bias,
        )
        for entry in recorder.entries
        if isinstance(entry, ModelCreated)
    }


def _hold(machine: Machine, image: Image, entry: int, frames: Sequence[bytes], *, watched: bool) -> None:
    """Until all `frames` have arrived the payload stands at `entry`, where it begins with the first of them."""
    gdb = machine.gdb
    gdb.interrupt()
    with held_and_watched(gdb, entry, image) if watched else held_at(gdb, entry, thumb=image.thumb) as held:
        gdb.go()
        _write(machine, frames[0])
        await_stand(gdb, held)
        for frame in frames[1:]:
            _write(machine, frame)
        _await_arrival(machine)
        gdb.interrupt()
    place = gdb.read_register(PC)
    if place != entry:
        raise BenchError(f"the held payload stands at {place:#x} and not at {entry:#x}")


def _write(machine: Machine, frame: bytes) -> None:
    until = time.monotonic() + _ARRIVE_S
    while frame:
        frame = frame[machine.line.transfer(frame, 1.0).written :]
        if time.monotonic() > until:
            raise BenchError(f"QEMU has not taken the requests within {_ARRIVE_S:g} s")


def _await_arrival(machine: Machine) -> None:
    """Until QEMU has read all that was written to the line."""
    until = time.monotonic() + _ARRIVE_S
    while machine.line.unread():
        if time.monotonic() > until:
            raise BenchError(f"QEMU has not read the requests within {_ARRIVE_S:g} s")
        time.sleep(0.001)
    time.sleep(_SETTLE_S)
