"""Places in the code that the golden run passes again and again, and moving along it by them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from bench.gdb import GdbClient
from bench.upset.machine import Machine

PC: Final = 15
_HITS: Final = 50
"""Of one function, after which it is not stopped at again."""
_SEEN_PARTS: Final = 5
_FRACTIONS: Final = (4, 32, 256, 2048, 1 << 62)
"""Of the instructions between two instants, that lie between two calls of a level's functions."""
_LEAST_HITS: Final = 3
_TRACED: Final = 400
"""Steps in which a place is looked for that a loop passes."""
_NEVER_S: Final = 30.0

Levels = tuple[tuple[int, ...], ...]
"""Addresses to stop at on the way to an instant: on each level those of the one before, and some passed more often."""


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
        """So long by the host's clock, less where the core would go to sleep."""
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

    @contextmanager
    def stops_at(self, addresses: Iterable[int]) -> Iterator[None]:
        """Breakpoints there, but where the core goes to sleep, for that has them already."""
        wanted = [address for address in addresses if address not in self._sleeps]
        for address in wanted:
            self._gdb.set_breakpoint(address, self._code_bytes)
        try:
            yield
        finally:
            for address in wanted:
                self._gdb.clear_breakpoint(address, self._code_bytes)


def find_levels(steps: Steps, functions: Iterable[int], *, part: int) -> Levels:
    """Those that are called in the next instructions, on levels by how often; the machine ends anywhere.

    `part` is how many instructions lie between two instants: on each level some tens of calls.
    """
    hits: dict[int, list[int]] = {}
    with ExitStack() as waiting:
        standing = {function: waiting.enter_context(ExitStack()) for function in sorted(set(functions))}
        for function, stack in standing.items():
            stack.enter_context(steps.stops_at([function]))
        while (place := steps.go()) >= 0 and (now := steps.time) <= _SEEN_PARTS * part:
            hits.setdefault(place, []).append(now)
            if len(hits[place]) == _HITS:
                standing[place].close()
    gaps = {function: (at[-1] - at[0]) // (len(at) - 1) for function, at in hits.items() if len(at) > 1}
    return tuple(
        tuple(sorted(function for function, gap in gaps.items() if gap >= part // fraction)) for fraction in _FRACTIONS
    )


def find_near(steps: Steps) -> int | None:
    """From where the machine stands: the place that is passed most often in the next steps, if there is a loop."""
    passes: dict[int, int] = {}
    for _ in range(_TRACED):
        place = steps.step()
        passes[place] = passes.get(place, 0) + 1
    often = max(passes, key=lambda place: (passes[place], place))
    return often if passes[often] >= _LEAST_HITS else None
