"""The link after the window: the bench goes on as in any session, with a payload whose every wait is counted.

No clock takes part. The payload is spoken to only while its core sleeps with nothing pending, one byte at a time, and
each byte is followed by waiting until it sleeps again. So the core sees every byte at the same instruction whenever the
fault is injected. Time passes for the bench's end of the link only when there is nothing left to be said or heard: then
it is the next deadline's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from bench.errors import BenchError
from bench.transport import PeerDied
from bench.upset.ending import DEADLINE_S, Patience, last_words
from bench.upset.heard import Heard, Listener
from bench.upset.machine import Machine
from bench.upset.nowhere import Nowhere

How = Literal["answered", "silent", "overrun", "died"]
POLLS: Final = 8
"""Without anything new in between, after which nothing new is waited for; a link that hears nothing at all has given
up by then."""
FOR_A_BYTE: Final = 2_000
"""Instructions that the payload is allowed for each byte that the bench says, beside those for its work. A Cortex-M4F
takes 340 for a byte that comes alone, and 2000 for the last of a poll."""
LOOK_AFTER: Final = 100_000
"""The same where the payload guards models: it looks after one when it wakes, so after nearly every byte that comes
alone. A checksum and three copies of 27 weights with their variances take 30000 of a Cortex-M4F."""
MOST_EXCHANGES: Final = 100
"""Of one talk: a payload that has something new to say whenever it wakes would go on for ever. All rows of a window,
sent again, take some tens."""
MOST_BYTES: Final = 16_384
"""Said in one talk beside what there is to do: a payload that answers each byte has a frame for each of its answers."""
_ENDLESS: Final = "it answers, and there is no end of answers"
_LOOKS: Final = 2
_PAUSE_S: Final = 0.0
"""What all threads sleep through between two looks of each they sleep through together; nobody else speaks to them."""
_LOOK_AGAIN_S: Final = 0.02


@dataclass(frozen=True)
class Talk:
    """What came of talking on.

    `answered`: the payload answers, whatever it says. `words`: of what it died, or why it counts as overrun where that
    is not for its instructions.
    """

    how: How
    words: str = ""


class _OverrunError(Exception):
    """The payload has executed more instructions than it may, or wants to be told more; the core stands."""


class LiveLink:
    """Talks with the payload of a machine that stands where its core sleeps. No breakpoint may be set there."""

    def __init__(
        self,
        machine: Machine,
        listener: Listener,
        *,
        limit: int,
        guards: bool = False,
        nowhere: Nowhere | None = None,
    ) -> None:
        """`limit`: instructions that it may execute, those for each byte left out; `guards`: it guards models."""
        self._nowhere = nowhere
        self._for_a_byte = LOOK_AFTER if guards else FOR_A_BYTE
        self._bytes_left = 0
        self._machine = machine
        self._listener = listener
        self._limit = machine.reading() + limit

    def talk(self, until: Callable[[Heard], bool], *, polls: int = POLLS, work_bytes: int = 0) -> Talk:
        """Say what is to be said, and poll, until that is heard and the link owes nothing, or nothing new comes.

        Nothing new: so many `polls`, one after the other, have brought nothing but answers, or not even these.
        `work_bytes`: of the telecommands that are to be carried out, which may have to be sent twice. The machine is
        stopped afterwards, unless it died.
        """
        self._bytes_left = MOST_BYTES + 2 * work_bytes
        said = bytearray()
        try:
            self._machine.gdb.go()
            how = self._talk(until, polls)
            self._machine.gdb.interrupt()
        except _OverrunError as overrun:
            return Talk("overrun", str(overrun))
        except PeerDied as death:
            return Talk("died", death.words)
        except EOFError:
            return Talk("died", last_words(self._machine, said))
        return Talk("overrun") if self._machine.reading() > self._limit else Talk(how)

    def allow(self, instructions: int) -> None:
        """So many more, for more work."""
        self._limit += instructions

    def _talk(self, until: Callable[[Heard], bool], most: int) -> How:
        listener, connection = self._listener, self._listener.connection
        polls, news, frames = 0, listener.heard.news, self._frames()
        connection.expect(listener.now, telemetry=True)
        exchanges = 0
        while not (until(listener.heard) and listener.heard.settled):
            exchanges += 1
            if exchanges > MOST_EXCHANGES:
                self._machine.gdb.interrupt()
                raise _OverrunError(_ENDLESS)
            if data := connection.bytes_to_send(listener.now):
                listener.take(self._say(data))
                if self._machine.line.unread():
                    return "silent"  # asleep for good, with a byte before its UART
                if listener.heard.news != news:
                    polls, news, frames = 0, listener.heard.news, self._frames()
                continue
            deadline = connection.deadline()
            if deadline is None or polls >= most:
                break
            polls += 1
            listener.now = max(listener.now, deadline)
            connection.handle_deadline(listener.now)
            listener.take_events()
        is_silent = listener.heard.lost or self._frames() == frames
        return "silent" if polls and is_silent else "answered"

    def _frames(self) -> int:
        """Intact frames of this session, so far."""
        seen = self._listener.connection.statistics
        return seen.frames_received - seen.frames_stale

    def _say(self, data: bytes) -> bytes:
        """All that it says meanwhile; ends early where it sleeps on with a byte that it has not taken."""
        line, said = self._machine.line, bytearray()
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            self._machine.gdb.interrupt()
            raise _OverrunError(_ENDLESS)
        for byte in data:
            self._limit += self._for_a_byte
            said += line.transfer(bytes((byte,)), 0.0).received
            self._await_sleep(said)
            if line.unread():
                break
        self._count()
        return bytes(said)

    def _count(self) -> None:
        """Stop the core, as QEMU counts up to 2^31 instructions late while it runs; raises _OverrunError."""
        gdb = self._machine.gdb
        gdb.interrupt()
        left = self._limit - self._machine.reading()
        if left < 0 or (self._nowhere is not None and self._nowhere.holds(left)):
            raise _OverrunError
        gdb.go()

    def _await_sleep(self, said: bytearray) -> None:
        machine, patience = self._machine, Patience(self._machine)
        look_at = time.monotonic() + _LOOK_AGAIN_S
        while not machine.is_idle(_LOOKS, pause_s=_PAUSE_S):
            said += machine.drain()
            now = time.monotonic()
            if now > look_at:
                self._count()
                look_at = time.monotonic() + _LOOK_AGAIN_S
            if patience.is_over:
                raise BenchError(f"the payload has not fallen asleep again within {DEADLINE_S:g} s of a byte")
        said += machine.drain()
