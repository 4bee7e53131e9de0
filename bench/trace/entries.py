"""What can happen in a run: one frozen class for each kind of entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

FORMAT = 1
"""Grows when an entry changes its meaning."""


@dataclass(frozen=True)
class Entry:
    """Base of all entries; `t` is set when an entry is recorded."""

    kind: ClassVar[str] = ""
    t: float = field(default=0.0, kw_only=True)


@dataclass(frozen=True)
class RunStarted(Entry):
    kind: ClassVar[str] = "run_started"
    format: int
    scenario: str
    target: str
    recording: str
    rows: int
    versions: dict[str, str]
    """Of the bench and of every program that has a say in the figures: python, numpy, qemu, compiler."""
    command: list[str]
    """How the payload was started; empty for a board on a port."""
    mode: str = "stream"
    """Of the scenario. In score mode `rows` are those that are scored, else those that are streamed."""
    started: str = ""
    """Date and time of day, ISO 8601."""
    revision: str = ""
    """Of the project in whose folder the run was started, as `git describe --always --dirty` names it."""


@dataclass(frozen=True)
class PayloadConnected(Entry):
    """The first exchange after a start of the payload. `start` counts them from 1."""

    kind: ClassVar[str] = "payload_connected"
    start: int
    name: str
    build_id: str
    fingerprint: str
    nonce: int
    clock: str
    """instructions, cycles or host."""
    clock_rate_hz: int
    arena_bytes: int
    receive_bytes: int
    frame_bytes: int


@dataclass(frozen=True)
class LearnerInfo:
    """A learner as the payload describes it; parameters: name -> (initial, minimum, maximum)."""

    name: str
    arithmetic: str
    tie: int
    parameters: dict[str, list[float]]
    arrays: dict[str, str]
    """State array -> "f64 vector", "u32 scalar" ..."""
    mode: str = "stream"
    """In which it trains: stream or batch."""
    whole: list[str] = field(default_factory=list)
    """Parameters that take whole numbers only."""


@dataclass(frozen=True)
class FeatureInfo:
    """A feature map as the payload describes it; inputs 0 = any number of channels."""

    name: str
    arithmetic: str
    inputs: int


@dataclass(frozen=True)
class CatalogueListed(Entry):
    kind: ClassVar[str] = "catalogue_listed"
    learners: list[LearnerInfo]
    features: list[FeatureInfo]


@dataclass(frozen=True)
class ModelCreated(Entry):
    """A model exists on the payload. Handles count from 0 in the order of creation."""

    kind: ClassVar[str] = "model_created"
    handle: int
    name: str
    learner: str
    features: str
    arithmetic: str
    channels: list[int]
    hyperparameters: dict[str, float]
    """All of them, those left at their initial value included."""
    dimension: int
    state_bytes: int
    arena_bytes: int
    arrays: list[dict[str, Any]]
    """name, type (F64, F32, U32), offset, count."""
    bias: bool = False
    """A constant feature 1 stands behind those of the map; `dimension` counts it."""
    outputs: int = 1
    """Scores per row: 1 for two classes, else one per class."""
    lost_at_restart: list[str] = field(default_factory=list)
    """Arrays that a planned restart sets back to the value before the first sample."""


@dataclass(frozen=True)
class ModelLoaded(Entry):
    """The weights of a model file were written into the payload."""

    kind: ClassVar[str] = "model_loaded"
    name: str
    file: str
    sha256: str
    labels: list[int]
    """The file's classes in the order of the recording's."""
    values: int
    rounded: int
    """Values that are others in the file, for want of digits in the payload's arithmetic."""
    rounding: float
    """The largest relative change of a value by that."""


@dataclass(frozen=True)
class ModelSkipped(Entry):
    """A model that the scenario wants only where the payload has its learner."""

    kind: ClassVar[str] = "model_skipped"
    name: str
    reason: str


@dataclass(frozen=True)
class SegmentStarted(Entry):
    kind: ClassVar[str] = "segment_started"
    index: int
    name: str
    first_row: int
    end_row: int


@dataclass(frozen=True)
class RowResults(Entry):
    """Results of a batch of rows; every list has one element per row. Costs are counts of the payload's clock.

    Status 0: trained; 3: kept for training in batch mode, with empty strings and no train and predict costs. Any other
    row was refused by the payload: its costs are 0 and its strings empty.
    """

    first_row: int
    status: list[int]
    link: int
    train: list[int]
    predict: list[int]
    feature: list[int]
    dispatch: list[int]
    predictions: list[str]
    """One character per model: class index (0-9, a-z) predicted before training."""
    updated: list[str]
    """One character per model: 1 if training changed it."""


@dataclass(frozen=True)
class SamplesTrained(RowResults):
    """Of rows that no result had come of before."""

    kind: ClassVar[str] = "samples_trained"


