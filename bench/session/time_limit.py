"""How long a run may take."""

from bench.clock import Clock

GRACE_S = 10.0
"""After the end of the time, to take results that are on their way and to fetch the models."""


class TimeLimit:
    """Begins with `begin`; None = no limit. Before the payload has answered, `ready_s` is the limit that counts."""

    def __init__(self, seconds: float | None, *, clock: Clock) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end: float | None = None

    def begin(self) -> None:
        """Count from now on, unless it does already."""
        if self.seconds is not None and self._end is None:
            self._end = self._clock.now() + self.seconds

    @property
    def is_over(self) -> bool:
        """The run is to stop, and to fetch what there is."""
        return self._end is not None and self._clock.now() >= self._end

    @property
    def grace_is_over(self) -> bool:
        """Whatever the payload is still at is not waited for."""
        return self._end is not None and self._clock.now() >= self._end + GRACE_S
