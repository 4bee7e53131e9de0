"""How long the bench waits for a payload that is slow, silent, or never stops talking."""

from dataclasses import dataclass
from typing import Final

_TIMES: Final = 6
"""A request that is answered all the time, but not ended, takes no longer than so many times its patience."""
_SLOWEST_BYTES_PER_S: Final = 480.0
"""Of a line whose rate is not known: 4800 baud."""
_MOST_ANSWERS: Final = 1000
"""Packets that answer one telecommand, if they carry no state; the largest catalogue needs far fewer."""
_LEAST_PIECE_BYTES: Final = 64
"""Of a state that is dumped; shorter pieces would be mostly headers."""


@dataclass(frozen=True)
class Patience:
    """In seconds. `answer_s`: without a message that belongs to a request; `stall_s`: without a result of rows sent."""

    answer_s: float = 10.0
    stall_s: float = 30.0


class RequestLimit:
    """Ends the wait for one request: after silence, after too long, or after too many packets.

    Silence counts from the last message, as a slow line may carry a long answer, of about `answer_bytes`. The whole is
    limited all the same: a payload that says something for ever must not keep a run from ending.
    """

    def __init__(
        self, now: float, *, silence_s: float, answer_bytes: int = 0, line_bytes_per_s: float | None = None
    ) -> None:
        self._silence_s = silence_s
        self._silent_until = now + silence_s
        rate = line_bytes_per_s or _SLOWEST_BYTES_PER_S
        self.whole_s = _TIMES * silence_s + 2 * answer_bytes / rate
        self._until = now + self.whole_s
        self._packets_left = _MOST_ANSWERS + answer_bytes // _LEAST_PIECE_BYTES
        self.packets = 0

    def heard(self, now: float, packets: int) -> None:
        """So many packets came."""
        self._silent_until = now + self._silence_s
        self.packets += packets

    def put_off(self, seconds: float) -> None:
        """The line was cut for so long."""
        self._silent_until += seconds
        self._until += seconds

    def left_s(self, now: float) -> float:
        """How long to wait for more; 0 or less: no longer."""
        return min(self._silent_until, self._until) - now if not self.too_many else 0.0

    @property
    def too_many(self) -> bool:
        return self.packets >= self._packets_left

    def is_silence(self, now: float) -> bool:
        """Whether it is silence that ends the wait, and not what was said instead of an end."""
        return not self.too_many and now < self._until
