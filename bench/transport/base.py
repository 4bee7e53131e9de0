"""What every way to a payload offers: bytes out, bytes in, an end. Nothing here knows what the bytes mean."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from bench.errors import TransportError


@dataclass(frozen=True)
class Transfer:
    """What one `Transport.transfer` did: how many bytes were taken from `data`, and what came in."""

    written: int
    received: bytes


class PeerDied(TransportError):  # noqa: N818 - an outcome of the target as well as an error; it reads as one
    """The payload's process ended by itself while it was in use: the target's doing, so a verdict, not a bench error.

    `words` is what it printed, without known harmless warnings. `returncode` is None where it hung up and lives on.
    """

    def __init__(self, message: str, *, returncode: int | None, words: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.returncode = returncode
        self.words = words


class CutLine(Protocol):
    """A line that was cut, and may come back."""

    @property
    def reconnect_s(self) -> float:
        """How long it is worth waiting for it; 0: not at all."""

    def reopen(self, timeout_s: float) -> str:
        """Open the line again, waiting up to `timeout_s` for that: where it is now. Raises TransportError."""


class LineCut(TransportError):  # noqa: N818 - it may come back, so it is an event as well as an error
    """The way to a payload that may well live on is gone: unplugged, switched off, or hung up at the other end."""

    def __init__(self, message: str, *, line: CutLine, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line


class Transport(Protocol):
    """A byte stream to and from a payload. A constructor stores; `open` or `with` acts; `close` may be repeated."""

    @property
    def can_power_cycle(self) -> bool: ...

    @property
    def line_bytes_per_s(self) -> float | None:
        """What a serial line carries at its rate (10 bits a byte); None where there is no such limit."""

    def open(self) -> None:
        """Raises TransportError when the way cannot be opened; what was started by then is ended."""

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        """Write some of `data` and read what came, after waiting up to `timeout_s` until either is possible.

        With no data it only waits for input. Never blocks longer, and reads while it cannot write, so two full pipes
        cannot wait for each other. What came before the end is returned first; then it raises TransportError:
        PeerDied where the payload's process ended by itself, LineCut where the line may come back.
        """

    def power_cycle(self) -> None:
        """End the payload and start it anew, cold. Raises TransportError where `can_power_cycle` is False."""

    def describe(self) -> list[str]:
        """The command line or the URL, for the trace."""

    def close(self) -> None:
        """End everything that `open` started."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
