"""Verdicts while a run goes on: what can be decided already, and what is open with its figure so far.

A figure is fixed (sizes), or it can only grow (counts, maxima), or it may still move either way. A bound on one that
grows is FAIL as soon as it is exceeded, and PASS only in the end; verdicts.json has the last word on all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal

from bench.measure import COMPLETED, Measurement
from bench.measure.memory import PEAKS
from bench.monitor.basis import Basis
from bench.monitor.histogram import Histogram
from bench.monitor.state import Answers, RunState
from bench.verdict import ALWAYS, FAIL, UNMEASURED, Verdict, judge, limit_text

OPEN: Final = "open"
Kind = Literal["fixed", "grows", "moves"]
_PERCENTILES: Final = (50, 95, 99)
_UNITS: Final = {"instructions": "instructions", "cycles": "cycles", "host": "ns"}


@dataclass(frozen=True)
class Figure:
    name: str
    value: float | None
    unit: str
    kind: Kind = "moves"
    clock: str | None = None
    because: str = ""


@dataclass(frozen=True)
class Shown:
    """A verdict as the screen has it: `outcome` is that of a verdict, or `open`."""

    name: str
    outcome: str
    value: float | None
    unit: str
    limit: str
    because: str = ""
    required: bool = True


@dataclass
class Judge:
    """Holds a basis' limits to figures; remembers which names they are about."""

    basis: Basis
    _limited: dict[str, bool] = field(default_factory=dict)

    def judge(self, state: RunState) -> tuple[Shown, ...]:
        """One for each limit on a figure that there is, and one for each limit on figures that only the end has."""
        figures = {figure.name: figure for figure in figures_of(state, self.basis) if self._is_limited(figure.name)}
        measured = [Measurement(f.name, f.value, f.unit, f.clock, because=f.because) for f in figures.values()]
        limits = [limit for limit in self.basis.limits if any(fnmatchcase(name, limit.measure) for name in figures)]
        judged = judge(measured, limits, selection=self.basis.selection)
        shown = [_shown(verdict, figures[verdict.name]) for verdict in judged if verdict.outcome is not None]
        selection = self.basis.selection
        late = [
            limit
            for limit in self.basis.limits
            if limit not in limits and not (selection and selection.excuse_absent(limit.measure, figures))
        ]
        shown += [
            Shown(limit.measure, OPEN, None, "", limit_text(limit), "judged in the end", limit.required)
            for limit in late
        ]
        return tuple(shown)

    def _is_limited(self, name: str) -> bool:
        if name not in self._limited:
            limits = (ALWAYS, *self.basis.limits)
            self._limited[name] = any(fnmatchcase(name, limit.measure) for limit in limits)
        return self._limited[name]


def final(verdicts: Sequence[Verdict]) -> tuple[Shown, ...]:
    """What verdicts.json says."""
    return tuple(
        Shown(v.name, v.outcome, v.value, v.unit, v.limit or "", v.because, v.required)
        for v in verdicts
        if v.outcome is not None
    )


def _shown(verdict: Verdict, figure: Figure) -> Shown:
    decided = figure.kind == "fixed" and figure.value is not None
    if figure.kind == "grows" and verdict.outcome == FAIL:
        decided = _is_exceeded(verdict)
    other_clock = verdict.outcome == UNMEASURED and figure.value is not None
    outcome = str(verdict.outcome) if decided or other_clock else OPEN
    because = verdict.cause if outcome != OPEN or figure.value is None else ""
    return Shown(verdict.name, outcome, verdict.value, verdict.unit, verdict.limit or "", because, verdict.required)


def _is_exceeded(verdict: Verdict) -> bool:
    """Whether the value is above the bound, and not still below one that it may yet reach."""
    bounds = [part.split() for part in (verdict.limit or "").split(" and ")]
    return verdict.value is not None and any(
        verdict.value > float(bound) for sign, bound in bounds if sign in {"<=", "=="}
    )


def figures_of(state: RunState, basis: Basis) -> Iterator[Figure]:
    """Those figures of docs/measures.md that there are so far, under their names."""
    failed = bool(state.failure)
    yield Figure(COMPLETED, 0 if failed else None, "1", "fixed", because=state.failure or "the run goes on")
    yield Figure("run.rows", state.rows, "rows")
    yield Figure("run.unplanned_restarts", state.restarts, "restarts", "grows")
    yield Figure("run.requests_refused", state.refusals, "requests", "grows")
    yield Figure("run.models_skipped", state.skipped, "models", "grows")
    yield Figure("events.count", sum(state.events.values()), "events", "grows")
    for severity in ("informative", "low", "medium", "high"):
        yield Figure(f"events.{severity}", state.events.get(severity, 0), "events", "grows")
    yield Figure("console.lines", state.console_lines, "lines", "grows")
    yield from _timing(state, basis)
    yield from _memory(state, basis)
    yield from _accuracy(state, basis)
    yield from _link(state)


def unit_of(state: RunState) -> str:
    """What the payload's clock counts; the host's is shown in ns."""
    return _UNITS.get(state.clock, "counts")


