"""Running a machine to its end after an injection: how it ended, by what the core does and never by a clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from bench.errors import BenchError
from bench.transport import PeerDied
from bench.upset.machine import Machine

How = Literal["asleep", "overrun", "died"]
DEADLINE_S: Final = 60.0
"""For one run: when it is over the bench has failed, whatever the payload does."""
_LOOK_S: Final = 0.05
_PC: Final = 15


@dataclass(frozen=True)
class Ending:
    """`asleep`: at an instruction that puts the core to sleep, with nothing pending that would wake it.
    `overrun`: it had executed more instructions than it may. `died`: the emulator ended, `words` says why."""

    how: How
    said: bytes
    time: int
    """Instructions since the window began; 0 where it died."""
    pc: int = 0
    words: str = ""


class Runner:
    """Lets the core run on until one of `sleeps` is reached, where breakpoints stand."""

    def __init__(self, machine: Machine, sleeps: tuple[int, ...], *, since: int, sleep_bytes: int) -> None:
        self._machine = machine
        self._sleeps = sleeps
        self._since = since
        self._sleep_bytes = sleep_bytes

    def arm(self) -> None:
        """Set the breakpoints; needed once for each process of the emulator."""
        for address in self._sleeps:
            self._machine.gdb.set_breakpoint(address, self._sleep_bytes)

    def disarm(self) -> None:
        """Take the breakpoints away: the machine then runs as if there were none."""
        for address in self._sleeps:
            self._machine.gdb.clear_breakpoint(address, self._sleep_bytes)

    def run(self, limit: int, *, is_done: Callable[[int, bytes], bool]) -> Ending:
        """To the end, or to where more than `limit` instructions have been executed since the window began.

        `is_done` is asked where the core is about to sleep, with that place and all that the payload has said: True
        spares the proof that it does not wake again.
        """
        said = bytearray()
        try:
            while True:
                ending = self._run_on(limit, said, is_done)
                if ending is not None:
                    return ending
        except PeerDied as death:
            return Ending("died", bytes(said), 0, words=death.words)
        except EOFError:
            return self._death(said)

    def _run_on(self, limit: int, said: bytearray, is_done: Callable[[int, bytes], bool]) -> Ending | None:
        """To the next sleep; None where the core was woken from it at once."""
        machine, gdb = self._machine, self._machine.gdb
        gdb.go()
        until = time.monotonic() + DEADLINE_S
        look_at = time.monotonic() + _LOOK_S
        while gdb.wait_stop(_LOOK_S, also=(machine.line.fileno(),)) is None:
            said += machine.line.transfer(b"", 0.0).received
            if time.monotonic() < look_at:
                continue
            look_at = time.monotonic() + _LOOK_S
            gdb.interrupt()
            now = self.time()
            if now > limit or gdb.read_register(_PC) in self._sleeps:
                break
            if time.monotonic() > until:
                raise BenchError(f"a run has not ended within {DEADLINE_S:g} s, after {now} instructions")
            gdb.go()
        said += machine.drain()
        now, pc = self.time(), gdb.read_register(_PC)
        if now > limit:
            return Ending("overrun", bytes(said), now, pc)
        if pc not in self._sleeps:
            return None
        done = is_done(pc, bytes(said)) or self._falls_asleep()
        return Ending("asleep", bytes(said), now, pc) if done else None

    def _falls_asleep(self) -> bool:
        """Whether the instruction that the core stands at lets it sleep for good: the step never ends then."""
        machine, gdb = self._machine, self._machine.gdb
        gdb.begin_step()
        until = time.monotonic() + DEADLINE_S
        while gdb.wait_stop(0.0) is None:
            if machine.is_idle():
                gdb.interrupt()
                return True
            if time.monotonic() > until:
                raise BenchError(f"a step has not ended within {DEADLINE_S:g} s, and the emulator is not idle")
        return False

    def time(self) -> int:
        """Instructions since the window began."""
        return self._machine.instructions(self._since, self._machine.reading())

    def _death(self, said: bytearray) -> Ending:
        """After the stub hung up: the process is ending, and its words are read to their end."""
        until = time.monotonic() + DEADLINE_S
        try:
            while time.monotonic() < until:
                said += self._machine.line.transfer(b"", 1.0).received
        except PeerDied as death:
            return Ending("died", bytes(said), 0, words=death.words)
        raise BenchError(f"the emulator has hung up on its debugger, and lives on {DEADLINE_S:g} s later")
