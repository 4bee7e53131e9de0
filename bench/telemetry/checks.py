"""The rules that hold for every recording, whatever it was read from or made of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordingError
from bench.telemetry.recording import Channel, Labels, Policy, Recording, Values

_ORDER_HINT: Final = (
    'sort the rows, or begin a new segment there; to stream such rows as they are: [policy] out_of_order = "stream"'
)
_LABEL_RANGE: Final = np.iinfo(np.int16)


def check_recording(recording: Recording, source: Path) -> None:
    """Raise RecordingError unless every rule of docs/recordings.md holds for the stream; `source` is named."""
    if recording.row_count == 0:
        message = f"{source}: the recording has no rows"
        raise RecordingError(message, hint="a recording needs at least one sample")
    _check_labelling(recording, source)
    _check_segments(recording, source)
    _check_values(recording.values, recording, source, policy=recording.policy)
    if recording.labels is not None:
        _check_labels(recording.labels, recording, source)
    _check_times(recording, source)


def check_held_out(recording: Recording, source: Path) -> None:
    """The same for the evaluation rows, if there are any; `source` is named."""
    if recording.evaluation is not None:
        policy = replace(recording.policy, not_finite="refuse")  # the payload scores a request whole or not at all
        _check_values(recording.evaluation.values, recording, source, policy=policy)
        _check_labels(recording.evaluation.labels, recording, source)


def outside_range(values: Values, channels: Sequence[Channel]) -> NDArray[np.bool_]:
    """(rows, channels): whether a value is finite and outside its channel's range, compared as float32."""
    with np.errstate(over="ignore"):  # a bound beyond float32 becomes infinite: no bound
        low = np.array([c.low for c in channels], dtype=np.float32)
        high = np.array([c.high for c in channels], dtype=np.float32)
    return np.isfinite(values) & ((values < low) | (values > high))


def _check_labelling(recording: Recording, source: Path) -> None:
    labelled = recording.labels is not None
    if bool(recording.label_meanings) != labelled or (recording.positive_label is not None) != labelled:
        message = f"{source}: labels, their meanings and the positive one are there together or not at all"
        raise RecordingError(message, hint="give all three, or none for a recording without labels")
    if recording.evaluation is not None and not labelled:
        message = f"{source}: there are held-out rows, but no labels to score them by"
        raise RecordingError(message, hint="leave evaluation out of a recording without labels")


def _check_values(values: Values, recording: Recording, source: Path, *, policy: Policy) -> None:
    not_finite, outside = ~np.isfinite(values), outside_range(values, recording.channels)
    for wrong, treatment in ((not_finite, policy.not_finite), (outside, policy.out_of_range)):
        if treatment == "stream" or not wrong.any():
            continue
        row, column = (int(index) for index in np.argwhere(wrong)[0])
        channel, value = recording.channels[column], values[row, column]
        where = f"{source}: row {row}: {channel.name} is {value!s}{_unit(channel)}"
        if wrong is not_finite:
            message = f"{where}, not a finite number"
            hint = "drop the row or repair the reading; learners cannot train on it"
            if recording.policy.not_finite == "refuse":
                hint += '; to let the payload refuse such rows: [policy] not_finite = "stream"'
            raise RecordingError(message, hint=hint)
        message = f"{where}, outside its range [{channel.low}, {channel.high}]"
        hint = f"correct the reading, or the range of {channel.name} in recording.toml"
        raise RecordingError(message, hint=hint + '; to train on such readings: [policy] out_of_range = "stream"')


def _unit(channel: Channel) -> str:
    """As written behind a number: nothing for plain numbers, whose unit is 1."""
    return f" {channel.unit}" if channel.unit not in {"", "1"} else ""


def _check_labels(labels: Labels, recording: Recording, source: Path) -> None:
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
    for name, count in Counter(segment.name for segment in recording.segments).items():
        if count > 1:
            message = f"{source}: {count} segments are named {name!r}"
            raise RecordingError(message, hint="give every segment a name of its own")


def _check_times(recording: Recording, source: Path) -> None:
    if recording.policy.out_of_order == "stream":
        return
    back = np.flatnonzero(np.diff(recording.times_ms) < 0) + 1
    starts = {segment.first_row for segment in recording.segments}
    for row in (int(index) for index in back):
        if row not in starts:
            before, now = recording.times_ms[row - 1], recording.times_ms[row]
            message = f"{source}: row {row}: time goes backwards inside a segment, from {before} to {now} ms"
            raise RecordingError(message, hint=_ORDER_HINT)


def check_label(label: int, source: Path) -> None:
    """A label travels as a signed 16-bit integer."""
    if not _LABEL_RANGE.min <= label <= _LABEL_RANGE.max:
        message = f"{source}: label {label} is outside {_LABEL_RANGE.min} to {_LABEL_RANGE.max}"
        raise RecordingError(message, hint="labels are small integers; a binary recording uses -1 and 1")
