"""The golden run: made once on a machine, kept with its ladder, and then the same for everyone who injects into it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bench.campaign.fault import RAM_FACT, STORAGE_FACT, Golden
from bench.campaign.injector import InjectorSetup
from bench.errors import BenchError
from bench.gdb import Register
from bench.session import Session
from bench.upset.accuracy import Scorer
from bench.upset.ending import DEADLINE_S, Ending, Runner
from bench.upset.heard import hear
from bench.upset.kept import find_records
from bench.upset.ladder import BASE, Rung, climb, make_levels, wanted_instants
from bench.upset.machine import Machine
from bench.upset.places import PC, Levels, Steps
from bench.upset.readout import ARENA, PlacedModel, digest_of, place_models, read_states
from bench.upset.regions import Guard, Known, list_regions
from bench.upset.stops import climb_by_stops
from bench.upset.subject import Subject
from bench.upset.watchdog import measure_watchdog
from bench.upset.window import Window, open_window

_LOOK_S: Final = 0.02
_LEAST_SHARE: Final = 0.1
"""Of the rungs, which must repeat."""


@dataclass(frozen=True)
class GoldenRun:
    """Where the window begins, what the run computes and says, and the rungs on the way."""

    window: Window
    since: int
    """The counter's reading where the window begins."""
    instructions: int
    end: int | None
    """Where the core goes to sleep at the end; None where no breakpoint may stand, as timers run."""
    said: bytes
    models: tuple[PlacedModel, ...]
    states: tuple[bytes, ...]
    registers: dict[str, Register]
    levels: Levels
    """By which breakpoints find the way along the run."""
    rungs: tuple[Rung, ...]
    records: tuple[tuple[int, int], ...] = ()
    """Address and size of each checkpoint that the payload keeps."""
    watchdog: int = 0
    """Instructions after which the watchdog has started a payload anew that makes no progress; 0: there is none."""

    def is_complete(self, said: bytes) -> bool:
        """Whether that is all that the payload says from the window's beginning on: every result, and nothing owed."""
        heard = hear(self.window.connection, [said])
        return heard.settled and heard.results == self.window.results


def make_golden(machine: Machine, subject: Subject, *, instants: int) -> GoldenRun:
    """Run `subject` once on a machine that has just been started, and save the ladder in its file of snapshots."""
    image = subject.image
    window, session = open_window(
        machine, image, subject.scenario, subject.recording, target=subject.target, build_id=subject.build_id
    )
    machine.drain()
    machine.snapshots.save(BASE)
    since = machine.reading()
    stops = () if subject.runs_timers else image.sleeps
    with _breakpoints(machine, stops, image.sleep_bytes):
        ending = _run_once(machine, since=since)
    if ending.how != "asleep" or not _is_complete(window, ending.said):
        results = hear(window.connection, [ending.said]).results
        raise BenchError(
            f"the golden run ended {ending.how} after {results} of {window.results} results",
            hint="does the scenario train by itself? Try: bench run",
        )
    states_by_link = _dump(machine, session, ending.said)
    models = place_models(machine.gdb, image, window.created, states_by_link)
    states = read_states(machine.gdb, models)
    records = find_records(machine.gdb, image, subject.target.flash) if window.keeps_checkpoints else ()
    registers = machine.gdb.registers
    steps = Steps(machine, code_bytes=image.sleep_bytes, since=since, sleeps=image.sleeps)
    with _breakpoints(machine, stops, image.sleep_bytes):
        levels, climbed = _climb(machine, steps, subject, instructions=ending.time, count=instants)
    end = None if subject.runs_timers else ending.pc
    runner = Runner(machine, end, since=since, sleep_bytes=image.sleep_bytes, usual=ending.time)
    runner.arm()
    rungs = that_repeat(climbed, lambda rung: _goes_on(machine, rung, runner, ending))
    has_watchdog = subject.scenario.checkpoints is not None and subject.scenario.checkpoints.watchdog
    watchdog = measure_watchdog(machine, image, since=since) if has_watchdog else 0
    return GoldenRun(
        window, since, ending.time, end, ending.said, models, states, registers, levels, rungs, records, watchdog
    )


def _climb(
    machine: Machine, steps: Steps, subject: Subject, *, instructions: int, count: int
) -> tuple[Levels, list[Rung]]:
    """Rungs in their order, and by which breakpoints the way to them was found, if it was."""
    if subject.runs_timers:
        rungs = climb_by_stops(steps, machine, instructions=instructions, count=count)
        return (), sorted(rungs, key=lambda rung: rung.time)
    levels = make_levels(machine, steps, subject.image, instructions=instructions, count=count) if count > 1 else ()
    return levels, list(climb(steps, machine, levels, wanted_instants(instructions, count)))


