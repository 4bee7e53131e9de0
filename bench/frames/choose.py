"""Which lines of a link are wanted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bench.frames.decode import Line, Note
from firmware_if.framing import Corrupt, Frame
from firmware_if.messages import FrameType, LowSeverityEvent, MediumSeverityEvent, NotAccepted, NotCompleted

_BAD_MESSAGES = (NotAccepted, NotCompleted, LowSeverityEvent, MediumSeverityEvent)


@dataclass(frozen=True)
class Choice:
    """The default is all of them."""

    only: tuple[str, ...] = ()
    """Shell patterns, in any case, of names of messages or frames, or `console`, `corrupt` and `note`."""
    errors: bool = False
    """What went wrong: corrupt bytes, bad packets, refusals, rejects, frames lost or sent again, restarts, notes."""
    last: int | None = None
    """Only so many, the last ones."""


def chosen(lines: Iterable[Line], choice: Choice) -> Iterator[Line]:
    """The lines of a choice, in order; without `last` as they come."""
    patterns = [pattern.lower() for pattern in choice.only]
    wanted = (
        line
        for line in lines
        if (not patterns or any(fnmatchcase(name.lower(), p) for name in line.names for p in patterns))
        and (not choice.errors or is_error(line))
    )
    return wanted if choice.last is None else iter(deque(wanted, maxlen=choice.last))


def is_error(line: Line) -> bool:
    """Whether something went wrong there."""
    item = line.item
    if not isinstance(item, Frame):
        return isinstance(item, Corrupt | Note)
    message = line.message
    return bool(line.fault or line.order) or item.header.type == FrameType.REJECT or isinstance(message, _BAD_MESSAGES)
