"""Places in the code that the golden run passes again and again, found the same way on every machine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bench.gdb import GdbClient
from bench.upset.image import Image
from bench.upset.machine import Machine

PC: Final = 15
_HITS: Final = 5
"""Of one function, after which it is not stopped at again."""
_LEAST_HITS: Final = 3
_TRACED: Final = 2000
"""Steps in which places are looked for that are passed every few hundred and every few instructions."""
_WIDE: Final = 700
_NEVER_S: Final = 30.0
_MOST_STEPS: Final = 500
"""At the end of the way: some tens bring it there, where the places are passed as often as when they were found."""
_WORTHWHILE: Final = 20_000
"""Instructions between two instants from which on a rare place is looked for."""


@dataclass(frozen=True)
class Place:
    """`gap`: instructions from one pass to the next, the most that was seen."""

    address: int
    gap: int


class Steps:
    """Moves the machine, by breakpoints and single steps, over the run that begins at reading `since`."""

    def __init__(self, machine: Machine, *, code_bytes: int, since: int, sleeps: Sequence[int]) -> None:
        """`sleeps` are where the core goes to sleep, and have breakpoints already: there the run is over."""
        self._machine = machine
        self._gdb: GdbClient = machine.gdb
        self._code_bytes = code_bytes
        self._since = since
        self._sleeps = frozenset(sleeps)

    @property
    def time(self) -> int:
        """Instructions since the window began."""
        return self._machine.instructions(self._since, self._machine.reading())

    @property
    def at_end(self) -> bool:
        """The core is about to go to sleep: the run is over."""
        return self._gdb.read_register(PC) in self._sleeps

    def step(self) -> int:
        """One instruction; where the next one lies."""
        place = self._gdb.read_register(PC)
        self._gdb.step()
        return place

    def step_on(self, count: int) -> None:
        """So many instructions, fewer where the core would go to sleep."""
        for _ in range(count):
            if self.at_end:
                return
            self._gdb.step()

    def run_for(self, seconds: float) -> None:
        """So long by the host's clock, less where the core would go to sleep; where it stands then, it says itself."""
        if self.at_end:
            self._gdb.step()
        self._gdb.go()
        if self._gdb.wait_stop(seconds) is None:
            self._gdb.interrupt()

    def go(self) -> int:
        """To the next breakpoint; where it is, or -1 at the end of the run."""
        if self._gdb.read_register(PC) in self._sleeps:
            return -1
        self._gdb.step()  # a core that stands on a breakpoint would stop there at once
        self._gdb.go()
        stop = self._gdb.wait_stop(_NEVER_S, also=())
        if stop is None:
            self._gdb.interrupt()
            return -1
        place = self._gdb.read_register(PC)
        return -1 if place in self._sleeps else place

    def pass_by(self, place: Place, times: int) -> bool:
        """So many passes of `place`, at which a breakpoint stands; False where the run ended before."""
        for _ in range(times):
            self._gdb.step()
            self._gdb.go()
            if self._gdb.wait_stop(_NEVER_S) is None:
                self._gdb.interrupt()
                return False
            if self._sleeps and self._gdb.read_register(PC) != place.address:
                return False
        return True

    def set(self, address: int) -> None:
        self._gdb.set_breakpoint(address, self._code_bytes)

    def clear(self, address: int) -> None:
        self._gdb.clear_breakpoint(address, self._code_bytes)


def _find_rare(steps: Steps, functions: Iterable[int], *, instructions: int, parts: int) -> Place | None:
    """The function that is called most rarely, of those called several times, every so often, in a part of the run.

    The machine stands where the window begins, and then anywhere.
    """
    hits: dict[int, list[int]] = {}
    waiting = set(functions)
    for address in sorted(waiting):
        steps.set(address)
    while waiting and (place := steps.go()) >= 0:
        at = hits.setdefault(place, [])
        at.append(steps.time)
        if len(at) == _HITS:
            steps.clear(place)
            waiting.discard(place)
    for address in sorted(waiting):
        steps.clear(address)
    found = [
        Place(address, max(b - a for a, b in pairwise(at))) for address, at in hits.items() if len(at) >= _LEAST_HITS
    ]
    fitting = [place for place in found if place.gap <= instructions // parts]
    return max(fitting, key=lambda place: (place.gap, place.address), default=None)


def _find_near(steps: Steps) -> list[Place]:
    """From where the machine stands: one place passed every few hundred instructions, one every few."""
    passes: dict[int, list[int]] = {}
    for number in range(_TRACED):
        passes.setdefault(steps.step(), []).append(number)
    for at in passes.values():  # what is passed only in a part of the trace is no place
        at[:0], at[len(at) :] = [0], [_TRACED]
    gaps = {place: max(b - a for a, b in pairwise(at)) for place, at in passes.items() if len(at) >= _LEAST_HITS}
    wide = max(((gap, place) for place, gap in gaps.items() if gap <= _WIDE), default=None)
    narrow = min(((gap, place) for place, gap in gaps.items()), default=None)
    found = [place for place in (wide, narrow) if place is not None]
    return [Place(address, gap) for gap, address in dict.fromkeys(found)]


def find_places(machine: Machine, steps: Steps, image: Image, *, instructions: int, count: int) -> tuple[Place, ...]:
    """Passed rarely, often, and very often; `base` is saved where the window begins, and the machine ends anywhere."""
    machine.snapshots.load("base")
    rare = None
    if instructions // count > _WORTHWHILE:
        functions = {symbol.address for symbol in image.symbols.values() if symbol.kind == "STT_FUNC" and symbol.size}
        rare = _find_rare(steps, functions, instructions=instructions, parts=2 * count)
        machine.snapshots.load("base")
    if rare is not None:
        steps.set(rare.address)
        steps.pass_by(rare, 2)
        steps.clear(rare.address)
    return (*([rare] if rare else []), *_find_near(steps))


def approach(steps: Steps, places: Sequence[Place], instant: int) -> int:
    """Go to `instant`, or a little beside it; where the machine stands then."""
    now = steps.time
    for place in places:
        if instant - now <= 2 * place.gap:
            continue
        steps.set(place.address)
        while instant - now > 2 * place.gap:
            if not steps.pass_by(place, max(1, (instant - now) // place.gap // 2)):
                break
            now = steps.time
        steps.clear(place.address)
        now = steps.time
    for _ in range(min(_MOST_STEPS, instant - now)):
        steps.step()
    return steps.time
