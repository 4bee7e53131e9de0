"""Entries of a trace into a RunState, one after the other: no clock, no file, and nothing that grows with the trace.

The entries may come from a stranger: texts are shortened and made printable, numbers that are none are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from bench.monitor.basis import Basis
from bench.monitor.rows import take_samples, take_scores
from bench.monitor.state import LOG_LINES, MARK_S, MARKS, MAX_MODELS, TEXT, LogLine, Mark, ModelState, RunState
from bench.printed import printable
from bench.trace import (
    BytesCorrupted,
    CommandRan,
    ConsolePrinted,
    Entry,
    EpochTrained,
    EvaluationScored,
    EventReported,
    HousekeepingReported,
    LinkCounted,
    LinkCut,
    LinkFaultInjected,
    LinkFaultsBegan,
    LinkMeasured,
    LinkRecordingFull,
    LinkResumed,
    LockTakenOver,
    ModelCreated,
    ModelDumped,
    ModelLoaded,
    ModelSkipped,
    PayloadConnected,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    RequestRefused,
    RunEnded,
    RunStarted,
    SamplesTrained,
    SegmentEnded,
    SegmentStarted,
    SensorFaultInjected,
    TargetFailed,
)
from firmware_if.messages import Housekeeping

_STARTS: Final = 256
"""Of a payload whose housekeeping is kept apart; further ones replace the last."""
_FIELDS: Final = frozenset(item.name for item in fields(Housekeeping))
_SEVERITIES: Final = ("informative", "low", "medium", "high")
_WHOLE_LINE: Final = 4 * TEXT


def fold(state: RunState, entry: Entry, basis: Basis) -> None:
    """Take note of one entry."""
    state.entries += 1
    t = finite(entry.t)
    if t is not None and t > state.t:
        state.t = t
    take = _TAKERS.get(type(entry))
    if take is not None:
        take(state, entry, basis)


def finite(value: object) -> float | None:
    """A number of the trace; None for what is none, or is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def whole(value: object) -> int:
    """A count of the trace; 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def short(text: object) -> str:
    """A name or a line as it may be shown."""
    return " ".join(printable(str(text)[:_WHOLE_LINE]).split())[:TEXT]


def note(state: RunState, kind: str, text: str) -> None:
    state.log.append(LogLine(state.t, kind, short(text)))
    state.logged += 1
    del state.log[:-LOG_LINES]


def _started(state: RunState, entry: RunStarted, basis: Basis) -> None:
    del basis
    state.scenario, state.target, state.recording = short(entry.scenario), short(entry.target), short(entry.recording)
    state.mode, state.started, state.due_rows = short(entry.mode), short(entry.started), max(0, entry.rows)


def _connected(state: RunState, entry: PayloadConnected, basis: Basis) -> None:
    del basis
    state.starts += 1
    state.power_was_cut = False
    state.payload, state.build_id = short(entry.name), short(entry.build_id)
    state.clock, state.clock_rate_hz, state.arena_bytes = short(entry.clock), entry.clock_rate_hz, entry.arena_bytes
    state.phase = "connected"
    if state.starts == 1:
        note(state, "note", f"{entry.name}: firmware {entry.build_id[:12]}, arena {entry.arena_bytes:,} bytes")


def _created(state: RunState, entry: ModelCreated, basis: Basis) -> None:
    del basis
    state.phase = "creating models"
    name = short(entry.name)
    known = state.model(name)
    if known is None:
        if len(state.models) >= MAX_MODELS:
            state.not_followed += 1
            return
        known = ModelState(name)
        state.places[name] = len(state.models)
        state.models.append(known)
    known.learner, known.features, known.arithmetic = map(short, (entry.learner, entry.features, entry.arithmetic))
    known.state_bytes, known.arena_bytes = entry.state_bytes, entry.arena_bytes


def _loaded(state: RunState, entry: ModelLoaded, basis: Basis) -> None:
    del basis
    note(state, "note", f"{entry.name}: {entry.values} weights of {entry.file}")


def _skipped(state: RunState, entry: ModelSkipped, basis: Basis) -> None:
    del basis
    state.skipped += 1
    note(state, "note", f"left out {entry.name}: {entry.reason}")


def _segment_started(state: RunState, entry: SegmentStarted, basis: Basis) -> None:
    del basis
    state.phase, state.segment, state.segment_name = "streaming", entry.index, short(entry.name)


def _segment_ended(state: RunState, entry: SegmentEnded, basis: Basis) -> None:
    del entry, basis
    state.segments_done += 1
    state.phase = "segment done"


def _samples(state: RunState, entry: SamplesTrained, basis: Basis) -> None:
    take_samples(state, entry, basis.rows)
    _mark(state, state.rows)
    if basis.epochs and state.rows >= state.due_rows:
        state.phase = "training"


def _scored(state: RunState, entry: EvaluationScored, basis: Basis) -> None:
    state.phase = "scoring"
    take_scores(state, entry, basis.rows)
    if state.mode == "score":
        _mark(state, state.scored_rows)


def _mark(state: RunState, rows: int) -> None:
    if not state.marks or state.t - state.marks[-1].t >= MARK_S:
        state.marks.append(Mark(state.t, rows))
        del state.marks[:-MARKS]


def _epoch(state: RunState, entry: EpochTrained, basis: Basis) -> None:
    del basis
    state.phase = "training"
    state.epochs += 1
    state.epoch_s += finite(entry.seconds) or 0.0
    for trained in entry.models:
        model = state.model(short(trained.name))
        if model is None:
            continue
        loss = finite(trained.loss)
        model.last_loss = math.nan if loss is None else loss
        model.first_loss = model.last_loss if state.epochs == 1 else model.first_loss
        model.curve.add(model.last_loss, step=state.epochs)
        model.updates += whole(trained.steps)
        model.train.add([whole(trained.train)])


def _dumped(state: RunState, entry: ModelDumped, basis: Basis) -> None:
    del basis
    state.phase = "fetching models"
    model = state.model(short(entry.name))
    if model is not None and state.mode != "score":
        model.updates = entry.updates


def _housekeeping(state: RunState, entry: HousekeepingReported, basis: Basis) -> None:
    del basis
    values = {name: value if value is None else whole(value) for name, value in entry.values.items() if name in _FIELDS}
    start = str(min(max(entry.start, 1), _STARTS))
    state.housekeeping[start] = values
    state.housekeeping_t = state.t
    for name, value in values.items():
        if value is not None:
            state.peaks[name] = max(value, state.peaks.get(name, value))


def _link(state: RunState, entry: LinkMeasured, basis: Basis) -> None:
    del basis
    link = state.link
    link.line_bytes_per_s = finite(entry.line_bytes_per_s)
    resent, corrupt = _faults(entry.counts)
    link.present = {}
    if entry.phase.startswith("stream"):
        link.resent += resent
        link.crc_errors += corrupt
        link.streamed_bytes += entry.sample_record_bytes
        link.active_s += max(0.0, (finite(entry.seconds) or 0.0) - (finite(entry.waiting_s) or 0.0))
    else:
        link.resent, link.crc_errors = max(link.resent, resent), max(link.crc_errors, corrupt)


def _counted(state: RunState, entry: LinkCounted, basis: Basis) -> None:
    del basis
    resent, corrupt = _faults(entry.counts)
    state.link.present = {"frames_resent": resent, "frames_corrupt": corrupt}


def _faults(counts: dict[str, int]) -> tuple[int, int]:
    """Frames sent again, and corrupt ones."""
    return whole(counts.get("frames_resent")), whole(counts.get("frames_corrupt"))


def _restarted(state: RunState, entry: PayloadRestarted, basis: Basis) -> None:
    del basis
    if entry.planned:
        state.planned_restarts += 1
        state.phase = "restarting"
        note(state, "note", f"row {state.rows}: payload restarted")
    elif state.power_was_cut:
        note(state, "note", f"row {state.rows}: payload restarted: {entry.reason}")
    else:
        state.restarts += 1
        note(state, "fault", f"row {state.rows}: payload restarted by itself: {entry.reason}")


def _power_cut(state: RunState, entry: PowerCut, basis: Basis) -> None:
    del basis
    state.power_was_cut = True
    note(state, "note", f"row {entry.after_row}: the power is cut")


def _went_on(state: RunState, entry: PayloadResumed, basis: Basis) -> None:
    del basis
    state.resumed += 1
    lost, unheard = whole(entry.lost_rows), whole(entry.unreported_rows)
    note(state, "note", f"the payload goes on with row {entry.next_row}: {lost} rows again, {unheard} results lost")


def _cut(state: RunState, entry: LinkCut, basis: Basis) -> None:
    del basis
    state.link.cuts += 1
    state.link.is_cut = True
    note(state, "fault", f"row {state.rows}: {entry.reason}; waiting up to {finite(entry.reconnect_s) or 0:g} s for it")


def _resumed(state: RunState, entry: LinkResumed, basis: Basis) -> None:
    del basis
    away_s = finite(entry.away_s) or 0.0
    state.link.is_cut = False
    state.link.away_s += away_s
    note(state, "note", f"{entry.place}: the payload answers again after {away_s:.1f} s")


def _faults_began(state: RunState, entry: LinkFaultsBegan, basis: Basis) -> None:
    del basis
    note(state, "note", f"link faults: {entry.profile}" + (f", seed {entry.seed}" if entry.seed is not None else ""))


def _link_fault(state: RunState, entry: LinkFaultInjected, basis: Basis) -> None:
    del basis
    state.power_was_cut = state.power_was_cut or entry.fault == "reset"
    note(state, "note", f"injected {entry.fault} {entry.way.replace('_', ' ')}, byte {entry.offset}")


def _sensor_fault(state: RunState, entry: SensorFaultInjected, basis: Basis) -> None:
    del basis
    where = f" of {', '.join(entry.channels)}" if entry.channels else ""
    note(state, "note", f"sensor fault from row {entry.streamed_row}: {entry.fault}{where}, {entry.about}")


def _refused(state: RunState, entry: RequestRefused, basis: Basis) -> None:
    del basis
    state.refusals += 1
    note(state, "fault", f"{entry.request} refused: {entry.text} ({entry.number})")


def _event(state: RunState, entry: EventReported, basis: Basis) -> None:
    del basis
    severity = entry.severity if entry.severity in _SEVERITIES else "other"
    state.events[severity] = state.events.get(severity, 0) + 1
    kind = "event" if severity in {"informative", "low"} else "fault"
    note(state, kind, f"event ({severity}): {entry.event} ({entry.number})")


def _console(state: RunState, entry: ConsolePrinted, basis: Basis) -> None:
    """Lines as they get whole; what has no end yet waits for it, as far as it is shown."""
    del basis
    *lines, rest = (state.console_rest + entry.text).split("\n")
    state.console_rest = rest[:_WHOLE_LINE]
    state.console_lines += len(lines)
    for line in lines[-LOG_LINES:]:
        if short(line):
            note(state, "console", line)


def _corrupted(state: RunState, entry: BytesCorrupted, basis: Basis) -> None:
    del basis
    state.link.corrupt_bytes += entry.count
    note(state, "fault", f"{entry.count} corrupt bytes: {entry.reason}")


def _lock(state: RunState, entry: LockTakenOver, basis: Basis) -> None:
    del basis
    note(state, "note", f"lock taken over from {entry.owner}, which has died")


def _command(state: RunState, entry: CommandRan, basis: Basis) -> None:
    del basis
    note(state, "note", f"{entry.what} command: done in {finite(entry.duration_s) or 0:.1f} s")


def _full(state: RunState, entry: LinkRecordingFull, basis: Basis) -> None:
    del basis
    note(state, "note", entry.text)


def _failed(state: RunState, entry: TargetFailed, basis: Basis) -> None:
    del basis
    state.failure = state.failure or short(entry.reason)
    note(state, "fault", f"target failed: {entry.reason}")


def _ended(state: RunState, entry: RunEnded, basis: Basis) -> None:
    del basis
    state.outcome, state.reason, state.phase = short(entry.outcome) or "ended", short(entry.reason), "ended"
    if state.console_rest.strip():
        state.console_lines += 1
        note(state, "console", state.console_rest)
        state.console_rest = ""


_TAKERS: Final[dict[type[Entry], Callable[[RunState, Any, Basis], None]]] = {
    RunStarted: _started,
    PayloadConnected: _connected,
    ModelCreated: _created,
    ModelLoaded: _loaded,
    ModelSkipped: _skipped,
    SegmentStarted: _segment_started,
    SegmentEnded: _segment_ended,
    SamplesTrained: _samples,
    EvaluationScored: _scored,
    EpochTrained: _epoch,
    ModelDumped: _dumped,
    HousekeepingReported: _housekeeping,
    LinkMeasured: _link,
    LinkCounted: _counted,
    PayloadRestarted: _restarted,
    PowerCut: _power_cut,
    PayloadResumed: _went_on,
    LinkCut: _cut,
    LinkResumed: _resumed,
    LinkFaultsBegan: _faults_began,
    LinkFaultInjected: _link_fault,
    SensorFaultInjected: _sensor_fault,
    RequestRefused: _refused,
    EventReported: _event,
    ConsolePrinted: _console,
    BytesCorrupted: _corrupted,
    LockTakenOver: _lock,
    CommandRan: _command,
    LinkRecordingFull: _full,
    TargetFailed: _failed,
    RunEnded: _ended,
}
