"""How the link did over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import numpy as np

from bench.measure.link import STREAM_PHASE
from bench.report.data import RunData
from bench.report.figures import figure as number
from bench.report.markup import Html, join, table, tag
from bench.report.plot import Axes, bars, figure, legend, plot, rule
from bench.report.scale import Scale, fit
from bench.report.summary import time_of
from bench.trace import (
    EvaluationScored,
    LinkCounted,
    LinkCut,
    LinkMeasured,
    LinkResumed,
    PayloadRestarted,
    SamplesTrained,
    SegmentStarted,
)

_BINS: Final = 120
_REPORTS_OF_A_BIN: Final = 2
"""Reports that a bin holds on average at least: fewer would show the batches, not the link."""
_MOST_MARKS: Final = 200
_MOST_PHASES: Final = 60


def link(data: RunData) -> Iterator[Html]:
    """Goodput over time with what went wrong, and the counts of each phase."""
    yield from _goodput(data)
    phases = data.of(LinkMeasured)
    if phases:
        rows = [_phase(phase) for phase in phases[:_MOST_PHASES]]
        more = f"; {len(phases) - _MOST_PHASES:,} more are in trace.jsonl" if len(phases) > _MOST_PHASES else ""
        caption = f"Counts of the bench, wire bytes; link time is the host's, pauses for the pace left out{more}"
        head = ("phase", "seconds", "sample bytes/s", "sent", "received", "frames resent", "frames corrupt", "line use")
        yield table(head, rows, caption=caption, numbers=range(1, len(head)))


def _goodput(data: RunData) -> Iterator[Html]:
    reports = data.of(SamplesTrained)
    times = [time_of(report) for report in reports]
    amounts = [float(len(report.status)) for report in reports]
    bytes_per_row = _bytes_per_row(data, sum(amounts))
    unit, what = ("bytes/s", "sample-record bytes") if bytes_per_row else ("rows/s", "rows")
    if not times:
        scored = data.of(EvaluationScored)
        times, amounts = [time_of(entry) for entry in scored], [float(len(entry.predictions)) for entry in scored]
        unit, what, bytes_per_row = "rows/s", "scored rows", None
    if len(times) < 2 or not max(times) > min(times):  # noqa: PLR2004 - a rate needs a time between
        yield tag("p", "Too few results came back for a rate over time.")
        return
    weights = np.array(amounts) * (bytes_per_row or 1.0)
    count = max(1, min(_BINS, len(times) // _REPORTS_OF_A_BIN))
    begin = min([time_of(entry) for entry in data.of(SegmentStarted)] + [min(times)])
    edges = np.linspace(begin, max(times), count + 1)
    sums, _ = np.histogram(times, bins=edges, weights=weights)
    rates = sums / np.diff(edges)
    x, y = Scale(float(edges[0]), float(edges[-1])), fit([*rates.tolist(), 0.0], zero=True, room=0.04)
    axes = Axes(x, y, "s, host clock", unit, "Goodput over time")
    content = [bars(axes, edges, rates, "s0"), *_marks(data, axes)]
    caption = (
        f"Results of {what} that came back in {count} intervals of {number(float(edges[1] - edges[0]))} s, over "
        "their length, since the run began. Gaps are dumps, restarts, epochs and evaluation, in which no samples are "
        "streamed. From the times in trace.jsonl; they do not repeat."
    )
    yield figure(join((legend(_keys(data)), plot(axes, *content))), caption, title="Goodput over time")


def _bytes_per_row(data: RunData, rows: float) -> float | None:
    streamed = [phase for phase in data.of(LinkMeasured) if phase.phase.startswith(STREAM_PHASE)]
    total = sum(phase.sample_record_bytes for phase in streamed)
    return total / rows if total and rows else None


def _marks(data: RunData, axes: Axes) -> Iterator[Html]:
    def inside(times: Iterable[float], class_: str) -> Iterator[Html]:
        for time in islice(times, _MOST_MARKS):
            if axes.x.low <= time <= axes.x.high:
                yield rule(axes, x=time, class_=class_)

    yield from inside(map(time_of, data.of(SegmentStarted)), "cut")
    yield from inside(map(time_of, data.of(PayloadRestarted)), "restart")
    yield from inside(_resent(data), "resent")
    yield from inside(map(time_of, data.of(LinkCut)), "away")
    yield from inside(map(time_of, data.of(LinkResumed)), "back")


def _resent(data: RunData) -> list[float]:
    """When the bench had counted that it sent frames again since it counted last."""
    streamed = [phase for phase in data.of(LinkMeasured) if phase.phase.startswith(STREAM_PHASE)]
    found, before = [], 0
    counted: list[LinkCounted | LinkMeasured] = [*data.of(LinkCounted), *streamed]
    for entry in sorted(counted, key=time_of):
        count = _count(entry.counts, "frames_resent")
        if count > before:
            found.append(time_of(entry))
        before = count if isinstance(entry, LinkCounted) else 0  # each phase counts from 0
    return found


def _keys(data: RunData) -> Iterator[tuple[str, str]]:
    yield "s0 box", "goodput"
    if data.of(SegmentStarted):
        yield "cut", "a segment begins"
    if data.of(PayloadRestarted):
        yield "restart", "the payload restarts"
    if _resent(data):
        yield "resent", "frames were sent again, in the second before or since the segment began"
    if data.of(LinkCut):
        yield "away", "the line was cut"
        yield "back", "it was back"


def _phase(phase: LinkMeasured) -> Sequence[str]:
    active = phase.seconds - phase.waiting_s
    counts = phase.counts
    streamed = phase.sample_record_bytes and active > 0
    possible = (phase.line_bytes_per_s or 0.0) * active
    return (
        phase.phase,
        f"{active:.3f}",
        number(phase.sample_record_bytes / active) if streamed else "\N{EN DASH}",
        *(f"{_count(counts, key):,}" for key in ("bytes_sent", "bytes_received", "frames_resent", "frames_corrupt")),
        f"{100 * _count(counts, 'first_transmission_bytes') / possible:.1f} %"
        if streamed and possible > 0
        else "\N{EN DASH}",
    )


def _count(counts: Mapping[str, int], key: str) -> int:
    """0 for what is no count: what the trace holds in dictionaries is not checked when it is read."""
    value: object = counts.get(key, 0)
    return value if isinstance(value, int) else 0
