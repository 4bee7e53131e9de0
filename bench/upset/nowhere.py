"""A core that an upset has sent to where the machine has nothing, and that executes zeros there, one by one.

QEMU's boards answer reads from there with 0 (`movs r0, r0` in Thumb state, `andeq r0, r0, r0` in ARM state) and carry
out half a million such instructions per second. What comes of it is known beforehand: nothing, up to the next place
that is something, or until a watchdog bites.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bench.errors import BenchError
from bench.upset.machine import Machine
from bench.upset.places import PC

_REGION: Final = re.compile(r"^\s*([0-9a-f]{16})-([0-9a-f]{16}) \(prio (-?\d+), ")
_VIEW: Final = "FlatView"
_MEMORY: Final = 'AS "memory", root: system'
_UNIMPLEMENTED: Final = -1000
"""The priority of regions that stand for devices which QEMU does not have: they read as 0, and nothing else."""
_END: Final = 1 << 32
_WIDTHS: Final = (2, 4)
_MOST_JUMPS: Final = 3
_JUMP_S: Final = 10.0


def empty_ranges(tree: str) -> tuple[range, ...]:
    """Addresses without memory and devices, by what QEMU's monitor says to `info mtree -f`."""
    taken: list[tuple[int, int]] = []
    for view in tree.split(_VIEW):
        if _MEMORY in view:
            found = filter(None, map(_REGION.match, view.splitlines()))
            taken += [(int(one[1], 16), int(one[2], 16) + 1) for one in found if int(one[3]) != _UNIMPLEMENTED]
    empty, last = [], 0
    for begin, end in sorted(taken):
        if begin > last:
            empty.append(range(last, begin))
        last = max(last, end)
    return (*empty, range(last, _END)) if taken and last < _END else tuple(empty)


class Nowhere:
    """Tells such a core, and brings it on to where a watchdog bites."""

    def __init__(self, machine: Machine, empty: Sequence[range], *, watched: bool) -> None:
        """`watched`: a watchdog waits, and no other timer interrupts the payload."""
        self._machine = machine
        self._empty = empty
        self._watched = watched
        self._jumps = 0

    def begin(self) -> None:
        """Another run."""
        self._jumps = 0

    def holds(self, instructions: int) -> bool:
        """Whether the core, which is stopped, will execute nothing but zeros for so many instructions.

        One of them is tried. Where a watchdog waits, the guest's clock is brought on to where it bites, instead of as
        many instructions, and the answer is no; unless that has happened some times, and nothing came of it.
        """
        gdb = self._machine.gdb
        place = gdb.read_register(PC)
        empty = next((one for one in self._empty if place in one), None)
        if empty is None:
            return False
        gdb.step()
        after = gdb.read_register(PC)
        width = after - place
        if width not in _WIDTHS or after + instructions * width > empty.stop:
            return False
        if not self._watched or self._jumps == _MOST_JUMPS:
            return True
        self._jumps += 1
        gdb.set_breakpoint(after, width)  # a core that stops at one lets the clock jump to the next timer (QEMU 7.2)
        gdb.go()
        if gdb.wait_stop(_JUMP_S) is None:
            raise BenchError(f"a breakpoint where the core stands has not stopped it within {_JUMP_S:g} s")
        gdb.clear_breakpoint(after, width)
        return False