@dataclass(frozen=True)
class SamplesRepeated(RowResults):
    """Of rows that were trained once more, after the payload had resumed before them. The first results count."""

    kind: ClassVar[str] = "samples_repeated"


@dataclass(frozen=True)
class ModelEpoch:
    """What one epoch did to one model."""

    name: str
    loss: float
    """Mean over mini-batches of their mean losses, each before its step."""
    steps: int
    rows: int
    train: int
    """Counts of the payload's clock, all steps together."""


@dataclass(frozen=True)
class EpochTrained(Entry):
    """Every model has trained once on the data set; epochs count from 0."""

    kind: ClassVar[str] = "epoch_trained"
    epoch: int
    seconds: float
    """Host time from the request to the answer."""
    models: list[ModelEpoch]


@dataclass(frozen=True)
class OperationSum:
    """Sums kept on the payload, in counts of its clock."""

    count: int
    minimum: int
    maximum: int
    sum: int


@dataclass(frozen=True)
class ModelStatistics:
    name: str
    updates: int
    operations: dict[str, OperationSum]
    """train, predict, feature."""


@dataclass(frozen=True)
class StatisticsReported(Entry):
    """Sums since the payload's bank was reset, i.e. since the run began or the payload was restarted in it."""

    kind: ClassVar[str] = "statistics_reported"
    start: int
    models: list[ModelStatistics]
    bank: dict[str, OperationSum]
    """dispatch (per row), link (per Samples packet)."""


@dataclass(frozen=True)
class ModelDumped(Entry):
    """A model's whole state at a row; `updates` is counted over the whole recording, across restarts."""

    kind: ClassVar[str] = "model_dumped"
    segment: int
    end_row: int
    name: str
    updates: int
    state: dict[str, list[float] | int]
    complete: bool = True
    """False in an aborted segment: end_row is then the row it stopped at."""


@dataclass(frozen=True)
class SegmentEnded(Entry):
    kind: ClassVar[str] = "segment_ended"
    index: int
    end_row: int


@dataclass(frozen=True)
class EvaluationScored(Entry):
    """Scores of rows without training, after the last segment; lists per row."""

    kind: ClassVar[str] = "evaluation_scored"
    first_row: int
    scores: list[list[float]]
    """Model after model, each with all its outputs."""
    predictions: list[str]
    """One character per model: class index."""
    source: str = "evaluation"
    """evaluation: the recording's evaluation rows; recording: rows of the recording itself."""


@dataclass(frozen=True)
class HousekeepingReported(Entry):
    """Fields of the payload's Housekeeping packet by name; None where the port does not measure."""

    kind: ClassVar[str] = "housekeeping_reported"
    start: int
    values: dict[str, int | None]


@dataclass(frozen=True)
class LinkMeasured(Entry):
    """The bench's counts for one phase ("stream" of a segment, or "whole" run); bytes are wire bytes."""

    kind: ClassVar[str] = "link_measured"
    phase: str
    seconds: float
    """Host time of the phase, pauses for pacing included."""
    waiting_s: float
    """Part of it that the bench spent waiting for the pace, not for the payload."""
    sample_record_bytes: int
    counts: dict[str, int]
    """LinkStatistics of firmware_if.connection by field name, for this phase."""
    line_bytes_per_s: float | None


@dataclass(frozen=True)
class LinkCounted(Entry):
    """The bench's counts of a phase that goes on, every second or so; its LinkMeasured replaces them."""

    kind: ClassVar[str] = "link_counted"
    counts: dict[str, int]
    """As those of LinkMeasured, so far."""


@dataclass(frozen=True)
class PayloadRestarted(Entry):
    """`planned`: by the scenario. Otherwise by itself, and it lost what it held unless PayloadResumed follows."""

    kind: ClassVar[str] = "payload_restarted"
    planned: bool
    reason: str
    power_cut: bool = False
    """The bench had cut its power, as the scenario has it."""


@dataclass(frozen=True)
class CheckpointsKept(Entry):
    """The payload has written its first checkpoint, and writes the next ones by itself."""

    kind: ClassVar[str] = "checkpoints_kept"
    rows: int
    """After so many rows: the most that a restart may lose."""
    watchdog: bool


@dataclass(frozen=True)
class ProtectionReported(Entry):
    """Fields of the payload's ProtectionReport by name."""

    kind: ClassVar[str] = "protection_reported"
    start: int
    values: dict[str, int]


@dataclass(frozen=True)
class PowerCut(Entry):
    """The bench has cut the payload's power, as the scenario has it, and put it on again."""

    kind: ClassVar[str] = "power_cut"
    after_row: int


@dataclass(frozen=True)
class PayloadResumed(Entry):
    """After a restart of its own the payload holds the models of this run again, as they were before `next_row`."""

    kind: ClassVar[str] = "payload_resumed"
    start: int
    next_row: int
    lost_rows: int
    """Rows whose results had come back, and that are trained once more."""
    unreported_rows: int
    """Rows that it has trained, and whose results went down with the power."""


