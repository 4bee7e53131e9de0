"""A payload in a few lines for tests of campaigns: AROW (Crammer 2009) in a byte array that faults are flipped in.

It trains on the first rows of the sun-sensor recording. It is no model of any board: its figures say nothing about one.
"""

import hashlib
import math
import os
import signal
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.campaign.fault import (
    BENIGN,
    COMPLETED,
    CORRECTED,
    CRASH,
    CRITICAL,
    HANG,
    LINK_LOST,
    LOCKUP,
    MASKED,
    NAN,
    NOT_READ,
    RECOVERED,
    SAFE_STOP,
    UNCORRECTED,
    UNDETECTED,
    Fault,
    Golden,
    Observed,
    Region,
)
from bench.campaign.injector import InjectorSetup
from bench.errors import BenchError
from bench.telemetry import load_recording

FOLDER = Path(__file__).parents[2] / "fixtures" / "telemetry" / "sun-sensor"
ROWS = 120
STEP = 1000
"""Instructions that a training step is said to take."""
D = 6
WEIGHTS, COVARIANCE, COPIES, ROW, GUARD, LINK, STACK = 0x000, 0x040, 0x080, 0x180, 0x184, 0x188, 0x190
SIZE = 0x1C0
MAGIC = 0x5AFE5AFE


@dataclass(frozen=True)
class Ended:
    system: str
    steps: int
    first_report: int | None = None
    corrected: bool = False
    lost: int = 0


