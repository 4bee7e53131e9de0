"""A recording in, another one out, with the list of what was done."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import ConfigurationError
from bench.sensor_faults.injected import SensorFault
from bench.sensor_faults.spec import SensorFaultSpec
from bench.strict import nearest_hint
from bench.telemetry import Auxiliary, Policy, Recording, Segment

_STREAM: Final = Policy(not_finite="stream", out_of_range="stream", out_of_order="stream")
_LAST: Final = "dropout"


@dataclass(frozen=True, eq=False)
class DisturbedRecording:
    """The recording as it is streamed, and what is wrong in it on purpose."""

    recording: Recording
    faults: tuple[SensorFault, ...]


@dataclass(eq=False)
class _Draft:
    """What is being changed; the original stays as it was."""

    original: Recording
    values: NDArray[np.float64]
    times_ms: NDArray[np.int64]
    kept: NDArray[np.bool_]


def disturb(recording: Recording, specs: Sequence[SensorFaultSpec]) -> DisturbedRecording:
    """Put faults in; raises ConfigurationError for rows or channels that the recording does not have.

    Each table draws from a stream of random numbers of its own, and rows are taken out last: a table that is added
    moves no fault of another. Labels stay what they were, for they are the truth, and reference models, which hold for
    the readings as they were, are left out.
    """
    if not specs:
        return DisturbedRecording(recording, ())
    draft = _Draft(
        recording,
        recording.values.astype(np.float64),
        recording.times_ms.copy(),
        np.ones(recording.row_count, dtype=np.bool_),
    )
    seen: dict[str, int] = {}
    found: list[SensorFault] = []
    for spec in sorted(specs, key=lambda spec: spec.fault == _LAST):
        seen[spec.fault] = seen.get(spec.fault, 0) + 1
        source = _stream(spec, seen[spec.fault])
        columns = _columns(spec, recording)
        for first, end in _places(spec, recording, source=source):
            about = _APPLY[spec.fault](draft, spec, slice(first, end), columns, source)
            if about:
                found.append(SensorFault(spec.fault, first, end - first, 0, spec.channels, about))
    before = np.concatenate(([0], np.cumsum(draft.kept)))
    placed = (replace(fault, streamed_row=int(before[fault.row])) for fault in found)
    return DisturbedRecording(_finish(draft), tuple(sorted(placed, key=lambda fault: fault.row)))


def _stream(spec: SensorFaultSpec, number: int) -> random.Random:
    digest = hashlib.sha256(f"hil-bench sensor faults {spec.seed} {spec.fault} {number}".encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - repeatable, not secret


def _columns(spec: SensorFaultSpec, recording: Recording) -> list[int]:
    for name in spec.channels:
        if name not in recording.channel_names:
            message = f"sensor fault {spec.fault}: recording {recording.name} has no channel {name!r}"
            raise ConfigurationError(message, hint=nearest_hint(name, recording.channel_names))
    return [recording.channel_names.index(name) for name in spec.channels]


def _places(spec: SensorFaultSpec, recording: Recording, *, source: random.Random) -> list[tuple[int, int]]:
    """First row and end of every occurrence, which do not overlap."""
    count = recording.row_count
    if spec.rows is not None:
        first, end = spec.rows
        if end > count:
            message = f"sensor fault {spec.fault}: rows {first} to {end} are not in {recording.name}, which has {count}"
            raise ConfigurationError(message, hint=f"give rows = [first, end] with an end of at most {count}")
        return [spec.rows] if spec.fault in {"stuck", "dropout", "drift"} else [(r, r + 1) for r in range(first, end)]
    places: list[tuple[int, int]] = []
    row = 0
    probability = 1 / (spec.every or 1.0)
    while True:
        gap = math.log1p(-source.random()) / math.log1p(-probability) if probability < 1 else 0.0
        length = spec.length[0] + int(source.random() * (spec.length[1] - spec.length[0] + 1))
        row += int(gap)
        if row >= count:
            return places
        places.append((row, min(row + length, count)))
        row += length


def _stuck(draft: _Draft, spec: SensorFaultSpec, rows: slice, columns: list[int], source: random.Random) -> str:
    del spec, source
    draft.values[rows, columns] = draft.values[rows.start, columns]
    return "the reading of its first row stays"


def _nan(draft: _Draft, spec: SensorFaultSpec, rows: slice, columns: list[int], source: random.Random) -> str:
    del spec, source
    draft.values[rows, columns] = math.nan
    return "no number"


def _spike(draft: _Draft, spec: SensorFaultSpec, rows: slice, columns: list[int], source: random.Random) -> str:
    sign = -1.0 if source.random() < 0.5 else 1.0  # noqa: PLR2004 - up or down
    draft.values[rows, columns] += sign * spec.size * _spans(draft, columns)
    return f"{sign * spec.size:+g} of the span"


def _drift(draft: _Draft, spec: SensorFaultSpec, rows: slice, columns: list[int], source: random.Random) -> str:
    del source
    length = rows.stop - rows.start
    ramp = (np.arange(1, length + 1) / length)[:, None]
    draft.values[rows, columns] += ramp * spec.size * _spans(draft, columns)
    return f"up to {spec.size:+g} of the span in its last row"


def _mixed(draft: _Draft, spec: SensorFaultSpec, rows: slice, columns: list[int], source: random.Random) -> str:
    del spec, columns
    channels = draft.values.shape[1]
    split = 1 + int(source.random() * (channels - 1))
    if rows.start == 0 or channels < 2 or not draft.kept[rows.start - 1]:  # noqa: PLR2004 - to be mixed of
        return ""
    draft.values[rows.start, split:] = draft.original.values[rows.start - 1, split:]
    return f"from channel {draft.original.channel_names[split]} on the readings of the row before"


def _out_of_order(draft: _Draft, spec: SensorFaultSpec, rows: slice, columns: list[int], source: random.Random) -> str:
    del columns
    back_ms = 1 + int(source.random() * spec.seconds * 1000)
    if rows.start == 0:
        return ""
    draft.times_ms[rows.start] = draft.original.times_ms[rows.start - 1] - back_ms
    return f"{back_ms} ms before the row before"


def _dropout(draft: _Draft, spec: SensorFaultSpec, rows: slice, columns: list[int], source: random.Random) -> str:
    del spec, columns, source
    draft.kept[rows] = False
    return "missing"


_APPLY: Final = {
    "stuck": _stuck,
    "nan": _nan,
    "spike": _spike,
    "drift": _drift,
    "mixed": _mixed,
    "out-of-order": _out_of_order,
    "dropout": _dropout,
}


def _spans(draft: _Draft, columns: list[int]) -> NDArray[np.float64]:
    """Largest less smallest finite reading of each of these channels, as recorded."""
    values = draft.original.values[:, columns].astype(np.float64)
    finite = np.where(np.isfinite(values), values, math.nan)
    if np.isnan(finite).all(axis=0).any():
        message = f"{draft.original.name} has a channel without a finite reading, which has no span"
        raise ConfigurationError(message, hint="leave spike and drift on it out")
    spans: NDArray[np.float64] = np.nanmax(finite, axis=0) - np.nanmin(finite, axis=0)
    return spans


def _finish(draft: _Draft) -> Recording:
    recording, kept = draft.original, draft.kept
    before = np.concatenate(([0], np.cumsum(kept)))
    segments = tuple(Segment(s.name, int(before[s.first_row]), int(before[s.end_row])) for s in recording.segments)
    for segment in segments:
        if segment.rows == 0:
            message = f"sensor fault dropout: no row of segment {segment.name} of {recording.name} is left"
            raise ConfigurationError(message, hint="a larger every, a shorter length, or fewer rows")
    with np.errstate(over="ignore"):  # a spike beyond float32 is infinite, as a converter's overflow may be
        values = draft.values[kept].astype(np.float32)
    indices = np.flatnonzero(kept)
    return replace(
        recording,
        folder=None,
        values=_frozen(values),
        labels=None if recording.labels is None else _frozen(recording.labels[kept]),
        times_ms=_frozen(draft.times_ms[kept]),
        segments=segments,
        auxiliary=tuple(Auxiliary(a.name, tuple(a.texts[i] for i in indices)) for a in recording.auxiliary),
        reference_models=None,
        provenance=f"{recording.provenance}\nFaults of sensors were put in on purpose.",
        policy=_STREAM,
    )


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    copy = np.ascontiguousarray(array)
    copy.setflags(write=False)
    return copy
