"""The payload's clock: what its counts are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.measure.measurement import RunContext, entries_of
from bench.trace import Entry, PayloadConnected

_UNITS: Final = {"instructions": "instructions", "cycles": "cycles", "host": "ns"}
NANOSECONDS_PER_S: Final = 1_000_000_000

ASSUMED: Final = "assumed: "
"""In the reason of a figure that rests on the rate which a target assumes for its instructions."""


@dataclass(frozen=True)
class PayloadClock:
    """`counts_per_s` is None where no time follows from a count; `note` says what a time rests on."""

    kind: str | None
    unit: str
    counts_per_s: float | None
    note: str
    repeatable: bool
    """Counts of a single measured call repeat."""

    def counts(self, count: int) -> int:
        """`count` in `unit`: host counts become nanoseconds, rounded down."""
        if self.kind != "host" or not self.counts_per_s:
            return count
        return count * NANOSECONDS_PER_S // int(self.counts_per_s)

    def mean_counts(self, sum_of_counts: int, number: int) -> float:
        """The mean of `number` counts, in `unit`."""
        scale = NANOSECONDS_PER_S / self.counts_per_s if self.kind == "host" and self.counts_per_s else 1
        return sum_of_counts / number * scale


def payload_clock(trace: Sequence[Entry], context: RunContext) -> PayloadClock:
    """The clock that the payload named when it connected."""
    connected = entries_of(trace, PayloadConnected)
    if not connected:
        return PayloadClock(None, "counts", None, "the payload never connected", repeatable=False)
    kind, rate = connected[-1].clock, connected[-1].clock_rate_hz
    if kind != "instructions":
        note = "" if rate else f"the payload does not say how fast its {kind} clock ticks"
        return PayloadClock(kind, _UNITS.get(kind, "counts"), rate or None, note, repeatable=False)
    assumed = context.assumed_instructions_per_s
    note = f"{ASSUMED}{assumed:g} instructions per second" if assumed else "the target assumes no instruction rate"
    return PayloadClock(kind, _UNITS[kind], assumed, note, repeatable=context.masks_interrupts)