class ToyPayload:
    """`protected`: weights and covariance are kept three times, and voted on before each step."""

    def __init__(self, setup: InjectorSetup, *, protected: bool) -> None:
        recording = load_recording(FOLDER)
        assert recording.labels is not None
        assert recording.evaluation is not None
        self._x = [[float(value) for value in row] for row in recording.values[:ROWS]]
        self._y = [1.0 if label == recording.positive_label else -1.0 for label in recording.labels[:ROWS]]
        self._held_out = recording.evaluation.values.astype(np.float64)
        self._positive = recording.evaluation.labels == recording.positive_label
        self._setup = setup
        self._protected = protected
        self._ladder: dict[int, bytes] = {}
        every = max(1, ROWS // min(setup.instants, ROWS))
        memory = bytearray(SIZE)
        struct.pack_into(f"<{D}d", memory, COVARIANCE, *[1.0] * D)
        struct.pack_into("<II", memory, ROW, 0, MAGIC)
        self._save_copies(memory)
        for step in range(ROWS):
            if step % every == 0:
                self._ladder[step * STEP] = bytes(memory)
            self._train(memory, step)
        self._models = self._models_of(memory)
        self._accuracy = self._score(memory)
        self.faults_seen = 0

    def golden(self) -> Golden:
        regions = [
            Region("weights", "arow_all.w", WEIGHTS, D, 64, "f64"),
            Region("covariance", "arow_all.sigma", COVARIANCE, D, 64, "f64"),
            Region("globals", "row", ROW, 1, 32, "integer"),
            Region("globals", "guard", GUARD, 1, 32, "integer"),
            Region("link", "link", LINK, 8, 8),
            Region("stack", "stack", STACK, 48, 8),
            Region("core_registers", "r4", 4, 1, 32, "integer", "register"),
        ]
        if self._protected:
            regions.append(Region("protectors", "copies", COPIES, 4 * D, 64, "f64"))
        digest = hashlib.sha256(self._models + bytes([self._protected])).hexdigest()
        facts = {"target": "toy payload, protected" if self._protected else "toy payload", "accuracy of": "arow_all"}
        wanted = tuple(region for region in regions if region.stratum in self._setup.strata)
        return Golden(digest, ROWS * STEP, tuple(self._ladder), wanted, ROWS, facts)

    def inject(self, fault: Fault) -> Observed:
        self.faults_seen += 1
        memory = bytearray(self._ladder[fault.time])
        stuck = False
        for flip in fault.flips:
            if flip.space == "register":
                stuck = stuck or flip.bit >= 24
            else:
                memory[flip.address] ^= 1 << flip.bit
        ended = Ended(LOCKUP, 0) if stuck else self._run(memory, fault.time // STEP)
        detection = UNDETECTED
        if ended.first_report is not None:
            detection = CORRECTED if ended.corrected else UNCORRECTED
        latency = None if ended.first_report is None else ended.first_report * STEP - fault.time + STEP // 2
        seen = Observed(ended.system, NOT_READ, detection, latency=latency, instructions=ended.steps * STEP)
        if ended.system not in (COMPLETED, RECOVERED):
            return seen
        models = self._models_of(memory)
        learner, loss = self._judge(memory, models)
        digest = hashlib.sha256(models).hexdigest()
        return replace(seen, learner=learner, digest=digest, accuracy_loss=loss, samples_lost=ended.lost)

    def _run(self, memory: bytearray, first: int) -> Ended:
        report: int | None = None
        lost = 0
        for steps in range(2 * ROWS):
            row, guard = struct.unpack_from("<II", memory, ROW)
            if any(memory[LINK : LINK + 2]):
                return Ended(LINK_LOST, steps)
            if guard != MAGIC:
                if guard & 0xFFFF != MAGIC & 0xFFFF:
                    return Ended(SAFE_STOP, steps, first + steps)
                struct.pack_into("<II", memory, ROW, 0, MAGIC)  # a reset that begins the stream anew
                report, lost, row = first + steps, row, 0
            if row == ROWS:
                return Ended(RECOVERED if lost else COMPLETED, steps, report, report is not None, lost)
            if row > ROWS:
                return Ended(CRASH if row < 1 << 24 else HANG, steps)
            if self._protected and self._vote(memory):
                report = first + steps if report is None else report
            self._train(memory, row)
        return Ended(HANG, 2 * ROWS)

    def _train(self, memory: bytearray, row: int) -> None:
        w = list(struct.unpack_from(f"<{D}d", memory, WEIGHTS))
        sigma = list(struct.unpack_from(f"<{D}d", memory, COVARIANCE))
        x, y = self._x[row], self._y[row]
        margin = y * sum(a * b for a, b in zip(w, x, strict=True))
        if not margin >= 1:
            v = sum(s * a * a for s, a in zip(sigma, x, strict=True))
            beta = 1 / (v + 0.8) if v != -0.8 else math.inf
            alpha = (1 - margin) * beta
            for i, a in enumerate(x):
                t = sigma[i] * a
                w[i] += alpha * y * t
                sigma[i] -= beta * t * t
        struct.pack_into(f"<{D}d", memory, WEIGHTS, *w)
        struct.pack_into(f"<{D}d", memory, COVARIANCE, *sigma)
        struct.pack_into("<I", memory, ROW, row + 1)
        self._save_copies(memory)

    def _save_copies(self, memory: bytearray) -> None:
        if self._protected:
            memory[COPIES : COPIES + 256] = bytes(memory[0:128]) * 2

    def _vote(self, memory: bytearray) -> bool:
        one, two, three = memory[0:128], memory[COPIES : COPIES + 128], memory[COPIES + 128 : COPIES + 256]
        if one == two == three:
            return False
        memory[0:128] = bytes((a & b) | (a & c) | (b & c) for a, b, c in zip(one, two, three, strict=True))
        self._save_copies(memory)
        return True

    def _models_of(self, memory: bytearray) -> bytes:
        return bytes(memory[0:0x30] + memory[0x40:0x70])

    def _score(self, memory: bytearray) -> float:
        w = np.array(struct.unpack_from(f"<{D}d", memory, WEIGHTS))
        with np.errstate(all="ignore"):
            said = self._held_out @ w > 0
        recall = float(said[self._positive].mean())
        return (recall + float((~said[~self._positive]).mean())) / 2

    def _judge(self, memory: bytearray, models: bytes) -> tuple[str, float | None]:
        if models == self._models:
            return MASKED, 0.0
        values = struct.unpack(f"<{2 * D}d", models)
        if not all(map(math.isfinite, values)):
            return NAN, None
        loss = self._accuracy - self._score(memory)
        return (BENIGN if loss <= self._setup.benign_loss else CRITICAL), loss


@contextmanager
def open_toy(setup: InjectorSetup) -> Iterator[ToyPayload]:
    yield ToyPayload(setup, protected=False)


@contextmanager
def open_protected_toy(setup: InjectorSetup) -> Iterator[ToyPayload]:
    yield ToyPayload(setup, protected=True)


class _Flaky(ToyPayload):
    """Says another digest each time: an emulator that does not repeat."""

    def inject(self, fault: Fault) -> Observed:
        return replace(super().inject(fault), digest=str(self.faults_seen))


@contextmanager
def open_flaky_toy(setup: InjectorSetup) -> Iterator[ToyPayload]:
    yield _Flaky(setup, protected=False)


class _Failing(ToyPayload):
    """The bench fails at every fault in the guard."""

    def inject(self, fault: Fault) -> Observed:
        if fault.region == "guard":
            raise BenchError("the emulator did not answer")
        return super().inject(fault)


@contextmanager
def open_failing_toy(setup: InjectorSetup) -> Iterator[ToyPayload]:
    yield _Failing(setup, protected=False)


class _Deadly(ToyPayload):
    """Kills the process that it is in, at one fault."""

    def inject(self, fault: Fault) -> Observed:
        if fault.id == "globals.1.3":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().inject(fault)


@contextmanager
def open_deadly_toy(setup: InjectorSetup) -> Iterator[ToyPayload]:
    yield _Deadly(setup, protected=False)


class _Broken(ToyPayload):
    """The bench fails at every fault."""

    def inject(self, fault: Fault) -> Observed:
        raise BenchError(f"no board at {fault.time}")


@contextmanager
def open_broken_toy(setup: InjectorSetup) -> Iterator[ToyPayload]:
    yield _Broken(setup, protected=False)


class _Changing(ToyPayload):
    """Says another golden run after the first injection: somebody has built other firmware."""

    def golden(self) -> Golden:
        return replace(super().golden(), digest=str(self.faults_seen) * 64)


@contextmanager
def open_changing_toy(setup: InjectorSetup) -> Iterator[ToyPayload]:
    yield _Changing(setup, protected=False)


@contextmanager
def open_stopped_toy(setup: InjectorSetup) -> Iterator[ToyPayload]:
    """Somebody presses Ctrl-C while the golden run is made."""
    signal.raise_signal(signal.SIGINT)
    yield ToyPayload(setup, protected=False)


@contextmanager
def open_toy_here_alone(setup: InjectorSetup) -> Iterator[ToyPayload]:
    """Workers, whose tasks run in threads, have no emulator."""
    if threading.current_thread() is not threading.main_thread():
        raise BenchError("qemu-system-arm is not installed", hint="install it on the worker")
    yield ToyPayload(setup, protected=False)
