"""What a recording is: frozen data, and the checks that hold for every one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordingError

Values = NDArray[np.float32]
Labels = NDArray[np.int16]
Times = NDArray[np.int64]

_LABEL_RANGE: Final = np.iinfo(np.int16)


@dataclass(frozen=True)
class Channel:
    """One streamed quantity. Readings lie in [low, high], both compared as float32."""

    name: str
    unit: str
    low: float
    high: float
    doc: str = ""


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
    """A labelled telemetry stream.

    values is (rows, channels) float32, C-contiguous and read-only; labels (rows,) int16; times_ms (rows,) int64, Unix
    milliseconds or milliseconds since the recording's start. deciding_channel is the one that the label rule looks at.
    reference_models is the parsed reference_models.json: the models that the rows up to each `end_row` must give.
    """

    name: str
    title: str
    folder: Path | None
    channels: tuple[Channel, ...]
    deciding_channel: str | None
    values: Values
    labels: Labels
    times_ms: Times
    segments: tuple[Segment, ...]
    label_meanings: Mapping[int, str]
    positive_label: int
    period_s: float
    provenance: str
    licence: str
    evaluation: EvaluationRows | None = None
    reference_models: Mapping[str, Any] | None = None
    auxiliary: tuple[Auxiliary, ...] = ()

    @property
    def row_count(self) -> int:
        return int(self.labels.shape[0])

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
            labels=self.labels[cut],
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


def check_recording(recording: Recording, source: Path) -> None:
    """Raise RecordingError unless every rule of docs/recordings.md holds; `source` is named in the message."""
    if recording.row_count == 0:
        message = f"{source}: the recording has no rows"
        raise RecordingError(message, hint="a recording needs at least one sample")
    _check_segments(recording, source)
    check_rows(recording.values, recording.labels, recording, source)
    _check_times(recording, source)


def check_rows(values: Values, labels: Labels, recording: Recording, source: Path) -> None:
    """Every value finite and inside its channel's range, every label one that has a meaning."""
    with np.errstate(over="ignore"):  # a bound beyond float32 becomes infinite: no bound
        low = np.array([c.low for c in recording.channels], dtype=np.float32)
        high = np.array([c.high for c in recording.channels], dtype=np.float32)
    inside = np.isfinite(values) & (values >= low) & (values <= high)
    if not inside.all():
        row, column = (int(index) for index in np.argwhere(~inside)[0])
        channel, value = recording.channels[column], values[row, column]
        where = f"{source}: row {row}: {channel.name} is {value!s} {channel.unit}"
        if not np.isfinite(value):
            message = f"{where}, not a finite number"
            raise RecordingError(message, hint="drop the row or repair the reading; learners cannot train on it")
        message = f"{where}, outside its range [{channel.low}, {channel.high}]"
        raise RecordingError(message, hint=f"correct the reading, or the range of {channel.name} in recording.toml")
    known = np.isin(labels, list(recording.label_meanings))
    if not known.all():
        row = int(np.argmin(known))
        expected = ", ".join(str(label) for label in sorted(recording.label_meanings))
        message = f"{source}: row {row}: label is {labels[row]}, expected one of {expected}"
        raise RecordingError(message, hint="correct the label, or declare its meaning in recording.toml [labels]")


def _check_segments(recording: Recording, source: Path) -> None:
    expected = 0
    for segment in recording.segments:
        if segment.first_row != expected or segment.end_row <= segment.first_row:
            message = (
                f"{source}: segment {segment.name!r} covers rows {segment.first_row} to {segment.end_row}, "
                f"expected a first row of {expected} and a later end row"
            )
            raise RecordingError(message, hint="segments follow each other without gap, overlap or empty segment")
        expected = segment.end_row
    if expected != recording.row_count:
        message = f"{source}: the segments end at row {expected}, the samples at row {recording.row_count}"
        raise RecordingError(message, hint="the last segment's end_row must be the number of samples")
    names = [segment.name for segment in recording.segments]
    for name in names:
        if names.count(name) > 1:
            message = f"{source}: {names.count(name)} segments are named {name!r}"
            raise RecordingError(message, hint="give every segment a name of its own")


def _check_times(recording: Recording, source: Path) -> None:
    back = np.flatnonzero(np.diff(recording.times_ms) < 0) + 1
    starts = {segment.first_row for segment in recording.segments}
    for row in (int(index) for index in back):
        if row not in starts:
            before, now = recording.times_ms[row - 1], recording.times_ms[row]
            message = f"{source}: row {row}: time goes backwards inside a segment, from {before} to {now} ms"
            raise RecordingError(message, hint="sort the rows, or begin a new segment there")


def check_label(label: int, source: Path) -> None:
    """A label travels as a signed 16-bit integer."""
    if not _LABEL_RANGE.min <= label <= _LABEL_RANGE.max:
        message = f"{source}: label {label} is outside {_LABEL_RANGE.min} to {_LABEL_RANGE.max}"
        raise RecordingError(message, hint="labels are small integers; a binary recording uses -1 and 1")
