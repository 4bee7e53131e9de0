"""The ladder: snapshots of the golden run, each at a known instruction, and on every machine the same.

An emulator can be stopped soon, but not at a given instruction. So breakpoints at functions bring the machine near an
instant, and single steps the rest of the way. Everything that decides where it stands is the guest's own.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.upset.image import Image
from bench.upset.machine import Machine
from bench.upset.places import Levels, Steps, find_levels, find_near

_SEED: Final = 20260601
"""Of the instants: the same for every machine, as faults name them."""
_MOST_STEPS: Final = 2000
"""At the end of the way; some tens mostly bring it there."""
_LOOP_STEPS: Final = 300
"""From so many on a loop is looked for."""


BASE: Final = "base"
"""The snapshot of where the window begins."""
_WAY: Final = "way"


@dataclass(frozen=True)
class Rung:
    """A snapshot: `time` in instructions since the window began, `said` all that the payload had sent by then."""

    name: str
    time: int
    said: bytes


@dataclass(frozen=True)
class Way:
    """How the machine comes to an instant: over breakpoints at places, met so often, and by single steps."""

    stops: tuple[tuple[tuple[int, ...], int], ...]
    steps: int

    def follow(self, steps: Steps) -> None:
        """From where it begins."""
        for places, count in self.stops:
            with steps.stops_at(places):
                for _ in range(count):
                    steps.go()
        for _ in range(self.steps):
            steps.step()


def wanted_instants(instructions: int, count: int) -> tuple[int, ...]:
    """One instant in each of `count` equal parts of the window, at random within it; the first is 0.

    Equal distances might beat with the loops of the training.
    """
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    count = max(1, min(count, instructions))
    times = {int((part + draw.random()) * instructions / count) for part in range(1, count)}
    return (0, *sorted(times - {0}))


def climb(steps: Steps, machine: Machine, levels: Levels, wanted: Sequence[int]) -> Iterator[Rung]:
    """The rungs for the `wanted` instants; `base` is saved where the window begins.

    Breakpoints stand at the image's sleeps. A rung lies before the instant that was wanted where the code passes no
    place for long: it is where the machine stands, and that is known.
    """
    said, last, name = b"", -1, BASE
    for instant in wanted:
        _, more = approach(steps, machine, levels, instant, begin=name)
        time = steps.time
        if time <= last or steps.at_end:
            continue
        said += more
        name = f"rung{time}"
        machine.snapshots.save(name)
        yield Rung(name, time, said)
        last = time


def make_levels(machine: Machine, steps: Steps, image: Image, *, instructions: int, count: int) -> Levels:
    """For so many instants; `base` is saved where the window begins, and the machine ends anywhere."""
    machine.snapshots.load(BASE)
    functions = [symbol.address for symbol in image.symbols.values() if symbol.kind == "STT_FUNC" and symbol.size]
    return find_levels(steps, functions, part=max(1, instructions // count))


def approach(steps: Steps, machine: Machine, levels: Levels, instant: int, *, begin: str) -> tuple[Way, bytes]:
    """Go from the snapshot `begin` to `instant`, or as near before it as some hundred steps allow.

    The way there, now that it is known, and what the payload has said on it. On each level as many stops are made as
    lie before the instant, which is known when one has come too far: then the machine goes back, and the same way once
    more but for that stop. So no phase of the code is met more often than another.
    """
    _return(machine, begin)
    said, stops = b"", []
    for level in levels:
        if instant - steps.time > _LOOP_STEPS:
            begin, more, count = _leap(steps, machine, level, instant, begin=begin)
            stops.append((tuple(level), count))
            said += more
    if instant - steps.time > _LOOP_STEPS:
        near = find_near(steps)
        _return(machine, begin)
        level = () if near is None else (near,)
        begin, more, count = _leap(steps, machine, level, instant, begin=begin)
        stops.append((level, count))
        said += more
    left = min(_MOST_STEPS, instant - steps.time)
    for _ in range(left):
        steps.step()
    return Way(tuple(stop for stop in stops if stop[1]), left), said + machine.drain()


def _leap(steps: Steps, machine: Machine, level: Sequence[int], instant: int, *, begin: str) -> tuple[str, bytes, int]:
    """From the snapshot `begin`, at which the machine stands, over the level's stops that lie before the instant.

    The snapshot at which it stands now, what was said, and how many stops they were.
    """
    count = 0
    with steps.stops_at(level):
        while level and steps.go() >= 0 and steps.time <= instant:
            count += 1
        _return(machine, begin)
        for _ in range(count):
            steps.go()
    if not count:
        return begin, b"", 0
    machine.snapshots.save(_WAY)
    return _WAY, machine.drain(), count


def _return(machine: Machine, name: str) -> None:
    """To a snapshot; what was said after it is forgotten."""
    machine.snapshots.load(name)
    machine.drain()
