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
        time, more = approach(steps, machine, levels, instant, begin=name)
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


def approach(steps: Steps, machine: Machine, levels: Levels, instant: int, *, begin: str) -> tuple[int, bytes]:
    """Go from the snapshot `begin` to `instant`, or as near before it as some hundred steps allow.

    Where the machine stands then, and what the payload has said on the way. On each level as many stops are made as lie
    before the instant, which is known when one has come too far: then the machine goes back, and the same way once more
    but for that stop. So no phase of the code is met more often than another.
    """
    _return(machine, begin)
    said = b""
    for level in levels:
        if instant - steps.time > _LOOP_STEPS:
            begin, more = _leap(steps, machine, level, instant, begin=begin)
            said += more
    if instant - steps.time > _LOOP_STEPS:
        near = find_near(steps)
        _return(machine, begin)
        begin, more = _leap(steps, machine, () if near is None else (near,), instant, begin=begin)
        said += more
    for _ in range(min(_MOST_STEPS, instant - steps.time)):
        steps.step()
    return steps.time, said + machine.drain()


def _leap(steps: Steps, machine: Machine, level: Sequence[int], instant: int, *, begin: str) -> tuple[str, bytes]:
    """From the snapshot `begin`, at which the machine stands, over the level's stops that lie before the instant.

    The snapshot at which it stands now, and what was said.
    """
    count = 0
    with steps.stops_at(level):
        while level and steps.go() >= 0 and steps.time <= instant:
            count += 1
        _return(machine, begin)
        for _ in range(count):
            steps.go()
    if not count:
        return begin, b""
    machine.snapshots.save(_WAY)
    return _WAY, machine.drain()


def _return(machine: Machine, name: str) -> None:
    """To a snapshot; what was said after it is forgotten."""
    machine.snapshots.load(name)
    machine.drain()
