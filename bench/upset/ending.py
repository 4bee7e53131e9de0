"""Running a machine to its end after an injection: how it ended, by what the core does and never by a clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final, Literal

from bench.errors import BenchError
from bench.transport import PeerDied
from bench.upset.machine import Machine
from bench.upset.nowhere import Nowhere

How = Literal["asleep", "overrun", "died"]
DEADLINE_S: Final = 300.0
"""Of the emulator's processor time for one run: when it is over the bench has failed, whatever the payload does. A core
whose stack pointer leads nowhere may do a million instructions a second, and a watchdog waits for 60 million."""
_WALL: Final = 6
"""Times as long by the wall clock, on a busy host, before an emulator that takes no processor time is given up."""
_TURN_S: Final = 0.002
_START_S: Final = 0.004
"""For what QEMU does after a restore before it is as fast as ever: it translates all code anew. By then most have
crashed that will."""
_SLOWEST_PER_S: Final = 5e7
"""Instructions of the guest per second of processor time, until it is known better; 1e8 to 4e8 were measured."""
_PATIENCE: Final = 1.2
"""Times what a run without a fault would take, after which the bench looks what has become of it."""
_STRIDES: Final = 10
"""Times the widest distance of two looks that a death must lie before the limit, to be taken for one that does."""
_MEASURED: Final = 32
_WORTH_MEASURING: Final = 500_000
_PC: Final = 15


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    `asleep`: the core sleeps, with nothing pending that would wake it.
    `overrun`: it had executed more instructions than it may, or was sure to. `died`: the emulator ended, `words` says
    why.
    """

    how: How
    said: bytes
    time: int
    """Instructions since the window began; 0 where it died."""
    pc: int = 0
    words: str = ""


class Patience:
    """With one run of the emulator."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.processor_s = machine.processor_s()
        """What the emulator had taken when the run began."""
        self._began = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether DEADLINE_S have passed."""
        waited_s = time.monotonic() - self._began
        if waited_s <= DEADLINE_S:
            return False
        return self._machine.processor_s() - self.processor_s > DEADLINE_S or waited_s > _WALL * DEADLINE_S


Death = Literal["before", "about", "beyond"]
"""Where an emulator dies that was looked at often: well before the limit, near it, or beyond, as it was seen there."""


