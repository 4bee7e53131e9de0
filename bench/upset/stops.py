"""The ladder where timers run in the payload: rungs are where the host has stopped the emulator.

A breakpoint lets the clock of a guest jump to the next timer's deadline (QEMU 7.2): a flash that is busy would be done.
A stop from outside and a single step do not. Where the host stops the machine is not known before, but is counted
afterwards; the ladder is made once and shared, so its instants need only be known.
"""

import random
import time
from collections.abc import Iterator
from typing import Final

from bench.upset.ladder import BASE, Rung, wanted_instants
from bench.upset.machine import Machine
from bench.upset.places import Steps

_SEED: Final = 20260602
_MOST_PASSES: Final = 300
"""Through the window; 5 to 50 fill it."""
_RANDOM_STEPS: Final = 48
"""After a stop from outside, which comes between two blocks of code: the core is upset inside of them, too."""
_PER_S: Final = 1e8
"""Instructions per second of the host's, until it is known better."""


def climb_by_stops(steps: Steps, machine: Machine, *, instructions: int, count: int) -> Iterator[Rung]:
    """A rung in each of `count` equal parts of the window, in no order; a part that is never met has none.

    BASE is saved where the window begins, and is the first rung. Breakpoints stand where the core goes to sleep.
    """
    count = max(1, min(count, instructions))
    missing = {instant * count // instructions: instant for instant in wanted_instants(instructions, count)[1:]}
    machine.snapshots.load(BASE)
    yield _save(machine, 0, machine.drain())
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    per_s = _PER_S
    for _ in range(_MOST_PASSES if missing else 0):
        machine.snapshots.load(BASE)
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
                yield _save(machine, now, said)


def _save(machine: Machine, instant: int, said: bytes) -> Rung:
    name = f"rung{instant}"
    machine.snapshots.save(name)
    return Rung(name, instant, said)
