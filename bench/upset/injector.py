"""An emulated payload that upsets are injected into: the golden run, one injection, what came of it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.build import Firmware, build_firmware, read_firmware
from bench.campaign.fault import (
    BENIGN,
    COMPLETED,
    CORRECTED,
    CRASH,
    CRITICAL,
    HANG,
    LOCKUP,
    MASKED,
    NAN,
    NOT_READ,
    UNCORRECTED,
    UNDETECTED,
    Fault,
    Flip,
    Golden,
    Observed,
)
from bench.campaign.injector import InjectorSetup
from bench.errors import BenchError, ConfigurationError
from bench.scenario import Scenario, load_scenario
from bench.target import Target, load_target, own_firmware
from bench.telemetry import Recording, find_recording, load_recording
from bench.trace import ModelCreated
from bench.upset.accuracy import ModelFacts, Scorer
from bench.upset.ending import Ending, Runner
from bench.upset.heard import FAULT_WORD, Heard, hear
from bench.upset.image import Image, read_image
from bench.upset.ladder import Rung, climb
from bench.upset.machine import Machine
from bench.upset.readout import PlacedModel, arrays, digest_of, place_models, read_states
from bench.upset.regions import Known, list_regions
from bench.upset.window import Window, open_window

_RECORDINGS: Final = Path(__file__).parents[2] / "fixtures" / "telemetry"
_LIMIT: Final = 2
"""Times the golden run's instructions, after which a run counts as hung."""
_HARMLESS_EVENTS: Final = frozenset({"SAMPLE_REFUSED"})


@dataclass(frozen=True)
class _Reference:
    """The golden run: where and when it ended, what it said and computed."""

    since: int
    instructions: int
    pc: int
    said: bytes
    states: tuple[bytes, ...]
    accuracy: tuple[float, ...]


