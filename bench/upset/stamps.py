"""The payload's own time stamps as instructions of the window, so that it is known when an event was made.

Under -icount a guest instruction lasts 2^shift ns of the guest's time. Where the payload's uptime stands when the
window begins is found by running the golden run once more with a breakpoint at the port's function for it.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Final

from bench.errors import BenchError
from bench.target import QemuTransportSpec, Target
from bench.upset.ending import DEADLINE_S
from bench.upset.golden import GoldenRun
from bench.upset.heard import stamps_of
from bench.upset.image import Image
from bench.upset.machine import Machine
from bench.upset.places import PC

UPTIME: Final = "uptime_us"
"""The function of a port that tells the uptime, which each packet is stamped with."""
GRAIN_S: Final = 2.0**-16
"""Of a time stamp (SPEC.md)."""
_FIRST: Final = 1
_SHIFT: Final = re.compile(r"shift=(\d+)")


@dataclass(frozen=True)
class Stamps:
    """The payload's uptime is `offset_s` where the window begins; an instruction lasts `instruction_s`."""

    offset_s: float
    instruction_s: float

    def instruction(self, uptime_s: float) -> int:
        """Of the window, when a packet with that stamp was made; too early by up to `grain`."""
        return round((uptime_s - self.offset_s) / self.instruction_s)

    @property
    def grain(self) -> int:
        """Instructions between two stamps that differ."""
        return round(GRAIN_S / self.instruction_s)


def instruction_s(target: Target) -> float | None:
    """What a guest instruction lasts of the guest's own time; None where the emulator's options do not say."""
    spec = target.transport
    if not isinstance(spec, QemuTransportSpec) or "-icount" not in spec.arguments:
        return None
    found = _SHIFT.search(spec.arguments[spec.arguments.index("-icount") + 1])
    return 2 ** int(found[1]) / 1e9 if found else None


def find_stamps(machine: Machine, image: Image, target: Target, run: GoldenRun) -> Stamps | None:
    """None where it cannot be told: no such function, or stamps that are not this clock's.

    The machine ends anywhere; a breakpoint stands already where the run ends, or none may.
    """
    lasts = instruction_s(target)
    if lasts is None or UPTIME not in image.symbols:
        return None
    calls = _calls(machine, image, run, most=_FIRST if run.end is None else None)
    stamped = stamps_of(run.window.connection, run.said)
    offsets: list[float] = []
    for uptime, call in zip(stamped, calls, strict=False):  # afterwards it asks when to look after protected models
        found = [*offsets, uptime - call * lasts]
        if max(found) - min(found) > 2 * GRAIN_S:
            break
        offsets = found
    is_sure = len(offsets) == len(stamped) or len(calls) < len(stamped)
    if not offsets or not is_sure:
        return None
    stamps = Stamps(max(offsets), lasts)
    lie_within = all(-stamps.grain <= stamps.instruction(at) <= run.instructions for at in stamped)
    return stamps if lie_within else None


def _calls(machine: Machine, image: Image, run: GoldenRun, *, most: int | None) -> list[int]:
    """When the payload asked for its uptime in the golden run, as long as that goes as it did; `most`: so often.

    A breakpoint lets the guest's clock jump to the next timer's deadline: where one runs, the first is sure alone.
    """
    gdb, address = machine.gdb, image.symbols[UPTIME].address
    machine.snapshots.load(run.rungs[0].name)
    machine.drain()
    gdb.set_breakpoint(address, image.sleep_bytes)
    calls: list[int] = []
    until = time.monotonic() + DEADLINE_S
    while True:
        gdb.go()
        while gdb.wait_stop(DEADLINE_S, also=(machine.line.fileno(),)) is None:
            machine.drain()
            if time.monotonic() > until:
                raise BenchError(f"the golden run has not been run again within {DEADLINE_S:g} s")
        now = machine.instructions(run.since, machine.reading())
        if now >= run.instructions or gdb.read_register(PC) != address:
            break
        calls.append(now)
        if len(calls) == most:
            break
        gdb.clear_breakpoint(address, image.sleep_bytes)
        gdb.step()
        gdb.set_breakpoint(address, image.sleep_bytes)
    gdb.clear_breakpoint(address, image.sleep_bytes)
    machine.drain()
    return calls
