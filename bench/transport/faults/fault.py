"""One fault at one place of one direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WAYS: Final = ("to_payload", "from_payload")
KINDS: Final = (
    "reset",
    "disconnect",
    "renumber",
    "stall",
    "drop",
    "truncate",
    "insert",
    "duplicate",
    "flip",
    "burst",
)
"""In the order in which they take effect where several meet at one byte."""
BREAKS: Final = frozenset(("reset", "disconnect", "renumber"))
"""After these the bytes that follow are lost, or not taken."""
_TIMED: Final = frozenset(("stall", "disconnect", "renumber"))
_RUNS: Final = frozenset(("drop", "truncate", "duplicate"))
_WITH_DATA: Final = frozenset(("insert", "flip", "burst"))

MOST_OFFSET: Final = 1 << 53
MOST_BYTES: Final = 1 << 16
"""Of a run that is lost or doubled."""
MOST_DATA: Final = 1 << 12
"""Bytes put in, or bytes of one burst."""
MOST_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class Fault:
    """What happens when the byte at `offset` passes; offsets count the bytes that have entered the line that way.

    length: bytes that are lost or doubled; truncate: at most, else to the end of the frame. data: what is put in, or,
    for flip and burst, the bits that are turned over in as many bytes. seconds: stall, disconnect and renumber.
    """

    way: str
    kind: str
    offset: int
    length: int = 0
    data: bytes = b""
    seconds: float = 0.0


def check_fault(fault: Fault) -> str:
    """What is wrong with a fault that comes from a file; empty if nothing is."""
    runs, data, timed = (fault.kind in kinds for kinds in (_RUNS, _WITH_DATA, _TIMED))
    seconds = fault.seconds
    rules = (
        (fault.way in WAYS, f"way {fault.way!r}"),
        (fault.kind in KINDS, f"kind {fault.kind!r}"),
        (0 <= fault.offset <= MOST_OFFSET, f"offset {fault.offset}"),
        (runs <= fault.length <= MOST_BYTES * runs, f"length {fault.length} of a {fault.kind}"),
        (data <= len(fault.data) <= MOST_DATA * data, f"{len(fault.data)} bytes of data of a {fault.kind}"),
        ((0 < seconds <= MOST_SECONDS) if timed else seconds == 0, f"{seconds} seconds of a {fault.kind}"),
    )
    return next((what for holds, what in rules if not holds), "")