class QemuInjector:
    """Injects faults into one long-lived QEMU. `open` makes the golden run, its ladder, and tests itself."""

    def __init__(self, setup: InjectorSetup, folder: Path) -> None:
        """`folder` is for the snapshots and sockets of this injector alone."""
        self._setup = setup
        self._target: Target = load_target(setup.target)
        self._scenario: Scenario = load_scenario(setup.scenario)
        self._recording: Recording = _load(self._scenario, setup.scenario)
        self._firmware: Firmware = _firmware(self._target)
        self._image: Image = read_image(self._firmware.elf)
        self._machine = Machine(self._target, self._firmware.elf, folder)
        self._window: Window
        self._runner: Runner
        self._reference: _Reference
        self._models: tuple[PlacedModel, ...]
        self._scorer: Scorer
        self._rungs: dict[int, Rung] = {}
        self._golden: Golden

    # ------------------------------------------------------------------------------------------------ the golden run
    def open(self) -> None:
        """Raises ConfigurationError for what cannot be a campaign, BenchError where the bench fails."""
        machine = self._machine
        machine.open()
        self._window = open_window(
            machine,
            self._image,
            self._scenario,
            self._recording,
            target=self._target,
            build_id=self._firmware.image.build_id,
        )
        machine.drain()
        machine.snapshots.save("base")
        since = machine.reading()
        self._runner = Runner(machine, self._image.sleeps, since=since, sleep_bytes=self._image.sleep_bytes)
        self._run_golden(since)
        self._runner.arm()
        machine.snapshots.load("base")
        length = self._reference.instructions
        rungs = climb(machine, self._image, since=since, instructions=length, count=self._setup.instants)
        self._rungs = {rung.time: rung for rung in rungs}
        instants = tuple(self._rungs)
        self._golden = self._describe(instants)

    def _run_golden(self, since: int) -> None:
        """The run without a fault; its models by memory and, afterwards, over the link."""
        machine = self._machine
        self._runner.arm()
        ending = self._runner.run(1 << 31, is_done=lambda _pc, said: self._is_done(said))
        heard = hear(self._window.connection, [ending.said])
        if ending.how != "asleep" or not heard.settled or heard.epochs != self._window.requests:
            raise BenchError(
                f"the golden run ended {ending.how} after {heard.epochs} of {self._window.requests} results",
                hint="does the scenario train by itself? Try: bench run",
            )
        self._runner.disarm()
        self._models = self._place(ending.said)
        facts, recording = _facts(self._window), self._recording
        self._scorer = Scorer(facts, recording)
        states = read_states(machine.gdb, self._models)
        accuracy = tuple(self._scorer.score(m, s) for m, s in zip(self._models, states, strict=True))
        self._reference = _Reference(since, ending.time, ending.pc, ending.said, states, accuracy)

    def _place(self, said: bytes) -> tuple[PlacedModel, ...]:
        """The link goes on where training ended: the payload sends its models, and their memory must hold the same."""
        machine, window = self._machine, self._window
        connection = window.session.dialogue.connection
        connection.receive_data(said, window.session.dialogue.clock.now())
        while connection.next_event() is not None:
            pass
        machine.gdb.go()
        dumps = window.session.bank.dump_states()
        window.session.settle()
        machine.gdb.interrupt()
        return place_models(machine.gdb, self._image, window.created, dumps)

    def _is_done(self, said: bytes) -> bool:
        heard = hear(self._window.connection, [said])
        return heard.settled and heard.epochs == self._window.requests

    def _describe(self, instants: Sequence[int]) -> Golden:
        reference = self._reference
        known = Known(self._image, self._models, self._machine.gdb.registers, self._window.data_bytes)
        facts = {
            "target": self._target.name,
            "build id": self._firmware.image.build_id,
            "emulator": f"QEMU {self._machine.version}",
            "accuracy": "balanced, of the worst model, on evaluation rows of the recording",
        }
        words = (*facts.values(), self._scenario.name, self._recording.name, str(reference.instructions))
        return Golden(
            digest=digest_of(reference.states, *words, hashlib.sha256(self._firmware.elf.read_bytes()).hexdigest()),
            instructions=reference.instructions,
            instants=tuple(instants),
            regions=list_regions(known, self._setup.strata),
            samples=self._window.requests * self._recording.row_count,
            facts=facts,
        )

    def golden(self) -> Golden:
        """The run without a fault; the same value every time."""
        return self._golden

    # ---------------------------------------------------------------------------------------------------- injections
    def inject(self, fault: Fault) -> Observed:
        """Go to the fault's instant, flip its bits, run to the end, say what came of it."""
        rung = self._rungs.get(fault.time)
        if rung is None:
            raise BenchError(
                f"fault {fault.id} falls at instruction {fault.time}, which is no instant of the golden run",
                hint="was the list drawn for another golden run?",
            )
        self._machine.snapshots.load(rung.name)
        self._machine.drain()
        for flip in fault.flips:
            self._flip(fault, flip)
        ending = self._run(rung)
        observed = self._judge(fault, rung, ending)
        if ending.how == "died":
            self._machine.restart()
            self._runner.arm()
        return observed

    def _flip(self, fault: Fault, flip: Flip) -> None:
        gdb = self._machine.gdb
        if flip.space == "register":
            bits = {register.number: register.bits for register in gdb.registers.values()}.get(flip.address, 0)
            if not 0 <= flip.bit < bits:
                raise BenchError(f"fault {fault.id}: the core has no bit {flip.bit} of a register {flip.address}")
            value = gdb.read_register(flip.address) ^ 1 << flip.bit
            gdb.write_register(flip.address, value)
            return
        if not 0 <= flip.bit < 8:  # noqa: PLR2004 - of a byte
            raise BenchError(f"fault {fault.id}: a byte has no bit {flip.bit}")
        byte = gdb.read_memory(flip.address, 1)[0]
        gdb.write_memory(flip.address, bytes((byte ^ 1 << flip.bit,)))

    def _run(self, rung: Rung) -> Ending:
        reference = self._reference
        rest = reference.said[len(rung.said) :]
        return self._runner.run(
            _LIMIT * reference.instructions,
            is_done=lambda pc, said: (pc == reference.pc and said == rest) or self._is_done(rung.said + said),
        )

    # ---------------------------------------------------------------------------------------------------- judging
    def _judge(self, fault: Fault, rung: Rung, ending: Ending) -> Observed:
        reference = self._reference
        as_golden = ending.how == "asleep" and ending.said == reference.said[len(rung.said) :]
        heard = Heard(self._window.requests, settled=True) if as_golden else hear(
            self._window.connection, [rung.said, ending.said]
        )
        system, detail = self._system(ending, heard)
        detection = _detection(heard)
        if system != COMPLETED:
            took = ending.time - fault.time if ending.how == "asleep" else None  # else the host decided when to look
            digest = digest_of((), system, detail, str(took))
            return Observed(system, NOT_READ, detection, digest, instructions=took, detail=detail)
        states = read_states(self._machine.gdb, self._models)
        learner, loss = self._learner(states)
        return Observed(
            system,
            learner,
            detection,
            digest_of(states, system, learner, detection, str(ending.time)),
            accuracy_loss=loss,
            instructions=ending.time - fault.time,
            detail=detail,
        )

    def _system(self, ending: Ending, heard: Heard) -> tuple[str, str]:
        """Outcome on the system axis, and the payload's or emulator's words."""
        if ending.how == "died":
            words = next(iter(ending.words.splitlines()), "")
            return (LOCKUP if "ockup" in ending.words else CRASH), words
        if FAULT_WORD in heard.console:
            return CRASH, heard.console[heard.console.index(FAULT_WORD) :].splitlines()[0]
        if heard.restarted:
            return CRASH, "the payload restarted and lost its models"
        if ending.how == "overrun":
            return HANG, f"more than {_LIMIT} times the instructions of the golden run"
        if heard.settled and heard.epochs == self._window.requests:
            return COMPLETED, ""
        return HANG, f"asleep after {heard.epochs} of {self._window.requests} results"

    def _learner(self, states: tuple[bytes, ...]) -> tuple[str, float]:
        if states == self._reference.states:
            return MASKED, 0.0
        losses = [
            before - self._scorer.score(model, state)
            for model, state, before in zip(self._models, states, self._reference.accuracy, strict=True)
        ]
        found = (arrays(model, state) for model, state in zip(self._models, states, strict=True))
        if any(not np.isfinite(values).all() for model in found for values in model.values()):
            return NAN, max(losses)
        return (BENIGN if max(losses) <= self._setup.benign_loss else CRITICAL), max(losses)

    def close(self) -> None:
        self._machine.close()


