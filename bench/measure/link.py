"""The link: how fast, how clean, and how much of the time it took beside the payload's own work."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from bench.measure.clock import payload_clock
from bench.measure.measurement import Measurement, RunContext, entries_of
from bench.trace import (
    BytesCorrupted,
    Entry,
    HousekeepingReported,
    LinkCut,
    LinkFaultInjected,
    LinkFaultsBegan,
    LinkMeasured,
    LinkResumed,
    SamplesTrained,
)

WHOLE_PHASE: Final = "whole"
STREAM_PHASE: Final = "stream"
"""Phases that stream samples are named so, with anything behind it; WHOLE_PHASE is the whole run."""

_COSTS: Final = ("train", "predict", "feature", "dispatch")


def measure_link(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """link.* and time.*; none of them repeats, for they follow the host's timing."""
    phases = entries_of(trace, LinkMeasured)
    streamed = [phase for phase in phases if phase.phase.startswith(STREAM_PHASE)]
    yield from _rates(streamed)
    yield from _counts(trace, phases)
    yield from _times(trace, streamed, context)


def _rates(streamed: Sequence[LinkMeasured]) -> Iterator[Measurement]:
    """Figures of the time in which samples were streamed, pauses for the pace left out."""
    seconds = _active_s(streamed)
    records = sum(phase.sample_record_bytes for phase in streamed)
    sent = sum(phase.counts.get("bytes_sent", 0) for phase in streamed)
    first = sum(phase.counts.get("first_transmission_bytes", 0) for phase in streamed)
    received = sum(phase.counts.get("bytes_received", 0) for phase in streamed)
    nothing = "" if seconds > 0 else "no samples were streamed"
    yield _figure("goodput_bytes_per_s", records / seconds if seconds > 0 else None, "bytes/s", nothing)
    yield _figure("wire_bytes_per_s", first / seconds if seconds > 0 else None, "bytes/s", nothing)
    yield _figure("return_bytes_per_s", received / seconds if seconds > 0 else None, "bytes/s", nothing)
    efficiency = Measurement("link.wire_efficiency", records / sent if sent else None, "1", repeatable=False)
    yield efficiency if sent else _figure("wire_efficiency", None, "1", "no samples were streamed", clock=None)
    yield _line_use(streamed, nothing)


def _line_use(streamed: Sequence[LinkMeasured], nothing: str) -> Measurement:
    """Wire bytes of first transmissions over what the line could have carried."""
    if nothing or any(phase.line_bytes_per_s is None for phase in streamed):
        return _figure("line_use", None, "1", nothing or "this transport has no line rate")
    possible = sum((phase.line_bytes_per_s or 0.0) * (phase.seconds - phase.waiting_s) for phase in streamed)
    first = sum(phase.counts.get("first_transmission_bytes", 0) for phase in streamed)
    return _figure("line_use", first / possible if possible > 0 else None, "1", "")


def _counts(trace: Sequence[Entry], phases: Sequence[LinkMeasured]) -> Iterator[Measurement]:
    """Counts of the whole run; where both sides count, both must have said so."""
    whole = [phase for phase in phases if phase.phase == WHOLE_PHASE]
    reports = entries_of(trace, HousekeepingReported)
    for name, field in (("retransmissions", "frames_resent"), ("errors", "frames_corrupt")):
        ours = sum(phase.counts.get(field, 0) for phase in whole)
        theirs = sum_over_starts(reports, field)
        because = f"bench {ours}, payload {theirs}"
        if not whole or theirs is None:
            because = "the payload reported no count" if whole else "the run did not get to its final counts"
            yield _figure(name, None, "frames", because, clock=None)
        else:
            yield _figure(name, ours + theirs, "frames", because, clock=None)
    overruns = sum_over_starts(reports, "receive_overruns")
    because = "" if overruns is not None else "the payload reported no count"
    yield _figure("receive_overruns", overruns, "bytes", because, clock=None)
    corrupt = entries_of(trace, BytesCorrupted)
    reasons = ", ".join(dict.fromkeys(entry.reason for entry in corrupt))
    yield _figure("corrupt_bytes", sum(entry.count for entry in corrupt), "bytes", reasons, clock=None)
    yield _cuts(trace)
    yield from _faults(trace)


def _cuts(trace: Sequence[Entry]) -> Measurement:
    """How often the line was cut and waited for."""
    cuts, returns = entries_of(trace, LinkCut), entries_of(trace, LinkResumed)
    away_s = sum(entry.away_s for entry in returns)
    because = f"answered again after {away_s:.1f} s in all" if returns else ""
    return _figure("cuts", len(cuts), "cuts", because, clock=None)


def _faults(trace: Sequence[Entry]) -> Iterator[Measurement]:
    """How many faults were put into the link on purpose, where any were to be."""
    for began in entries_of(trace, LinkFaultsBegan):
        kinds = Counter(entry.fault for entry in entries_of(trace, LinkFaultInjected))
        counts = "".join(f", {count} {kind}" for kind, count in kinds.most_common())
        yield _figure("faults_injected", kinds.total(), "faults", f"{began.profile}{counts}", clock=None)


def link_faults_text(trace: Sequence[Entry]) -> str:
    """Which faults were put into the link, how many took effect, how often the line was cut; empty without any plan."""
    began = entries_of(trace, LinkFaultsBegan)
    if not began:
        return ""
    seed = f", seed {began[0].seed}" if began[0].seed is not None else ""
    injected, cuts = len(entries_of(trace, LinkFaultInjected)), len(entries_of(trace, LinkCut))
    return f"{began[0].profile}{seed}: {injected:,} injected, {cuts} cut{'' if cuts == 1 else 's'}"


def sum_over_starts(reports: Sequence[HousekeepingReported], field: str) -> int | None:
    """Sum of a counter's last report of each start of the payload; None if one of them did not measure it."""
    last = {report.start: report.values.get(field) for report in reports}
    counts = [count for count in last.values() if count is not None]
    return sum(counts) if counts and len(counts) == len(last) else None


def _times(trace: Sequence[Entry], streamed: Sequence[LinkMeasured], context: RunContext) -> Iterator[Measurement]:
    """Link time is the host's, compute time the payload's: two clocks, never subtracted from each other."""
    because = "host time of streaming, pauses for the pace left out" if streamed else "no samples were streamed"
    link_s = _active_s(streamed) if streamed else None
    yield Measurement("time.link_s", link_s, "s", "host", repeatable=False, because=because)
    clock = payload_clock(trace, context)
    reports = entries_of(trace, SamplesTrained)
    counts = sum(sum(getattr(report, cost)) for report in reports for cost in _COSTS)
    value = counts / clock.counts_per_s if reports and clock.counts_per_s else None
    because = clock.note if reports or clock.kind is None else "no row was trained"
    yield Measurement("time.compute_s", value, "s", clock.kind, repeatable=False, because=because)


def _active_s(phases: Sequence[LinkMeasured]) -> float:
    return sum(phase.seconds - phase.waiting_s for phase in phases)


def _figure(name: str, value: float | None, unit: str, because: str, *, clock: str | None = "host") -> Measurement:
    return Measurement(f"link.{name}", value, unit, clock, repeatable=False, because=because)
