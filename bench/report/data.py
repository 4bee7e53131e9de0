"""A run as the sections of its page need it: its trace sorted by kind, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from bench.measure.clock import PayloadClock, payload_clock
from bench.measure.measurement import E, RunContext
from bench.report.summary import Summary, summarise
from bench.run_folder import JudgedRun
from bench.trace import Entry, PayloadConnected


@dataclass(frozen=True, eq=False)
class RunData:
    """What a section of the page is made from."""

    run: JudgedRun
    summary: Summary
    kinds: dict[type[Entry], list[Entry]]
    clock: PayloadClock
    """What the payload's counts are, with their unit."""

    def of(self, kind: type[E]) -> Sequence[E]:
        """The entries of one kind, in order."""
        return cast("Sequence[E]", self.kinds.get(kind, []))

    def value(self, name: str) -> float | None:
        """A measured figure; None where it was not measured."""
        return next((one.value for one in self.run.verdicts if one.name == name and one.value is not None), None)


def sort_run(run: JudgedRun) -> RunData:
    """Sort the trace of a run."""
    kinds: dict[type[Entry], list[Entry]] = {}
    for entry in run.trace:
        kinds.setdefault(type(entry), []).append(entry)
    target = run.files.target
    context = RunContext(
        run.files.recording,
        masks_interrupts=target.masks_interrupts,
        assumed_instructions_per_s=target.clock.assumed_instructions_per_s,
    )
    return RunData(run, summarise(run), kinds, payload_clock(kinds.get(PayloadConnected, []), context))
