"""The ladder: snapshots of the golden run, each at a known instruction, and on every machine the same.

An emulator can be stopped soon, but not at a given instruction. So places are found that the run passes rarely, often
and very often; breakpoints there bring the machine near an instant, and single steps the rest of the way. Everything
that decides where it stands is the guest's own.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.upset.image import Image
from bench.upset.machine import Machine
from bench.upset.places import Place, Steps, find_near, find_rare

_SEED: Final = 20260601
"""Of the instants: the same for every machine, as faults name them."""
_MOST_STEPS: Final = 500
"""At the end of the way: some tens bring it there, where the places are passed as often as when they were found."""
_WORTHWHILE: Final = 20_000
"""Instructions between two instants from which on a rare place is looked for."""


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


def climb(steps: Steps, machine: Machine, places: Sequence[Place], wanted: Sequence[int]) -> Iterator[Rung]:
    """The rungs for the `wanted` instants, where they could be reached; `base` is saved where the window begins.

    Breakpoints stand at the image's sleeps. A rung lies some instructions beside the instant that was wanted where the
    code passes no place for long: it is where the machine stands, and that is known.
    """
    machine.snapshots.load("base")
    machine.drain()
    said, last = b"", -1
    for instant in wanted:
        time = approach(steps, places, instant)
        if time <= last or steps.at_end:
            continue
        said += machine.drain()
        name = f"rung{time}"
        machine.snapshots.save(name)
        yield Rung(name, time, said)
        last = time


def find_places(machine: Machine, steps: Steps, image: Image, *, instructions: int, count: int) -> tuple[Place, ...]:
    """Passed rarely, often, and very often; `base` is saved where the window begins, and the machine ends anywhere."""
    machine.snapshots.load("base")
    rare = None
    if instructions // count > _WORTHWHILE:
        functions = {symbol.address for symbol in image.symbols.values() if symbol.kind == "STT_FUNC" and symbol.size}
        rare = find_rare(steps, functions, instructions=instructions, parts=2 * count)
        machine.snapshots.load("base")
    if rare is not None:
        steps.set(rare.address)
        steps.pass_by(rare, 2)
        steps.clear(rare.address)
    return (*([rare] if rare else []), *find_near(steps))


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
