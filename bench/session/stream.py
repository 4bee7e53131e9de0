"""Streaming rows at the wanted pace and taking their results."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.learners import class_labels
from bench.plan import SCORED_ROWS
from bench.session.decode import rows_per_packet, sample_records, sample_results
from bench.session.dialogue import Dialogue
from bench.session.failures import Stopped, TargetFailure
from bench.session.patience import Patience
from bench.telemetry import Recording
from bench.trace import LinkCounted, LinkMeasured, SamplesRepeated
from firmware_if.errors import WireError
from firmware_if.messages import NotAccepted, NotCompleted, SampleReport, Samples

_COUNT_S = 1.0
"""Between two counts of the link for whoever watches; a phase that is over sooner has none but its last."""
_QUEUE_AHEAD = 4
"""Packets kept ready behind the window, so that credit never waits for the bench."""


@dataclass(frozen=True)
class Pace:
    """How fast rows go out: `speed` times real time, None = as fast as the link takes them."""

    speed: float | None = None

    def due_s(self, times_ms: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """When each row is due, in seconds after the first; None = at once."""
        if self.speed is None:
            return None
        due: NDArray[np.float64] = (times_ms - times_ms[0]) / (1000.0 * self.speed)
        return due


class RowStream:
    """Rows of one recording on their way to the payload. `trained_rows` counts results that came back.

    `position` is the next row of the payload that runs, `reached` the one behind the last row that any start of it has
    trained: they differ while rows are repeated after a restart. `sent` is behind the last row that was ever sent.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        recording: Recording,
        *,
        pace: Pace,
        patience: Patience | None = None,
        on_reached: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`on_reached` is told `reached` when it has grown."""
        self._on_reached = on_reached
        self._dialogue = dialogue
        self._recording = recording
        self._records = sample_records(recording)
        self._record_bytes = self._records.dtype.itemsize
        self._pace = pace
        self._stall_s = (patience or Patience()).stall_s
        self._models = 0
        self._classes = len(class_labels(recording))
        self.trained_rows = 0
        self.position = self.reached = self.sent = 0

    def restore(self, position: int) -> None:
        """The payload has started anew and goes on with this row."""
        self.position = position
        self.reached = max(self.reached, position)

    def run(self, first_row: int, end_row: int, *, models: int, phase: str) -> None:
        """Stream rows [first_row, end_row) and wait for all their results; raises TargetFailure or Stopped.

        They are all new, or all before `reached`, and repeated.

        `models` is how many there are on the payload: every report must hold that many results.

        However it ends, the link's counts of this phase go into the trace.
        """
        clock = self._dialogue.clock
        self._models = models
        before = self._dialogue.statistics
        started = clock.now()
        progress = _Progress(first_row, first_row, end_row, started)
        due_s = self._pace.due_s(self._recording.times_ms[first_row:end_row])
        count_at = started + _COUNT_S
        try:
            while progress.reported < end_row:
                progress = self._send_due(progress, first_row, due_s=due_s)
                progress = self._take_results(progress, self._wait_s(progress, first_row, due_s=due_s))
                if clock.now() >= count_at:
                    count_at = clock.now() + _COUNT_S
                    self._dialogue.recorder.record(LinkCounted(self._dialogue.counts_since(before)))
        except Stopped:
            self._dialogue.heed_stop()
            while (
                progress.reported < progress.sent and self._dialogue.is_open
            ):  # the models have seen these rows, or will before they are dumped
                progress = self._take_results(progress, 1.0)
            raise
        finally:
            self._dialogue.recorder.record(
                LinkMeasured(
                    phase,
                    clock.now() - started,
                    progress.waiting_s,
                    (progress.sent - first_row) * self._record_bytes,
                    self._dialogue.counts_since(before),
                    self._dialogue.transport.line_bytes_per_s,
                )
            )

    def _send_due(self, progress: "_Progress", first_row: int, *, due_s: NDArray[np.float64] | None) -> "_Progress":
        """Queue the rows that are due, up to a few packets ahead of the window."""
        due_row = progress.end
        if due_s is not None:
            elapsed = self._dialogue.clock.now() - progress.started
            due_row = first_row + int(np.searchsorted(due_s, elapsed, side="right"))
        sent = progress.sent
        while sent < due_row and self._dialogue.queued < _QUEUE_AHEAD:
            end = min(sent + rows_per_packet(self._record_bytes), due_row)
            self._dialogue.send(Samples(sent, self._records[sent:end].tobytes()), acknowledge=False)
            sent = end
        self.sent = max(self.sent, sent)
        return replace(progress, sent=sent)

    def _wait_s(self, progress: "_Progress", first_row: int, *, due_s: NDArray[np.float64] | None) -> float:
        """How long nothing needs to be sent."""
        if due_s is None or progress.sent >= progress.end:
            return 1.0
        return max(0.0, progress.started + float(due_s[progress.sent - first_row]) - self._dialogue.clock.now())

    def _take_results(self, progress: "_Progress", wait_s: float) -> "_Progress":
        clock = self._dialogue.clock
        paced = progress.reported == progress.sent
        before, away_before_s = clock.now(), self._dialogue.away_s
        reported = progress.reported
        with nullcontext() if paced else self._dialogue.expecting():
            messages = self._dialogue.receive(wait_s, stoppable=True)
        for message in messages:
            if isinstance(message, SampleReport):
                reported += self._take_report(message, reported, sent=progress.sent)
            elif isinstance(message, NotAccepted | NotCompleted):
                raise self._dialogue.refused(message)
        now = clock.now()
        waiting_s = progress.waiting_s + (now - before if paced else 0.0)
        if reported > progress.reported or paced:
            return replace(progress, reported=reported, waiting_s=waiting_s, heard_at=now)
        heard_at = progress.heard_at + self._dialogue.away_s - away_before_s
        if now - heard_at > self._stall_s:
            raise TargetFailure(
                f"rows {reported} to {progress.sent - 1} were sent, but no result came for {self._stall_s:g} s",
                hint="the payload hangs in training",
            )
        return replace(progress, heard_at=heard_at)

    def _take_report(self, report: SampleReport, expected_row: int, *, sent: int) -> int:
        if report.models != self._models:
            raise TargetFailure(f"the payload reported results of {report.models} models; it has {self._models}")
        if report.first_row != expected_row or not 0 < report.count <= sent - expected_row:
            raise TargetFailure(
                f"the payload reported rows {report.first_row} to {report.first_row + report.count - 1}; "
                f"row {expected_row} was next, and rows up to {sent - 1} had been sent"
            )
        try:
            results = sample_results(report, classes=self._classes)
        except WireError as error:
            raise TargetFailure(f"the payload broke the contract: {error.message}") from error
        self.position = expected_row + report.count
        if self.position <= self.reached:
            self._dialogue.recorder.record(SamplesRepeated(**vars(results)))
        else:
            self._dialogue.recorder.record(results)
            self.trained_rows += report.count
            self.reached = self.position
            self._on_reached(self.reached)
        return report.count


@dataclass(frozen=True)
class _Progress:
    sent: int
    """Next row to send."""
    reported: int
    """Next row whose result is awaited."""
    end: int
    started: float
    waiting_s: float = 0.0
    """Time spent with nothing under way, waiting for the next row to be due."""
    heard_at: float = 0.0

    def __post_init__(self) -> None:
        if not self.heard_at:
            object.__setattr__(self, "heard_at", self.started)


@dataclass(frozen=True)
class ScoredRows:
    """Rows to be scored without training: `source` as EvaluationScored has it; packets: first row and records."""

    source: str
    packets: list[tuple[int, bytes]]
    count: int = 0
    """Rows in all packets."""


def rows_to_score(recording: Recording) -> ScoredRows:
    """The recording's evaluation rows; where it has none, the finite ones among its own last rows."""
    if recording.evaluation is not None:
        values, rows = recording.evaluation.values, np.arange(len(recording.evaluation.values))
    else:
        rows = np.flatnonzero(np.isfinite(recording.values).all(axis=1))[-SCORED_ROWS:]
        values = recording.values[rows]
    per_packet = rows_per_packet(4 * values.shape[1])
    packets: list[tuple[int, bytes]] = []
    for part in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1):
        for start in range(0, len(part), per_packet):
            places = part[start : start + per_packet]
            packets.append((int(rows[places[0]]), values[places].astype(">f4").tobytes()))
    return ScoredRows("recording" if recording.evaluation is None else "evaluation", packets, len(rows))
