"""The ladder: snapshots of the golden run, each at a known instruction.

The host stops the emulator wherever it happens to be and looks at the count: as the ladder is made once and shared, its
instants need only be known, and lie everywhere. A breakpoint would be nearer to where one wants to be, but lets
the guest's clock jump to the next timer's deadline (QEMU 7.2): a watchdog that waits, or a flash that is busy, would be
in another state than in the golden run.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.upset.machine import Machine
from bench.upset.places import Steps

_SEED: Final = 20260601
_MOST_PASSES: Final = 300
"""Through the window; 5 to 20 fill it on a quiet machine."""
_RANDOM_STEPS: Final = 48
"""After a stop from outside, which comes between two blocks of code: the core is upset inside of them, too."""
_PER_S: Final = 1e8
"""Instructions per second of the host's, until it is known better."""


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


def climb(machine: Machine, steps: Steps, *, instructions: int, count: int) -> Iterator[Rung]:
    """A rung in each of `count` equal parts of the window, in no order; a part that is never met has none.

    `base` is saved where the window begins, and has a rung. Breakpoints stand where the core goes to sleep.
    """
    count = max(1, min(count, instructions))
    missing = {instant * count // instructions: instant for instant in wanted_instants(instructions, count)[1:]}
    machine.snapshots.load("base")
    said = machine.drain()
    machine.snapshots.save(_name(0))
    yield Rung(_name(0), 0, said)
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    per_s = _PER_S
    for _ in range(_MOST_PASSES if missing else 0):
        machine.snapshots.load("base")
        machine.drain()
        said, now = b"", 0
        while now < instructions and (goals := [instant for instant in missing.values() if instant > now]):
            began, before = time.monotonic(), now
            steps.run_for((min(goals) - now) / per_s)
            per_s = max(per_s, (steps.time - before) / (time.monotonic() - began))
            if steps.time * count // instructions in missing:
                steps.step_on(draw.randrange(_RANDOM_STEPS))
            now, said = steps.time, said + machine.drain()
            if not steps.at_end and missing.pop(now * count // instructions, None) is not None:
                machine.snapshots.save(_name(now))
                yield Rung(_name(now), now, said)


def _name(instant: int) -> str:
    return f"rung{instant}"
