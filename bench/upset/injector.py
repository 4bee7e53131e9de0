"""An emulated payload that upsets are injected into, one after the other, on one long-lived QEMU."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.campaign.fault import Fault, Flip, Golden, Observed
from bench.campaign.injector import InjectorSetup
from bench.errors import BenchError
from bench.gdb import GdbClient
from bench.upset.accuracy import Scorer
from bench.upset.ending import Ending, Runner, start_instructions
from bench.upset.golden import GoldenRun, accuracies, describe, make_golden
from bench.upset.heard import Heard, Listener, hear
from bench.upset.judge import LIMIT, READ, Judge
from bench.upset.ladder import BASE, Rung, Way, approach
from bench.upset.live import LiveLink, Talk
from bench.upset.machine import Machine
from bench.upset.nowhere import Nowhere, empty_ranges
from bench.upset.places import Steps
from bench.upset.progress import rows_at_rungs
from bench.upset.readout import read_states
from bench.upset.resume import Rows, go_on
from bench.upset.self_test import test_injector
from bench.upset.stamps import find_stamps
from bench.upset.store import fetch_golden, store_folder
from bench.upset.subject import Subject, load_subject

_BYTE_BITS = 8
_FOLDERS = "hil-upset-"
"""What folders of injectors in the temporary folder begin with; then comes the number of their process."""
_DEATHS = 3
"""Times that an emulator which died near the limit must do so again: one look too late is then no outcome."""


class QemuInjector:
    """`open` starts QEMU, with the golden run and its ladder, and tests itself. `seconds` is where host time went."""

    def __init__(self, setup: InjectorSetup, folder: Path) -> None:
        """`folder` is for the snapshots and sockets of this injector alone."""
        self.setup = setup
        self._folder = folder
        self._subject: Subject = load_subject(setup)
        self._machine = Machine(self._subject.target, self._subject.elf, folder)
        self._run: GoldenRun
        self._judge: Judge
        self._runner: Runner
        self._nowhere: Nowhere
        self._boot = 0
        self._rungs: dict[int, Rung] = {}
        self._next_rows: Mapping[int, int] = {}
        self._golden: Golden
        self.seconds = dict.fromkeys(("restore", "inject", "run", "talk", "read-out"), 0.0)

    @property
    def pid(self) -> int | None:
        """Of the emulator."""
        return self._machine.line.pid

    def open(self) -> None:
        """Raises ConfigurationError for what cannot be a campaign, BenchError where the bench fails."""
        machine, subject, setup = self._machine, self._subject, self.setup
        machine.open()
        key = f"{subject.key}-{machine.version}"
        run = self._run = fetch_golden(key, self._folder, self._make, folder=store_folder(), archive=setup.archive)
        machine.restart()
        image = subject.image
        self._boot = start_instructions(machine)
        self._nowhere = Nowhere(machine, empty_ranges(machine.gdb.monitor("info mtree -f")), watched=run.watchdog > 0)
        self._runner = Runner(
            machine,
            run.end,
            since=run.since,
            sleep_bytes=image.sleep_bytes,
            usual=run.instructions,
            boot=self._boot,
            nowhere=self._nowhere,
        )
        self._runner.arm()
        self._judge = self._make_judge(run)
        self._rungs = {rung.time: rung for rung in run.rungs}
        self._next_rows = self._rows_at_rungs()
        self._golden = describe(run, subject, setup, version=machine.version)
        test_injector(self, run)

    def _make_judge(self, run: GoldenRun) -> Judge:
        subject, window = self._subject, run.window
        scorer = Scorer(window.facts, subject.recording)
        is_stream = subject.scenario.mode == "stream"
        return Judge(
            run,
            scorer,
            accuracies(scorer, run.models, run.states),
            self.setup.benign_loss,
            find_stamps(self._machine, subject.image, subject.target, run),
            Rows(subject.recording, subject.recording.row_count - window.results) if is_stream else None,
            tuple(hear(window.connection, [run.said]).reports),
        )

    def _rows_at_rungs(self) -> Mapping[int, int]:
        """For what a restart costs: only where there are checkpoints that a payload could resume from."""
        run, rows = self._run, self._judge.rows
        if rows is None or self._subject.scenario.checkpoints is None:
            return {}
        return rows_at_rungs(
            self._machine,
            self._subject.image,
            run,
            first=rows.first,
            end=rows.end,
            to_the_end=lambda: self._run_on(run.rungs[0]),
        )

    def _make(self) -> GoldenRun:
        run = make_golden(self._machine, self._subject, instants=self.setup.instants)
        self._machine.close()  # what it has written is in the file now
        return run

    def golden(self) -> Golden:
        """The run without a fault; the same value every time."""
        return self._golden

    def inject(self, fault: Fault) -> Observed:
        """Go to the fault's instant, flip its bits, run to the end, say what came of it."""
        rung = self._rungs.get(fault.time)
        if rung is None:
            raise BenchError(
                f"fault {fault.id} falls at instruction {fault.time}, which is no instant of the golden run",
                hint="was the list drawn for another golden run?",
            )
        with _living_emulator(f"injecting {fault.id}"):
            began = time.perf_counter()
            self.stand_at(rung.time)
            began = self._spent("restore", began)
            return self._inject_here(fault, rung, began)

    def stand_at(self, time: int) -> GdbClient:
        """Restore one of the golden run's instants, to be looked at through the debugger's client."""
        self._machine.snapshots.load(self._rungs[time].name)
        self._machine.drain()
        return self._machine.gdb

    def answers(self) -> bool:
        """Whether the payload answers a poll after a run from the last instant without a fault."""
        rung = self._run.rungs[-1]
        self.stand_at(rung.time)
        ending = self._run_on(rung)
        self._runner.disarm()
        guards = bool(self._run.window.protected)
        live = LiveLink(self._machine, self._listener(rung, ending), limit=self._run.instructions, guards=guards)
        talk = live.talk(lambda _: False, polls=1)
        self._runner.arm()
        return talk.how == "answered"

    def way_to(self, instant: int) -> Way:
        """From the window's beginning: what `inject_afresh` goes by."""
        return approach(self._steps(), self._machine, self._run.levels, instant, begin=BASE)[0]

    def inject_afresh(self, fault: Fault, way: Way) -> Observed:
        """As `inject`, without the ladder: a new emulator, the window's beginning, breakpoints up to the instant.

        For comparison. What the payload has said must come as in the golden run.
        """
        began = time.perf_counter()
        self._machine.restart()
        self._runner.arm()  # there the way ends, too
        self._machine.snapshots.load(BASE)
        steps = self._steps()
        way.follow(steps)
        rung = Rung("", steps.time, self._machine.drain())
        return self._inject_here(replace(fault, time=rung.time), rung, self._spent("restore", began))

    def _steps(self) -> Steps:
        image = self._subject.image
        return Steps(self._machine, code_bytes=image.sleep_bytes, since=self._run.since, sleeps=image.sleeps)

    def _inject_here(self, fault: Fault, rung: Rung, began: float) -> Observed:
        for flip in fault.flips:
            flip_bit(self._machine.gdb, flip, fault.id)
        began = self._spent("inject", began)
        ending = self._run_on(rung)
        if ending.how == "died":
            ending = self._settle_death(fault, ending)
        began = self._spent("run", began)
        heard, talk = self._hear_out(rung, ending)
        began = self._spent("talk", began)
        is_read = self._judge.system(ending, heard, talk)[0] in READ
        states = read_states(self._machine.gdb, self._run.models) if is_read else None
        observed = self._judge.observe(ending, heard, states, time=fault.time, talk=talk)
        if ending.how == "died" or (talk is not None and talk.how == "died"):
            self._machine.restart()
            self._runner.arm()
        self._spent("read-out", began)
        return observed

    def _settle_death(self, fault: Fault, ending: Ending) -> Ending:
        """Whether the emulator died within the limit, which its end does not tell: the same again, looked at often."""
        limit = self._judge.limit
        for _ in range(_DEATHS):
            self._machine.restart()
            self.stand_at(fault.time)
            for flip in fault.flips:
                flip_bit(self._machine.gdb, flip, fault.id)
            death = self._runner.look_until_death(limit)
            if death == "before":
                break
            if death == "beyond":
                self._runner.arm()
                return replace(ending, how="overrun", words="", time=self._runner.time())
        return ending

    def _hear_out(self, rung: Rung, ending: Ending) -> tuple[Heard, Talk | None]:
        """What the payload has said since the window began, and what came of talking on, where that had to be."""
        judge, run = self._judge, self._run
        if ending.said == run.said[len(rung.said) :]:  # as ever
            return Heard(run.window.results, settled=True, reports=list(judge.reports)), None
        listener = self._listener(rung, ending)
        if not judge.is_owed(ending, listener.heard):
            return listener.heard, None
        self._runner.disarm()
        wanted = run.window.results
        guards = bool(run.window.protected)
        live = LiveLink(self._machine, listener, limit=judge.limit, guards=guards, nowhere=self._nowhere)
        for_start = run.since + judge.limit if judge.rows else LIMIT * self._boot
        talk = go_on(live, listener, results=wanted, rows=judge.rows, for_start=for_start)
        if talk.how != "died":
            self._runner.arm()
        return listener.heard, talk

    def _listener(self, rung: Rung, ending: Ending) -> Listener:
        listener = Listener(self._run.window.connection)
        listener.heard.trained = self._next_rows.get(rung.time)
        listener.take(rung.said + ending.said)
        return listener

    def _run_on(self, rung: Rung) -> Ending:
        run = self._run
        rest = run.said[len(rung.said) :]
        return self._runner.run(
            rung.time,
            self._judge.limit,
            is_over=lambda said: said == rest or self._judge.is_over(rung.said + said),
        )

    def _spent(self, what: str, since: float) -> float:
        now = time.perf_counter()
        self.seconds[what] += now - since
        return now

    def close(self) -> None:
        """End QEMU."""
        self._machine.close()