def _detection(heard: Heard) -> str:
    names = [name for name, _ in heard.events if name not in _HARMLESS_EVENTS]
    if any("CORRECTED" in name and "UNCORRECTED" not in name for name in names):
        return CORRECTED
    return UNCORRECTED if names or heard.refusals else UNDETECTED


def _facts(window: Window) -> dict[str, ModelFacts]:
    entries = [entry for entry in window.session.dialogue.recorder.entries if isinstance(entry, ModelCreated)]
    return {
        entry.name: ModelFacts(
            entry.learner, entry.features, entry.arithmetic, tuple(entry.channels), entry.hyperparameters
        )
        for entry in entries
    }


def _load(scenario: Scenario, path: Path) -> Recording:
    if scenario.recording is None:
        raise ConfigurationError(
            f"scenario {scenario.name} has no recording of its own", hint="add recording = ... to it"
        )
    return load_recording(find_recording(scenario.recording, [_RECORDINGS], beside=path.parent))


def _firmware(target: Target) -> Firmware:
    own = own_firmware(target)
    if own is not None:
        return read_firmware(own)
    if target.port is None:
        raise ConfigurationError(f"target {target.name} names no firmware that the bench could start")
    return build_firmware(target.port, board=target.board)


@contextmanager
def open_injector(setup: InjectorSetup) -> Iterator[QemuInjector]:
    """Start an injector and end it."""
    with tempfile.TemporaryDirectory(prefix="hil-upset-") as name:
        injector = QemuInjector(setup, Path(name))
        try:
            injector.open()
            yield injector
        finally:
            injector.close()
