"""What a recording is: frozen data. The rules that hold for every one are in bench.telemetry.checks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordingError

Values = NDArray[np.float32]
Labels = NDArray[np.int16]
Times = NDArray[np.int64]

Treatment = Literal["refuse", "stream"]
"""What becomes of a reading that breaks a rule: the recording is refused, or the reading is streamed as it is."""
ADD_LABELS_HINT: Final = (
    "add a label to every row, and [labels] and positive_label to recording.toml; "
    "or import the table again with --label or --label-rule"
)


@dataclass(frozen=True)
class Channel:
    """One streamed quantity. Readings lie in [low, high], both compared as float32."""

    name: str
    unit: str
    low: float
    high: float
    doc: str = ""


@dataclass(frozen=True)
class Policy:
    """What becomes of readings that break a rule, and of times that go back inside a segment.

    Readings are not finite (NaN or infinite), or finite and outside their channel's range.
    Held-out rows are finite in any case: the payload scores a request whole or not at all.
    """

    not_finite: Treatment = "refuse"
    out_of_range: Treatment = "refuse"
    out_of_order: Treatment = "refuse"


@dataclass(frozen=True)
class Segment:
    """Rows first_row to end_row - 1: one uninterrupted stretch of recording."""

    name: str
    first_row: int
    end_row: int

    @property
    def rows(self) -> int:
        return self.end_row - self.first_row


@dataclass(frozen=True)
class Auxiliary:
    """A column that is kept beside the samples as text and never streamed; one text per row."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class EvaluationRows:
    """Held-out rows: values (rows, channels) float32, labels (rows,) int16."""

    values: Values
    labels: Labels


@dataclass(frozen=True, eq=False)
class Recording:
    """A telemetry stream, labelled or not.

    values is (rows, channels) float32, C-contiguous and read-only; labels (rows,) int16; times_ms (rows,) int64, Unix
    milliseconds or milliseconds since the recording's start. Without labels, `labels`, `positive_label` and
    `evaluation` are None and `label_meanings` is empty. deciding_channel is the one that the label rule looks at.
    reference_models is the parsed reference_models.json: the models that the rows up to each `end_row` must give.
    """

    name: str
    title: str
    folder: Path | None
    channels: tuple[Channel, ...]
    deciding_channel: str | None
    values: Values
    labels: Labels | None
    times_ms: Times
    segments: tuple[Segment, ...]
    label_meanings: Mapping[int, str]
    positive_label: int | None
    period_s: float
    provenance: str
    licence: str
    evaluation: EvaluationRows | None = None
    reference_models: Mapping[str, Any] | None = None
    auxiliary: tuple[Auxiliary, ...] = ()
    policy: Policy = Policy()

    @property
    def row_count(self) -> int:
        return int(self.values.shape[0])

    @property
    def known_labels(self) -> Labels:
        """The labels; raises RecordingError for a recording without them."""
        if self.labels is None:
            raise RecordingError(f"recording {self.name} has no labels", hint=ADD_LABELS_HINT)
        return self.labels

    @property
    def channel_names(self) -> tuple[str, ...]:
        return tuple(channel.name for channel in self.channels)

    def rows(self, first_row: int, end_row: int) -> "Recording":
        """Rows first_row to end_row - 1 as a recording of its own, numbered from 0.

        Reference models are kept only where they still hold: the restriction starts at row 0 and their end_row is
        still the end of a segment.
        """
        if not 0 <= first_row < end_row <= self.row_count:
            message = f"{self.name}: rows {first_row} to {end_row} are not inside 0 to {self.row_count}"
            raise RecordingError(message, hint="give 0 <= first row < end row <= number of rows")
        cut = slice(first_row, end_row)
        clipped = (
            Segment(s.name, max(s.first_row, first_row) - first_row, min(s.end_row, end_row) - first_row)
            for s in self.segments
            if s.first_row < end_row and s.end_row > first_row
        )
        segments = tuple(clipped)
        return replace(
            self,
            folder=None,
            values=self.values[cut],
            labels=None if self.labels is None else self.labels[cut],
            times_ms=self.times_ms[cut],
            segments=segments,
            auxiliary=tuple(Auxiliary(a.name, a.texts[cut]) for a in self.auxiliary),
            reference_models=self._references_up_to(end_row) if first_row == 0 else None,
        )

    def _references_up_to(self, end_row: int) -> Mapping[str, Any] | None:
        if self.reference_models is None:
            return None
        kept = [entry for entry in self.reference_models["segments"] if entry["end_row"] <= end_row]
        return {"segments": kept} if kept else None


def frozen_array(array: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    """A C-contiguous read-only copy of `array` as `dtype`; the caller's array stays writable."""
    copy = np.array(array, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy
