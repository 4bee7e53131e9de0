"""What happened beside the rows, and what the board printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from bench.printed import printable
from bench.report.data import RunData
from bench.report.markup import Html, table, tag
from bench.report.summary import time_of
from bench.trace import (
    BytesCorrupted,
    CheckpointsKept,
    CommandRan,
    ConsolePrinted,
    Entry,
    EventReported,
    LinkCut,
    LinkFaultInjected,
    LinkFaultsBegan,
    LinkRecordingFull,
    LinkResumed,
    LockTakenOver,
    ModelLoaded,
    ModelSkipped,
    PayloadConnected,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    RequestRefused,
    RunEnded,
    SensorFaultInjected,
    TargetFailed,
)

MOST_EVENTS: Final = 200
MOST_LINES: Final = 200
_LINE: Final = 300
_CONSOLE_CHARACTERS: Final = 200_000
"""At the end of what was printed, from which the last lines are taken."""
_TOLD: Final[tuple[type[Entry], ...]] = (
    PayloadConnected, PayloadRestarted, CheckpointsKept, PowerCut, PayloadResumed, LinkCut, LinkResumed,
    LinkFaultsBegan, RequestRefused, EventReported,
    ModelLoaded, ModelSkipped, BytesCorrupted, LinkRecordingFull, LockTakenOver, CommandRan, TargetFailed, RunEnded,
)  # fmt: skip


def events(data: RunData) -> Iterator[Html]:
    """Events, restarts and failures in order; then the console."""
    found = [entry for kind in _TOLD for entry in data.of(kind)]
    faults: list[Entry] = [*data.of(SensorFaultInjected), *data.of(LinkFaultInjected)]
    found += faults[: max(0, MOST_EVENTS - len(found))]  # they leave room for what happened by itself
    found.sort(key=time_of)
    half = MOST_EVENTS // 2
    shown = found if len(found) <= MOST_EVENTS else [*found[:half], *found[-half:]]
    rows = [(f"{time_of(entry):.3f}", *_words(entry)) for entry in shown]
    if len(found) > MOST_EVENTS:
        rows.insert(half, ("\N{HORIZONTAL ELLIPSIS}", f"{len(found) - MOST_EVENTS:,} more in trace.jsonl", ""))
    if rows:
        yield table(("s", "what", "about it"), rows, caption="In the order of their times, host clock", wide="events")
    if faults:
        kinds = Counter(entry.fault for entry in faults if isinstance(entry, LinkFaultInjected | SensorFaultInjected))
        counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        yield tag("p", f"Put in on purpose: {counts}; all of them are in trace.jsonl.", class_="more")
    yield from _console(data)


def _words(entry: Entry) -> tuple[str, str]:  # noqa: C901, PLR0911, PLR0912 - one line for each kind of entry
    match entry:
        case PayloadConnected():
            return "payload connected", f"start {entry.start}: {entry.name}, build {entry.build_id[:12]}"
        case PayloadRestarted():
            by_itself = "restart" if entry.power_cut else "restart by itself"
            return ("planned restart" if entry.planned else by_itself), entry.reason
        case CheckpointsKept():
            watchdog = ", a watchdog waits" if entry.watchdog else ""
            return "checkpoints kept", f"every {entry.rows:,} rows{watchdog}"
        case PowerCut():
            return "power cut", f"after row {entry.after_row:,}"
        case PayloadResumed():
            about = f"{entry.lost_rows:,} rows again, {entry.unreported_rows:,} results lost"
            return "payload resumed", f"start {entry.start} goes on with row {entry.next_row:,}: {about}"
        case LinkCut():
            return "line cut", f"{entry.reason}; waited for up to {entry.reconnect_s:g} s"
        case LinkResumed():
            known = "knew the session" if entry.resumed else "did not know the session"
            return "line back", f"after {entry.away_s:.1f} s at {entry.place}; the payload {known}"
        case LinkFaultsBegan():
            seed = f"seed {entry.seed}" if entry.seed is not None else "as in an earlier run"
            return "link faults begin", f"{entry.profile}, {seed}, light time {entry.light_time_s:g} s"
        case LinkFaultInjected():
            much = entry.length or len(entry.data) // 2
            extent = f", {much} bytes" if much else f", {entry.seconds:g} s" if entry.seconds else ""
            return f"injected {entry.fault}", f"{entry.way.replace('_', ' ')}, byte {entry.offset:,}{extent}"
        case SensorFaultInjected():
            where = f" of {', '.join(entry.channels)}" if entry.channels else ""
            return f"sensor fault, {entry.fault}", f"{entry.rows} rows from {entry.streamed_row}{where}: {entry.about}"
        case RequestRefused():
            return "request refused", f"{entry.request}: {entry.code} ({entry.number}), {entry.text}"
        case EventReported():
            return f"event, {entry.severity}", f"{entry.event} ({entry.number}), uptime {entry.uptime_s:.3f} s"
        case ModelLoaded():
            return "model loaded", f"{entry.name}: {entry.values:,} values of {entry.file}, {entry.rounded:,} rounded"
        case ModelSkipped():
            return "model left out", f"{entry.name}: {entry.reason}"
        case BytesCorrupted():
            return "corrupt bytes", f"{entry.count:,}: {entry.reason}"
        case LinkRecordingFull():
            return "link recording full", entry.text
        case LockTakenOver():
            return "lock taken over", entry.owner
        case CommandRan():
            return f"{entry.what} command", f"{entry.line}: {entry.duration_s:.1f} s"
        case TargetFailed():
            return "target failed", f"{entry.reason} {entry.hint}".strip()
        case RunEnded():
            return "run ended", f"{entry.outcome}, {entry.rows:,} rows {entry.reason}".strip()
    return entry.kind, ""


def _console(data: RunData) -> Iterator[Html]:
    printed = "".join(entry.text for entry in data.of(ConsolePrinted))
    text = printable(printed[-_CONSOLE_CHARACTERS:])
    if not text.strip():
        return
    lines = text.splitlines()
    total = printed.count("\n") + (not printed.endswith("\n"))
    shown = [line if len(line) <= _LINE else f"{line[:_LINE]}\N{HORIZONTAL ELLIPSIS}" for line in lines[-MOST_LINES:]]
    yield tag("h3", "Console")
    if total > len(shown):
        yield tag("p", f"The last {len(shown)} lines; {total - len(shown):,} more in trace.jsonl.", class_="more")
    yield tag("pre", *(tag("span", f"{line}\n") for line in shown), tabindex="0")
