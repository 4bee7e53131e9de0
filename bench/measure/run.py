"""The run itself: did it get to its end, and what happened on the way."""

from collections.abc import Iterator, Sequence

from bench.measure.checkpoints import unplanned_restarts, vouched_rows
from bench.measure.measurement import Measurement, entries_of
from bench.trace import (
    ConsolePrinted,
    Entry,
    EvaluationScored,
    EventReported,
    ModelSkipped,
    RequestRefused,
    RunEnded,
    RunStarted,
    SamplesTrained,
    TargetFailed,
)

COMPLETED = "run.completed"


def measure_run(trace: Sequence[Entry]) -> Iterator[Measurement]:
    """Every run.*, events.* and console.* of the run."""
    reason = why_incomplete(trace)
    yield Measurement(COMPLETED, 0 if reason else 1, "1", because=reason)
    ended = entries_of(trace, RunEnded)
    because = "" if ended else "the run has no end"
    yield Measurement("run.rows", ended[-1].rows if ended else None, "rows", because=because)
    unplanned = unplanned_restarts(trace)
    yield Measurement("run.unplanned_restarts", len(unplanned), "restarts", because="; ".join(unplanned[:3]))
    refused = [f"{entry.request}: {entry.code}" for entry in entries_of(trace, RequestRefused)]
    yield Measurement("run.requests_refused", len(refused), "requests", because="; ".join(refused[:3]))
    skipped = [entry.name for entry in entries_of(trace, ModelSkipped)]
    yield Measurement("run.models_skipped", len(skipped), "models", because=", ".join(skipped))
    events = entries_of(trace, EventReported)
    yield Measurement("events.count", len(events), "events")
    for severity in ("informative", "low", "medium", "high"):
        of_severity = [entry.event for entry in events if entry.severity == severity]
        because = ", ".join(dict.fromkeys(of_severity))
        yield Measurement(f"events.{severity}", len(of_severity), "events", because=because)
    text = "".join(entry.text for entry in entries_of(trace, ConsolePrinted))
    yield Measurement("console.lines", len(text.splitlines()), "lines", repeatable=False)


def why_incomplete(trace: Sequence[Entry]) -> str:
    """Why the run is not complete; empty if it is."""
    failures = [entry.reason for entry in entries_of(trace, TargetFailed)]
    ended = entries_of(trace, RunEnded)
    if failures:
        return f"the target failed: {failures[0]}"
    if not ended:
        return "the trace has no end: the run was killed, or is still going"
    if ended[-1].outcome != "completed":
        return f"{ended[-1].outcome.replace('_', ' ')}: {ended[-1].reason or 'no reason was recorded'}"
    started = entries_of(trace, RunStarted)
    due = sum(entry.rows for entry in started)
    vouched = vouched_rows(trace) - reported_rows(trace)
    reported = min(ended[-1].rows, len(reported_rows(trace)))
    if reported + len(vouched) < due:
        return f"results of {reported} of {due} rows came back"
    return ""


def reported_rows(trace: Sequence[Entry]) -> set[int]:
    """Rows whose results came back, of a run that may have no end."""
    if any(entry.mode == "score" for entry in entries_of(trace, RunStarted)):
        return {
            entry.first_row + index
            for entry in entries_of(trace, EvaluationScored)
            for index in range(len(entry.scores))
        }
    return {
        entry.first_row + index for entry in entries_of(trace, SamplesTrained) for index in range(len(entry.status))
    }
