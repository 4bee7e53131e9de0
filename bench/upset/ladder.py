"""The ladder: snapshots of the golden run at stated counts of instructions, reached exactly.

An emulator can be stopped soon, but not at a given instruction. So a place in the code is found that is passed every few
hundred instructions; a breakpoint there brings the machine near, and single steps the rest of the way.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.errors import BenchError
from bench.gdb import GdbClient
from bench.upset.machine import Machine

_TRACED: Final = 1500
"""Steps in which a place is looked for that is passed again and again."""
_GAPS: Final = (1000, 150, 30)
_NEAR: Final = 2000
_MOMENT_S: Final = 0.004
_LEAST_MOMENT_S: Final = 0.0001
_PC: Final = 15
_PASS_S: Final = 2.0
"""Thousands of times what a pass takes; a place that is passed no more only makes the climb slower."""
_SEED: Final = 20260601
"""Of the instants: the same for every machine, as faults name them."""


@dataclass(frozen=True)
class Rung:
    """A snapshot: `time` in instructions since the window began, `said` all that the payload had sent by then."""

    name: str
    time: int
    said: bytes


def choose_instants(instructions: int, count: int) -> tuple[int, ...]:
    """One instant in each of `count` equal parts of the window, at random within it; the first is 0.

    Equal distances might beat with the loops of the training.
    """
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    count = max(1, min(count, instructions))
    times = {int((part + draw.random()) * instructions / count) for part in range(1, count)}
    return (0, *sorted(times - {0}))


@dataclass
class _Place:
    """Where the code is passed again and again; `gap`: instructions from one pass to the next, the most seen."""

    address: int
    gap: int


class Climb:
    """Goes along the golden run of `instructions`. Where the window begins is saved as `base`."""

    def __init__(self, machine: Machine, *, code_bytes: int, since: int, instructions: int) -> None:
        self._machine = machine
        self._gdb: GdbClient = machine.gdb
        self._code_bytes = code_bytes
        self._since = since
        self._instructions = instructions
        self._places: list[_Place] = []

    @property
    def time(self) -> int:
        """Instructions since the window began."""
        return self._machine.instructions(self._since, self._machine.reading())

    def rungs(self, instants: Sequence[int]) -> Iterator[Rung]:
        """Save a snapshot at each of `instants`, which ascend from 0."""
        if len(instants) > 1:
            self._back("base")
            self._creep(self._instructions // 2, "base", near=self._instructions // 4)
            self._places = self._find_places()
        back = "base"
        said = b""
        self._back(back)
        for number, instant in enumerate(instants):
            self._reach(instant, back)
            said += self._machine.drain()
            back = f"rung{number}"
            self._machine.snapshots.save(back)
            yield Rung(back, instant, said)

    def _back(self, name: str) -> None:
        self._machine.snapshots.load(name)
        self._machine.drain()

    def _reach(self, instant: int, back: str) -> None:
        now = self.time
        for place in self._places:
            if instant - now > 2 * place.gap:
                now = self._come_near(place, instant, now)
        if now > instant:  # a place was not passed for longer than ever before
            self._back(back)
            now = self._creep(instant, back, near=_NEAR)
        for _ in range(instant - now):
            self._gdb.step()
        if self.time != instant:
            raise BenchError(f"the golden run was to be stopped at instruction {instant}, and stands at {self.time}")

    def _creep(self, instant: int, back: str, *, near: int) -> int:
        """Run for moments on the host's clock until at most `near` before `instant`, or as near as that goes."""
        moment_s, now = _MOMENT_S, self.time
        while instant - now > near and moment_s > _LEAST_MOMENT_S:
            self._gdb.go()
            self._gdb.wait_stop(moment_s)
            if self._gdb.running:
                self._gdb.interrupt()
            now = self.time
            if now > instant:
                self._back(back)
                moment_s, now = moment_s / 2, self.time
        return now

    def _find_places(self) -> list[_Place]:
        """One that is passed rarely, one more often, one very often: from afar, and then nearer."""
        passes: dict[int, list[int]] = {}
        for step in range(_TRACED):
            passes.setdefault(self._gdb.read_register(_PC), []).append(step)
            self._gdb.step()
        gaps = {
            place: max(b - a for a, b in zip(at, at[1:], strict=False)) for place, at in passes.items() if len(at) > 1
        }
        places: list[_Place] = []
        for wanted in _GAPS:
            fitting = [(gap, place) for place, gap in gaps.items() if gap <= wanted]
            if fitting and (not places or max(fitting)[0] < places[-1].gap):
                gap, address = max(fitting)
                places.append(_Place(address, gap))
        return places

    def _come_near(self, place: _Place, instant: int, now: int) -> int:
        self._gdb.set_breakpoint(place.address, self._code_bytes)
        try:
            while instant - now > 2 * place.gap:
                passes = max(1, (instant - now) // place.gap - 2)
                if not all(self._pass() for _ in range(passes)):
                    return self.time
                after = self.time
                place.gap = max(place.gap, -(-(after - now) // passes))
                now = after
        finally:
            self._gdb.clear_breakpoint(place.address, self._code_bytes)
        return now

    def _pass(self) -> bool:
        """To the next pass; False where there is none. A core that stands on a breakpoint would stop there at once."""
        self._gdb.step()
        self._gdb.go()
        if self._gdb.wait_stop(_PASS_S) is None:
            self._gdb.interrupt()
            return False
        return True
