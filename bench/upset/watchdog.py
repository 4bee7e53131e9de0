"""How long the payload's watchdog waits, in instructions: tried, so that it is also known to bite after a restore."""

from __future__ import annotations

from bench.errors import BenchError
from bench.upset.ending import Patience
from bench.upset.hold import held_at
from bench.upset.image import Image
from bench.upset.ladder import BASE
from bench.upset.machine import Machine
from bench.upset.work import ROWS_ENTRY


def measure_watchdog(machine: Machine, image: Image, *, since: int) -> int:
    """Instructions from the window's beginning until a payload that stands still has been started anew and sleeps.

    Raises BenchError where the watchdog does not bite.
    """
    gdb, entry = machine.gdb, image.symbols[ROWS_ENTRY].address
    machine.snapshots.load(BASE)
    machine.drain()
    machine.qmp.resets = 0
    with held_at(gdb, entry, thumb=image.thumb):
        gdb.go()
        patience = Patience(machine)
        while not machine.is_idle() and not patience.is_over:
            machine.drain()
        gdb.interrupt()
    waited = machine.instructions(since, machine.reading())
    if not machine.qmp.resets:
        raise BenchError(
            f"the watchdog has not started a payload anew that stood still for {waited} instructions",
            hint="leave out watchdog, or see whether this port has one that the emulator carries out",
        )
    return waited
