"""Entries of a run, stamped and saved as they happen, and shown to whoever watches."""

from collections.abc import Callable
from dataclasses import replace

from bench.clock import Clock
from bench.trace import Entry, LinkFaultInjected, PayloadConnected, TraceWriter

Observer = Callable[[Entry], None]


class Recorder:
    """Stamps entries with the time since it was made, writes them, and hands them to the observers."""

    def __init__(
        self, clock: Clock, *, writer: TraceWriter | None = None, observers: tuple[Observer, ...] = ()
    ) -> None:
        self._clock = clock
        self._writer = writer
        self._observers = observers
        self.started = clock.now()
        self.entries: list[Entry] = []

    @property
    def reset_was_injected(self) -> bool:
        """A link fault has started the payload anew, and it has not been greeted since."""
        for entry in reversed(self.entries):
            if isinstance(entry, PayloadConnected):
                return False
            if isinstance(entry, LinkFaultInjected) and entry.fault == "reset":
                return True
        return False

    def record(self, entry: Entry) -> None:
        """Keep `entry`; raises RunFolderError when it cannot be saved."""
        stamped = replace(entry, t=self._clock.now() - self.started)
        self.entries.append(stamped)
        if self._writer is not None:
            self._writer.write(stamped)
        for observe in self._observers:
            observe(stamped)