class Runner:
    """Lets the core run on to where the golden run ends, at `end`, or to wherever it falls asleep for good.

    A breakpoint stands at `end` alone: QEMU executes whatever shares a page with one instruction by instruction.
    `end` is None where no breakpoint may stand at all; each end is then known by the sleep, which takes longer.
    """

    def __init__(
        self,
        machine: Machine,
        end: int | None,
        *,
        since: int,
        sleep_bytes: int,
        usual: int = 0,
        boot: int = 0,
        nowhere: Nowhere | None = None,
    ) -> None:
        """`usual` is how many instructions a run without a fault takes: before so many the bench does not look."""
        self._machine = machine
        self._usual = usual
        self._nowhere = nowhere
        self._end = end
        self._since = since
        self._boot = boot
        self._sleep_bytes = sleep_bytes
        self._per_s = _SLOWEST_PER_S
        self._measured = 0

    def arm(self) -> None:
        """Set the breakpoint; needed once for each process of the emulator."""
        if self._end is not None:
            self._machine.gdb.set_breakpoint(self._end, self._sleep_bytes)

    def disarm(self) -> None:
        """Take it away, to talk with a payload that would stop there at each byte."""
        if self._end is not None:
            self._machine.gdb.clear_breakpoint(self._end, self._sleep_bytes)

    def run(self, start: int, limit: int, *, is_over: Callable[[bytes], bool]) -> Ending:
        """From `start` to the end, or to where more than `limit` instructions have been executed in the window.

        A payload that starts anew may take `boot` instructions more, the least that a start takes: so what counts is
        whether it was reset within the limit, whenever the bench looks.
        `is_over` is asked where the core stands at `end`, or sleeps elsewhere, with all that the payload has said: True
        spares the proof that it does not wake again.
        """
        said = bytearray()
        self._machine.qmp.resets = 0
        if self._nowhere is not None:
            self._nowhere.begin()
        try:
            while True:
                ending = self._run_on(start, limit, said, is_over)
                if ending is not None:
                    return ending
                start = self.time()
        except PeerDied as death:
            return Ending("died", bytes(said), 0, words=death.words)
        except EOFError:
            words = last_words(self._machine, said)
            return Ending("died", bytes(said), 0, words=words)

    def look_until_death(self, limit: int) -> Death:
        """How far the emulator, which is known to die from here on, is seen to come.

        It tells no count when it dies, so the bench looks as often as it can: every hundred thousand instructions or
        so.
        """
        gdb = self._machine.gdb
        patience = Patience(self._machine)
        last, stride = self.time(), 0
        try:
            while (now := self.time()) <= limit:
                last, stride = now, max(stride, now - last)
                gdb.go()
                gdb.interrupt()
                self._machine.drain()
                if patience.is_over:
                    raise BenchError(f"an emulator that has died does not die again within {DEADLINE_S:g} s")
        except (EOFError, PeerDied):
            return "before" if last + _STRIDES * stride < limit else "about"
        return "beyond"

    def _run_on(self, start: int, limit: int, said: bytearray, is_over: Callable[[bytes], bool]) -> Ending | None:
        """To the next stop; None where the core goes on."""
        machine, gdb = self._machine, self._machine.gdb
        patience = Patience(machine)
        look_at = patience.processor_s + (limit - start) / self._per_s
        gdb.go()
        asleep = looks = False
        usual_s = max(self._usual - start, 0) / self._per_s
        turns = chain([_START_S, _PATIENCE * usual_s + _START_S], repeat(_TURN_S))
        while gdb.wait_stop(next(turns)) is None:
            said += machine.line.transfer(b"", 0.0).received
            asleep = machine.is_idle()
            looks = not asleep and machine.processor_s() > look_at
            if asleep or looks:
                gdb.interrupt()
                break
            if patience.is_over:
                raise BenchError(f"a run has not ended within {DEADLINE_S:g} s")
        said += machine.drain()
        now, pc = self.time(), gdb.read_register(_PC)
        if now > limit + (self._boot if machine.qmp.resets else 0):
            return Ending("overrun", bytes(said), now, pc)
        if looks and self._nowhere is not None and self._nowhere.holds(limit - now + self._boot):
            return Ending("overrun", bytes(said), now, pc)
        if asleep or pc == self._end:
            self._learn(now - start, patience)
        if self._end is not None and (asleep or pc == self._end) and is_over(bytes(said)):
            return Ending("asleep", bytes(said), now, pc)
        if pc == self._end:
            return self._end_at(said) if self._falls_asleep() else None
        return self._end_at(said) if asleep and self._sleeps_on(now) else None

    def _learn(self, instructions: int, patience: Patience) -> None:
        """How fast the emulator is. This decides when the bench looks at a run that has not ended, and no outcome."""
        if self._measured < _MEASURED and instructions > _WORTH_MEASURING:
            self._measured += 1
            taken_s = self._machine.processor_s() - patience.processor_s
            self._per_s = max(self._per_s, instructions / taken_s if taken_s > 0 else 0.0)

    def _end_at(self, said: bytearray) -> Ending:
        return Ending("asleep", bytes(said), self.time(), self._machine.gdb.read_register(_PC))

    def _falls_asleep(self) -> bool:
        """Whether the instruction that the core stands at lets it sleep for good: the step never ends then."""
        self._machine.gdb.begin_step()
        return self._becomes_idle("a step")

    def _sleeps_on(self, now: int) -> bool:
        """Whether the core, told to go on, executes nothing: wherever an upset has let it fall asleep."""
        self._machine.gdb.go()
        return self._becomes_idle("a look at a core that sleeps") and self.time() == now

    def _becomes_idle(self, what: str) -> bool:
        """Whether the emulator falls idle before the core stops; it is stopped then."""
        machine, gdb = self._machine, self._machine.gdb
        until = time.monotonic() + DEADLINE_S
        while gdb.wait_stop(0.0) is None:
            if machine.is_idle():
                gdb.interrupt()
                return True
            if time.monotonic() > until:
                raise BenchError(f"{what} has not ended within {DEADLINE_S:g} s, and the emulator is not idle")
        return False

    def time(self) -> int:
        """Instructions since the window began."""
        return self._machine.instructions(self._since, self._machine.reading())


def last_words(machine: Machine, said: bytearray) -> str:
    """After the stub hung up: the process is ending, and what it prints is read to the end."""
    until = time.monotonic() + DEADLINE_S
    try:
        while time.monotonic() < until:
            said += machine.line.transfer(b"", 1.0).received
    except PeerDied as death:
        return death.words
    raise BenchError(f"the emulator has hung up on its debugger, and lives on {DEADLINE_S:g} s later")


def start_instructions(machine: Machine) -> int:
    """From power-on until the payload sleeps, of a machine that has just been started and that nobody talks to."""
    machine.gdb.go()
    until = time.monotonic() + DEADLINE_S
    while not machine.is_idle():
        machine.drain()
        if time.monotonic() > until:
            raise BenchError(f"the payload has not gone to sleep within {DEADLINE_S:g} s of its start")
    machine.gdb.interrupt()
    machine.drain()
    return machine.reading()