def in_unit(state: RunState, count: float) -> float:
    """A count of the payload's clock in `unit_of`."""
    if state.clock != "host" or state.clock_rate_hz <= 0:
        return count
    return int(count * 1_000_000_000 // state.clock_rate_hz)


def _timing(state: RunState, basis: Basis) -> Iterator[Figure]:
    unit, clock = unit_of(state), state.clock or None
    for operation, histogram in state.steps.items():
        if state.mode == "batch" and operation in {"train", "predict"}:
            continue
        yield Figure(f"timing.{operation}.count", histogram.count, "rows", "grows")
        for statistic, value, kind in _statistics(histogram):
            shown = None if value is None else in_unit(state, value)
            yield Figure(f"timing.{operation}.{statistic}", shown, unit, kind, clock)
    per_s = basis.assumed_instructions_per_s if state.clock == "instructions" else state.clock_rate_hz or None
    if state.mode == "stream":
        for statistic, value, kind in _statistics(state.row):
            if statistic in {"p99", "max"}:
                seconds = value / per_s if per_s and value is not None else None
                yield Figure(f"time.row_s.{statistic}", seconds, "s", kind, clock)
    for model in state.models if state.mode == "batch" else ():
        for statistic, value, kind in _statistics(model.train):
            if statistic in {"min", "mean", "max"}:
                shown = None if value is None else in_unit(state, value)
                yield Figure(f"timing.epoch.{model.name}.{statistic}", shown, unit, kind, clock)
    interrupts = [report.get("interrupts_in_steps") for report in state.housekeeping.values()]
    known = [count for count in interrupts if count is not None]
    yield Figure("timing.interrupts_in_steps", sum(known) if known else None, "interrupts", "grows")


def _statistics(histogram: Histogram) -> Iterator[tuple[str, float | None, Kind]]:
    some = histogram.count > 0
    yield "min", histogram.minimum if some else None, "moves"
    yield "mean", histogram.mean, "moves"
    for percent in _PERCENTILES:
        yield f"p{percent}", histogram.percentile(percent), "moves"
    yield "max", histogram.maximum if some else None, "grows"


def _memory(state: RunState, basis: Basis) -> Iterator[Figure]:
    for section, size in basis.sections.items():
        yield Figure(f"memory.{section}_bytes", size, "bytes", "fixed")
    yield Figure("memory.ram_static_bytes", basis.static_ram_bytes, "bytes", "fixed")
    for peak in PEAKS:
        yield Figure(f"memory.{peak}", state.peaks.get(peak), "bytes", "grows")
    for model in state.models:
        yield Figure(f"memory.model.{model.name}.state_bytes", model.state_bytes, "bytes", "fixed")
        yield Figure(f"memory.model.{model.name}.arena_bytes", model.arena_bytes, "bytes", "fixed")


def _accuracy(state: RunState, basis: Basis) -> Iterator[Figure]:
    yield Figure("accuracy.rows_refused", state.refused_rows, "rows", "grows")
    for place, model in enumerate(state.models):
        if state.mode == "batch":
            yield Figure(f"accuracy.loss.{model.name}.first", model.first_loss, "nat", "fixed")
            yield Figure(f"accuracy.loss.{model.name}.last", model.last_loss, "nat")
        if state.mode == "stream":
            yield from _rates(f"accuracy.prequential.{model.name}", state.answers, place, basis)
        if state.scored_source:
            yield from _rates(f"accuracy.{state.scored_source}.{model.name}", state.scored, place, basis)


def _rates(name: str, answers: Answers, model: int, basis: Basis) -> Iterator[Figure]:
    yield Figure(f"{name}.balanced_accuracy", answers.balanced(model), "1")
    positive = basis.rows.positive
    if positive is None or not answers.rows:
        return
    tp, fp = answers.hits[positive][model], answers.predicted[positive][model] - answers.hits[positive][model]
    fn, tn = answers.rows[positive] - tp, answers.hits[1 - positive][model]
    for key, part, whole in (("recall", tp, tp + fn), ("specificity", tn, tn + fp), ("precision", tp, tp + fp)):
        yield Figure(f"{name}.{key}", part / whole if whole else None, "1")
    yield Figure(f"{name}.f1", 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None, "1")


def _link(state: RunState) -> Iterator[Figure]:
    """The bench's own counts: in the end the payload's are added to them, so they can only be too low."""
    link = state.link
    yield Figure("link.retransmissions", link.resent + link.present.get("frames_resent", 0), "frames", "grows")
    yield Figure("link.errors", link.crc_errors + link.present.get("frames_corrupt", 0), "frames", "grows")
    yield Figure("link.corrupt_bytes", link.corrupt_bytes, "bytes", "grows")
    yield Figure("link.cuts", link.cuts, "cuts", "grows")
    goodput = link.streamed_bytes / link.active_s if link.active_s > 0 else None
    yield Figure("link.goodput_bytes_per_s", goodput, "bytes/s", clock="host")
