"""Waiting for a line that was cut."""

from collections.abc import Callable

from bench.clock import Clock
from bench.errors import TransportError
from bench.transport import LineCut

_SLICE_S = 0.25
"""How long the wish to stop may go unheard."""


def wait_for_line(cut: LineCut, clock: Clock, *, since: float, go_on: Callable[[], None]) -> str:
    """Open a cut line again: where it is now. Raises TransportError, or what `go_on` raises.

    Its `reconnect_s` counts from `since`, so a line that comes back only to be cut again is not waited for for ever.
    `go_on` is called several times a second.
    """
    until = since + cut.line.reconnect_s
    while True:
        go_on()
        left_s = until - clock.now()
        try:
            return cut.line.reopen(max(0.0, min(_SLICE_S, left_s)))
        except TransportError as error:
            if left_s <= _SLICE_S:
                message = f"{cut.message}; it did not come back within {cut.line.reconnect_s:g} s: {error.message}"
                raise TransportError(message, hint=f"{cut.hint} Longer absences: reconnect_s in station.toml") from cut
