"""A process and all that it started, also what has left its process group, as `timeout` and job control do."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_STARTED = 19
"""Of the fields of /proc/PID/stat behind the command's name (proc(5): 22, counted from 1)."""


@dataclass(frozen=True)
class Member:
    """A process by more than its number, which is used again. `started` is in ticks since boot."""

    pid: int
    started: int


def family(pid: int) -> frozenset[Member]:
    """The process and its descendants as they are now; what a dead one left behind has no tie to it any more."""
    return frozenset(member for one in _descend(pid) if (member := _member(one)) is not None)


def send(members: Iterable[Member], number: signal.Signals) -> None:
    """Send a signal to those that are still there."""
    for member in members:
        if _member(member.pid) == member:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(member.pid, number)


def _descend(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # it has just ended
            for child in thread.read_text(encoding="ascii").split():
                yield from _descend(int(child))


def _member(pid: int) -> Member | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return Member(pid, int(fields[_STARTED]))
    except (OSError, IndexError, ValueError):
        return None
