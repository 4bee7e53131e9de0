"""Entries of a run, stamped and saved as they happen, and shown to whoever watches."""

from collections.abc import Callable
from dataclasses import replace

from bench.clock import Clock
from bench.trace import Entry, TraceWriter

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

    def record(self, entry: Entry) -> None:
        """Keep `entry`; raises RunFolderError when it cannot be saved."""
        stamped = replace(entry, t=self._clock.now() - self.started)
        self.entries.append(stamped)
        if self._writer is not None:
            self._writer.write(stamped)
        for observe in self._observers:
            observe(stamped)