@contextmanager
def _living_emulator(what: str) -> Iterator[None]:
    """An emulator that is gone where nothing was running in it has failed the bench, and is no outcome."""
    try:
        yield
    except EOFError as error:
        raise BenchError(f"the emulator ended while {what}: {error}", hint="was it ended from outside?") from error


def flip_bit(gdb: GdbClient, flip: Flip, fault: str) -> None:
    """Invert one bit of memory or of a register; raises BenchError where there is none such."""
    if flip.space == "register":
        bits = {register.number: register.bits for register in gdb.registers.values()}.get(flip.address, 0)
        if not 0 <= flip.bit < bits:
            raise BenchError(f"fault {fault}: the core has no bit {flip.bit} of a register {flip.address}")
        gdb.write_register(flip.address, gdb.read_register(flip.address) ^ 1 << flip.bit)
        return
    if not 0 <= flip.bit < _BYTE_BITS:
        raise BenchError(f"fault {fault}: a byte has no bit {flip.bit}")
    byte = gdb.read_memory(flip.address, 1)[0]
    gdb.write_memory(flip.address, bytes((byte ^ 1 << flip.bit,)))


def sweep(folder: Path) -> None:
    """Remove what injectors have left there whose process was killed."""
    for left in folder.glob(f"{_FOLDERS}*-*"):
        process = left.name.removeprefix(_FOLDERS).partition("-")[0]
        if process.isdecimal() and not Path("/proc", process).exists():
            shutil.rmtree(left, ignore_errors=True)  # somebody else's stays


@contextmanager
def open_injector(setup: InjectorSetup) -> Iterator[QemuInjector]:
    """Start an injector and end it."""
    sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDERS}{os.getpid()}-") as name:
        injector = QemuInjector(setup, Path(name))
        try:
            injector.open()
            yield injector
        finally:
            injector.close()
