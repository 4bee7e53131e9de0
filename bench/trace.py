"""What happened in a run, as typed entries that are saved while they happen.

A trace is a file of JSON lines: one object per entry with its `kind`, the time `t` in seconds since the run began
(host clock), and the entry's fields. Everything that is measured, judged, shown or reported later is a function of
these entries and the other files of the run folder. Numbers that are not finite are the strings NaN, Infinity and
-Infinity. A reader skips kinds and fields it does not know, and a last line that was cut off.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, TextIO

from bench.errors import RunFolderError

FORMAT = 1
"""Grows when an entry changes its meaning."""

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


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
class SamplesTrained(Entry):
    """Results of a batch of rows; every list has one element per row. Costs are counts of the payload's clock.

    Status 0: trained; 3: kept for training in batch mode, with empty strings and no train and predict costs. Any other
    row was refused by the payload: its costs are 0 and its strings empty.
    """

    kind: ClassVar[str] = "samples_trained"
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
    """Sums since the payload's bank was made, i.e. since its last start."""

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
class PayloadRestarted(Entry):
    """`planned`: by the scenario. Otherwise the payload started anew by itself and lost what it held."""

    kind: ClassVar[str] = "payload_restarted"
    planned: bool
    reason: str


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
class BytesCorrupted(Entry):
    """Bytes on the line that are neither a frame nor text."""

    kind: ClassVar[str] = "bytes_corrupted"
    count: int
    reason: str


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
        ModelSkipped,
        SegmentStarted,
        SamplesTrained,
        StatisticsReported,
        ModelDumped,
        SegmentEnded,
        EpochTrained,
        EvaluationScored,
        HousekeepingReported,
        LinkMeasured,
        PayloadRestarted,
        RequestRefused,
        EventReported,
        ConsolePrinted,
        BytesCorrupted,
        TargetFailed,
        RunEnded,
    )
}


def encode_number(value: float) -> float | str:
    """`value` as JSON can carry it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _plain(value: object) -> object:
    """Nested dataclasses and non-finite numbers as JSON has them."""
    if isinstance(value, float):
        return encode_number(value)
    if isinstance(value, list):
        return [_plain(item) for item in value] if value and not isinstance(value[0], int | str) else value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}  # type: ignore[arg-type]
    return value


def entry_to_json(entry: Entry) -> str:
    """One line, without its newline."""
    values = {item.name: _plain(getattr(entry, item.name)) for item in fields(entry) if item.name != "t"}
    return json.dumps({"t": round(entry.t, 6), "kind": entry.kind, **values}, allow_nan=False, separators=(",", ":"))


def _numbers(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return _NON_FINITE.get(value, value)
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return value


def entry_from_json(line: str) -> Entry | None:
    """The entry of a line; None for a kind that this version does not know. Raises ValueError for broken JSON."""
    raw = json.loads(line)
    entry_type = ENTRIES.get(raw.pop("kind", ""))
    if entry_type is None:
        return None
    known = {item.name: str(item.type) for item in fields(entry_type)}
    values = {key: value for key, value in raw.items() if key in known}
    for key, value in values.items():
        _check_type(value, known[key], key)
    if entry_type is SamplesTrained and len({len(raw[name]) for name in _ROW_LISTS}) > 1:
        raise ValueError("lists of one batch of rows differ in length")
    if entry_type is CatalogueListed:
        values["learners"] = [LearnerInfo(**_numbers(item)) for item in raw["learners"]]
        values["features"] = [FeatureInfo(**item) for item in raw["features"]]
    elif entry_type is StatisticsReported:
        values["models"] = [
            ModelStatistics(item["name"], item["updates"], _operation_sums(item["operations"]))
            for item in raw["models"]
        ]
        values["bank"] = _operation_sums(raw["bank"])
    elif entry_type is EpochTrained:
        values["models"] = [ModelEpoch(**_numbers(item)) for item in raw["models"]]
    elif entry_type in {ModelDumped, EvaluationScored, ModelCreated}:
        values = {
            key: _numbers(value) if key in {"state", "scores", "hyperparameters"} else value
            for key, value in values.items()
        }
    return entry_type(**values)


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float, str),  # a string where it is not finite
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "None": (type(None),),
}
_ROW_LISTS = ("status", "train", "predict", "feature", "dispatch", "predictions", "updated")


def _check_type(value: object, annotation: str, key: str) -> None:
    """Raise ValueError unless a JSON value can be of a field's type; lists of plain values are looked into."""
    allowed = [part.strip().split("[")[0] for part in _split_union(annotation)]
    types = tuple(kind for name in allowed for kind in _JSON_TYPES[name])
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise ValueError(f"{key} is {value!r}, expected {annotation}")
    item = annotation.removeprefix("list[").removesuffix("]")
    if isinstance(value, list) and item in _JSON_TYPES:
        for element in value:
            _check_type(element, item, key)


def _split_union(annotation: str) -> list[str]:
    """The alternatives of an annotation; a union inside brackets is one of them."""
    return annotation.split("|") if "[" not in annotation else [annotation]


def _operation_sums(raw: dict[str, dict[str, int]]) -> dict[str, OperationSum]:
    return {name: OperationSum(**sums) for name, sums in raw.items()}


def load_trace(path: Path) -> Iterator[Entry]:
    """Entries in order; raises RunFolderError naming the line that cannot be read. A cut last line is skipped."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RunFolderError(f"cannot read {path}: {error}", hint="is this a run folder?") from error
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entry = entry_from_json(line)
        except (ValueError, TypeError, KeyError) as error:
            if number == len(lines):
                return  # the run was killed while it wrote this line
            raise RunFolderError(
                f"{path}:{number}: not a trace entry ({error})",
                hint="the file was changed, or a newer version wrote it",
            ) from error
        if isinstance(entry, RunStarted) and entry.format > FORMAT:
            raise RunFolderError(
                f"{path} has trace format {entry.format}; this version reads up to {FORMAT}", hint="update the bench"
            )
        if entry is not None:
            yield entry


class TraceWriter:
    """Appends entries to an open file, each flushed as it happens so that a killed run keeps what it recorded."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._failure: OSError | None = None

    def write(self, entry: Entry) -> None:
        """Raises RunFolderError when the file cannot take it, for example on a full disk; from then on always."""
        if self._failure is None:
            try:
                self._file.write(entry_to_json(entry) + "\n")
                self._file.flush()
            except OSError as error:
                self._failure = error
                with contextlib.suppress(OSError):
                    self._file.close()  # whoever closes it next would write what is left, and fail again
        if self._failure is not None:
            raise RunFolderError(
                f"cannot write the trace: {self._failure.strerror}", hint="is the disk full?"
            ) from self._failure