def _goes_on(machine: Machine, rung: Rung, runner: Runner, golden: Ending) -> bool:
    """Whether the run goes on from that rung as it did."""
    machine.snapshots.load(rung.name)
    machine.drain()
    rest = golden.said[len(rung.said) :]
    ending = runner.run(rung.time, 2 * golden.time, is_over=rest.__eq__)
    return (ending.how, ending.time, ending.said) == ("asleep", golden.time, rest)


def that_repeat(rungs: Sequence[Rung], goes_on: Callable[[Rung], bool]) -> tuple[Rung, ...]:
    """The rungs from which the run goes on as it did; raises BenchError where nearly none does.

    Not everything is in a snapshot: a NOR flash forgets which command it is in the middle of (QEMU 7.2).
    """
    found = tuple(rung for rung in rungs if goes_on(rung))
    if len(found) < len(rungs) * _LEAST_SHARE:
        raise BenchError(
            f"from {len(rungs) - len(found)} of {len(rungs)} snapshots the golden run does not go on as it did",
            hint="does this machine restore its UART and its timers from a snapshot?",
        )
    return found


@contextmanager
def _breakpoints(machine: Machine, places: Sequence[int], code_bytes: int) -> Iterator[None]:
    """Breakpoints stand at `places` meanwhile."""
    for address in places:
        machine.gdb.set_breakpoint(address, code_bytes)
    yield
    for address in places:
        machine.gdb.clear_breakpoint(address, code_bytes)


def _run_once(machine: Machine, *, since: int) -> Ending:
    """To where the core goes to sleep: to the next breakpoint, or into the sleep where none may stand."""
    machine.gdb.go()
    said, until = b"", time.monotonic() + DEADLINE_S
    while machine.gdb.wait_stop(_LOOK_S, also=(machine.line.fileno(),)) is None:
        received = machine.line.transfer(b"", 0.0).received
        said += received
        if not received and machine.is_idle():
            machine.gdb.interrupt()
            break
        if time.monotonic() > until:
            raise BenchError(f"the golden run has not ended within {DEADLINE_S:g} s")
    said += machine.drain()
    now = machine.instructions(since, machine.reading())
    return Ending("asleep", said, now, machine.gdb.read_register(PC))


def _is_complete(window: Window, said: bytes) -> bool:
    heard = hear(window.connection, [said])
    return heard.settled and heard.results == window.results


def _dump(machine: Machine, session: Session, said: bytes) -> dict[str, bytes]:
    """The link goes on where training ended, and the payload sends its models."""
    dialogue = session.dialogue
    dialogue.connection.receive_data(said, dialogue.clock.now())
    while dialogue.connection.next_event() is not None:
        pass
    machine.gdb.go()
    dumps = session.bank.dump_states()
    session.settle()
    machine.gdb.interrupt()
    return dumps


def accuracies(scorer: Scorer, models: Sequence[PlacedModel], states: Sequence[bytes]) -> tuple[float, ...]:
    """Balanced accuracy of each model."""
    return tuple(scorer.score(model, state) for model, state in zip(models, states, strict=True))


def _guards(subject: Subject, window: Window) -> tuple[Guard, ...]:
    """Each lies where the arena ended when the model had been protected (ModelProtected)."""
    arena = subject.image.sections[ARENA]
    copies = {spec.name: spec.protection.copies - 1 for spec in subject.scenario.models if spec.protection is not None}
    return tuple(
        Guard(
            name,
            arena.address + answer.arena_used_bytes - answer.arena_bytes,
            answer.arena_bytes,
            copies[name],
            answer.guarded_bytes,
        )
        for name, answer in window.protected.items()
    )


def describe(run: GoldenRun, subject: Subject, setup: InjectorSetup, *, version: str) -> Golden:
    """As a campaign knows it."""
    window = run.window
    known = Known(
        subject.image,
        run.models,
        run.registers,
        window.data_bytes,
        window.arena_bytes,
        _guards(subject, window),
        run.records,
    )
    facts = {
        "target": subject.target.name,
        "build id": subject.build_id,
        "emulator": f"QEMU {version}",
        "window": window.described,
        RAM_FACT: str(window.arena_bytes),
        STORAGE_FACT: str(sum(size for _, size in run.records)),
        "clock": subject.target.clock.counted,
        "accuracy": "balanced, of the worst model, on evaluation rows of the recording",
        "seen in": "the models' memory where training ends, and what the payload sent until then",
    }
    ladder = hashlib.sha256(repr((run.rungs, run.said)).encode()).hexdigest()
    return Golden(
        digest=digest_of(run.states, subject.key, version, str(run.instructions), ladder, str(setup.benign_loss)),
        instructions=run.instructions,
        instants=tuple(rung.time for rung in run.rungs),
        regions=list_regions(known, setup.strata),
        samples=window.samples,
        facts=facts,
    )
