"""How many rows the payload had trained on at each rung: read from its own variables, whose place is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bench.upset.golden import GoldenRun
from bench.upset.image import SERVICE, Image
from bench.upset.machine import Machine

_WORD: Final = 4


def rows_at_rungs(
    machine: Machine, image: Image, run: GoldenRun, *, first: int, end: int, to_the_end: Callable[[], object]
) -> Mapping[int, int]:
    """The row that is next, by the rungs' times; nothing where that is not to be found.

    `first` is next where the window begins, `end` where `to_the_end` has brought the machine.
    """
    symbol = image.symbols.get(SERVICE)
    if symbol is None:
        return {}
    machine.snapshots.load(run.rungs[0].name)
    machine.drain()
    before = machine.gdb.read_memory(symbol.address, symbol.size)
    to_the_end()
    places = find_counters(before, machine.gdb.read_memory(symbol.address, symbol.size), first=first, end=end)
    if not places:
        return {}
    found = {}
    for rung in run.rungs:
        machine.snapshots.load(rung.name)
        words = [machine.gdb.read_memory(symbol.address + place, _WORD) for place in places]
        found[rung.time] = min(int.from_bytes(word, "little") for word in words)  # they differ where a row is under way
    machine.drain()
    return found


def find_counters(before: bytes, after: bytes, *, first: int, end: int) -> list[int]:
    """Where words lie that were `first` and became `end`: they count rows."""
    pair = first.to_bytes(_WORD, "little"), end.to_bytes(_WORD, "little")
    return [
        place
        for place in range(0, min(len(before), len(after)) - _WORD + 1, _WORD)
        if (before[place : place + _WORD], after[place : place + _WORD]) == pair
    ]
