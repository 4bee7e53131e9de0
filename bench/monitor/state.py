"""What is known of a run so far: bounded, whatever the length of its trace, and made of what JSON can hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bench.monitor.histogram import Histogram
from bench.monitor.series import Series

MAX_MODELS: Final = 64
"""That are followed; a bank holds 32, and a trace may come from anywhere."""
LOG_LINES: Final = 40
TEXT: Final = 200
"""Characters of a name or a line that are kept."""
MARKS: Final = 20
MARK_S: Final = 0.5
"""Marks of the way: together the last ten seconds, over which a rate is taken."""
OPERATIONS: Final = ("train", "predict", "feature", "dispatch")


@dataclass
class LogLine:
    t: float
    kind: str
    """console, event, note or fault."""
    text: str


@dataclass
class Mark:
    """How far the run was at a time."""

    t: float
    rows: int


@dataclass
class Answers:
    """Predictions of all models, by class. `rows`: of each class so far; the others [class][model]."""

    rows: list[int] = field(default_factory=list)
    hits: list[list[int]] = field(default_factory=list)
    predicted: list[list[int]] = field(default_factory=list)

    def balanced(self, model: int) -> float | None:
        """Mean recall; None until there are rows of two classes, as docs/measures.md has it for two."""
        parts = [(hits[model], rows) for hits, rows in zip(self.hits, self.rows, strict=True) if rows]
        if not parts or (len(parts) < 2 and len(self.rows) == 2) or model >= len(self.hits[0]):  # noqa: PLR2004  # classes
            return None
        return sum(hit / rows for hit, rows in parts) / len(parts)


@dataclass
class ModelState:
    name: str
    learner: str = ""
    features: str = ""
    arithmetic: str = ""
    state_bytes: int = 0
    arena_bytes: int = 0
    updates: int = 0
    """Rows that changed it; in batch mode mini-batches."""
    curve: Series = field(default_factory=Series)
    """Balanced accuracy so far, over rows; in batch mode the loss, over epochs."""
    first_loss: float | None = None
    last_loss: float | None = None
    train: Histogram = field(default_factory=Histogram)
    """Batch mode: cost of each epoch."""


@dataclass
class LinkState:
    """The bench's own counts, of the streaming of segments; None until the whole run was counted."""

    record_bytes: int = 0
    line_bytes_per_s: float | None = None
    streamed_bytes: int = 0
    active_s: float = 0.0
    """Host time of streaming, without pauses for the pace."""
    resent: int = 0
    crc_errors: int = 0
    present: dict[str, int] = field(default_factory=dict)
    """Counts of a segment that still goes on, as far as they are known."""
    corrupt_bytes: int = 0
    cuts: int = 0
    away_s: float = 0.0
    is_cut: bool = False


@dataclass
class RunState:
    scenario: str = ""
    target: str = ""
    recording: str = ""
    mode: str = "stream"
    started: str = ""
    due_rows: int = 0
    clock: str = ""
    clock_rate_hz: int = 0
    payload: str = ""
    build_id: str = ""
    arena_bytes: int = 0
    phase: str = "connecting"
    t: float = 0.0
    """Of the last entry, in seconds since the run began."""
    entries: int = 0
    starts: int = 0
    restarts: int = 0
    """By itself."""
    resumed: int = 0
    power_was_cut: bool = False
    """On purpose, since the payload was connected last."""
    planned_restarts: int = 0
    segment: int = 0
    segment_name: str = ""
    segments_done: int = 0
    rows: int = 0
    refused_rows: int = 0
    scored_rows: int = 0
    epochs: int = 0
    epoch_s: float = 0.0
    marks: list[Mark] = field(default_factory=list)
    models: list[ModelState] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    """Of the models in `models`, by name; the handle is the place."""
    not_followed: int = 0
    answers: Answers = field(default_factory=Answers)
    scored: Answers = field(default_factory=Answers)
    scored_source: str = ""
    steps: dict[str, Histogram] = field(default_factory=lambda: {name: Histogram() for name in OPERATIONS})
    """Cost of an operation on a row, all models together, in counts of the payload's clock."""
    row: Histogram = field(default_factory=Histogram)
    """All operations on a row together."""
    link: LinkState = field(default_factory=LinkState)
    housekeeping: dict[str, dict[str, int | None]] = field(default_factory=dict)
    """By start of the payload, its newest report."""
    housekeeping_t: float | None = None
    peaks: dict[str, int] = field(default_factory=dict)
    """The highest of every report's figures."""
    skipped: int = 0
    refusals: int = 0
    events: dict[str, int] = field(default_factory=dict)
    """By severity."""
    console_lines: int = 0
    console_rest: str = ""
    log: list[LogLine] = field(default_factory=list)
    logged: int = 0
    """Lines so far, of which the last are in `log`."""
    failure: str = ""
    outcome: str = ""
    """Empty while the run goes on, or was killed."""
    reason: str = ""

    @property
    def is_over(self) -> bool:
        return bool(self.outcome)

    def model(self, name: str) -> ModelState | None:
        place = self.places.get(name)
        return self.models[place] if place is not None else None