@dataclass(frozen=True)
class LinkCut(Entry):
    """The line to the payload is gone, and is waited for."""

    kind: ClassVar[str] = "link_cut"
    reason: str
    reconnect_s: float


@dataclass(frozen=True)
class LinkResumed(Entry):
    """After LinkCut, the payload has answered on the line that came back. resumed: and knew the session."""

    kind: ClassVar[str] = "link_resumed"
    place: str
    """Where the line is now."""
    away_s: float
    resumed: bool


@dataclass(frozen=True)
class LinkFaultsBegan(Entry):
    """From here on faults are put into the link on purpose."""

    kind: ClassVar[str] = "link_faults_began"
    profile: str
    seed: int | None
    """None where the faults are those of an earlier run."""
    light_time_s: float
    settings: list[dict[str, Any]]
    """Of the profile, one for each kind of fault."""


@dataclass(frozen=True)
class LinkFaultInjected(Entry):
    """A fault took effect. Offsets count the bytes that have entered the line that way since LinkFaultsBegan."""

    kind: ClassVar[str] = "link_fault_injected"
    way: str
    """to_payload or from_payload."""
    fault: str
    offset: int
    length: int = 0
    """Bytes that were lost or doubled; truncate: at most."""
    data: str = ""
    """In hexadecimal: what was put in, or the bits that were turned over."""
    seconds: float = 0.0


@dataclass(frozen=True)
class SensorFaultInjected(Entry):
    """A fault that was put into the recording before it was streamed; fields as those of sensor-faults.json."""

    kind: ClassVar[str] = "sensor_fault_injected"
    fault: str
    row: int
    rows: int
    streamed_row: int
    channels: list[str]
    about: str


@dataclass(frozen=True)
class RequestRefused(Entry):
    """The payload refused a telecommand with a PUS failure code."""

    kind: ClassVar[str] = "request_refused"
    request: str
    code: str
    text: str
    number: int


@dataclass(frozen=True)
class EventReported(Entry):
    """An ST[05] event of the payload."""

    kind: ClassVar[str] = "event_reported"
    severity: str
    """informative, low, medium or high."""
    event: str
    number: int
    uptime_s: float


@dataclass(frozen=True)
class ConsolePrinted(Entry):
    """Text that the board printed between frames."""

    kind: ClassVar[str] = "console_printed"
    text: str


@dataclass(frozen=True)
class LockTakenOver(Entry):
    """The board was locked by somebody who died without freeing it; owner: who that was."""

    kind: ClassVar[str] = "lock_taken_over"
    owner: str


@dataclass(frozen=True)
class CommandRan(Entry):
    """A shell command of the station that was run before the link began. what: reset or flash."""

    kind: ClassVar[str] = "command_ran"
    what: str
    line: str
    duration_s: float
    output: str
    """The last of what it printed."""


@dataclass(frozen=True)
class BytesCorrupted(Entry):
    """Bytes on the line that are neither a frame nor text."""

    kind: ClassVar[str] = "bytes_corrupted"
    count: int
    reason: str


@dataclass(frozen=True)
class LinkRecordingFull(Entry):
    """From here on bytes of the link are not recorded, but for the last of them."""

    kind: ClassVar[str] = "link_recording_full"
    text: str


@dataclass(frozen=True)
class TargetFailed(Entry):
    """The target could not go on: a verdict, not an error of the bench."""

    kind: ClassVar[str] = "target_failed"
    reason: str
    hint: str = ""


@dataclass(frozen=True)
class RunEnded(Entry):
    """The last entry of every run that was not killed. outcome: completed, aborted or target_failed."""

    kind: ClassVar[str] = "run_ended"
    outcome: str
    rows: int
    """Rows whose results have come back."""
    reason: str = ""


ENTRIES: dict[str, type[Entry]] = {
    entry.kind: entry
    for entry in (
        RunStarted,
        PayloadConnected,
        CatalogueListed,
        ModelCreated,
        ModelLoaded,
        ModelSkipped,
        SegmentStarted,
        SamplesTrained,
        SamplesRepeated,
        StatisticsReported,
        ModelDumped,
        SegmentEnded,
        EpochTrained,
        EvaluationScored,
        HousekeepingReported,
        LinkMeasured,
        LinkCounted,
        PayloadRestarted,
        CheckpointsKept,
        ProtectionReported,
        PowerCut,
        PayloadResumed,
        LinkCut,
        LinkResumed,
        LinkFaultsBegan,
        LinkFaultInjected,
        SensorFaultInjected,
        RequestRefused,
        EventReported,
        ConsolePrinted,
        LockTakenOver,
        CommandRan,
        BytesCorrupted,
        LinkRecordingFull,
        TargetFailed,
        RunEnded,
    )
}
