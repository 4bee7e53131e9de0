"""From a table and what was said about it to a recording folder."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.errors import ConfigurationError
from bench.importing.any_csv.labels import Labelling, LabelSource, choose_labelling, count_values, label_source
from bench.importing.any_csv.request import (
    CsvRequest,
    Need,
    check_needs,
    check_options,
    choose_features,
    choose_ranges,
    choose_units,
)
from bench.importing.any_csv.rows import Kept, Range, keep_rows, matrix, seen_ranges
from bench.importing.any_csv.source import Columns, Converter, file_digest, number_converter, read_columns, read_header
from bench.importing.any_csv.times import choose_period, cut_at_gaps, milliseconds, time_converter
from bench.telemetry import Channel, EvaluationRows, Policy, Recording, Segment, load_recording, save_recording
from bench.telemetry.header import is_plain_name
from bench.telemetry.recording import Labels, Values, frozen_array
from bench.telemetry.save import check_replaceable

T = TypeVar("T")
_LABEL: Final = ("label",)
_TIME: Final = ("time",)
"""Keys of a table's arrays beside its features, which are keyed by name: a tuple is no column's name."""


@dataclass(frozen=True)
class Imported:
    """What an import made: the recording as it was read back, and what became of the rows of the table."""

    folder: Path
    recording: Recording
    kept: Kept


@dataclass(frozen=True, eq=False)
class _Table:
    """A table as arrays. `codes` are the values of its labels, `times` its time column, where there are such."""

    columns: Columns
    values: Values
    codes: NDArray[np.int32] | None
    times: NDArray[np.float64] | None

    @property
    def absent(self) -> NDArray[np.bool_]:
        """Rows without a label or a time where the others have one."""
        absent = np.zeros(self.columns.row_count, np.bool_)
        if self.codes is not None:
            absent |= self.codes < 0
        return absent if self.times is None else absent | ~np.isfinite(self.times)


@dataclass(frozen=True, eq=False)
class _Settled:
    """Everything that had to be said."""

    channels: tuple[Channel, ...]
    source: LabelSource | None
    labelling: Labelling | None
    period_s: float
    kept: Kept
    held_out: Kept | None
    times_ms: NDArray[np.int64]
    segments: tuple[Segment, ...]

    def labels(self, table: _Table, rows: NDArray[np.int64]) -> Labels | None:
        if self.source is None or self.labelling is None or table.codes is None:
            return None
        return self.labelling.labels(table.codes[rows], self.source.values)


class _Needs(list[Need]):
    def take(self, answer: tuple[T, list[Need]]) -> T:
        """What was settled, while what is still needed is noted."""
        settled, needs = answer
        self += needs
        return settled


def import_table(request: CsvRequest, out: Path) -> Imported:
    """Write the recording of a table as folder `out`.

    Raises one ConfigurationError for everything that is still to be said, RecordingError for a malformed table.
    """
    check_replaceable(out)
    check_options(request)
    header, delimiter = read_header(request.path, request.delimiter)
    source = label_source(request)
    others = [("--label-rule" if request.label is None else "--label", source.column)] if source is not None else []
    others += [("--time", request.time)] if request.time is not None else []
    features = choose_features(request.features, header, request.path, others=others)
    if source is None and (request.hold_out or request.evaluation):
        option = "--hold-out" if request.hold_out else "--evaluation"
        raise ConfigurationError(
            f"{option} needs labels to score the rows by", hint=f"add --label, or leave out {option}"
        )
    table = _read(request, request.path, delimiter, features=features, source=source)
    evaluation = None
    if request.evaluation is not None:
        _, delimiter = read_header(request.evaluation, request.delimiter)
        evaluation = _read(request, request.evaluation, delimiter, features=features, source=source)
    settled = _settle(request, table, evaluation, features=features, source=source)
    recording = _recording(request, out, table, evaluation, settled=settled)
    folder = save_recording(recording, out, samples=request.samples)
    return Imported(folder, load_recording(folder), settled.kept)


def _read(
    request: CsvRequest, path: Path, delimiter: str, *, features: Sequence[str], source: LabelSource | None
) -> _Table:
    wanted: dict[object, tuple[str, Converter]] = {name: (name, number_converter(request.decimal)) for name in features}
    if source is not None:
        wanted[_LABEL] = (source.column, source.codes)
    if request.time is not None and path == request.path:
        wanted[_TIME] = (request.time, time_converter(request))
    columns = read_columns(path, delimiter, wanted)
    return _Table(columns, matrix(columns, features), columns.arrays.get(_LABEL), columns.arrays.get(_TIME))


def _settle(
    request: CsvRequest,
    table: _Table,
    evaluation: _Table | None,
    *,
    features: tuple[str, ...],
    source: LabelSource | None,
) -> _Settled:
    """Raises one ConfigurationError for all that is still to be said, as far as it can be known by then."""
    needs = _Needs()
    tables = [table] if evaluation is None else [table, evaluation]
    if not features:
        needs.append(Need("which columns are streamed", "--features COLUMN,..."))
    if source is None and not request.no_label:
        what = "what tells the classes apart (a column, a --label-rule such as 'pd6 > 1.0472', or --no-label)"
        needs.append(Need(what, "--label COLUMN"))
    units = needs.take(choose_units(request, features))
    ranges = needs.take(choose_ranges(request, features, seen_ranges([each.values for each in tables], features)))
    labelling = None
    if source is not None:
        codes = [each.codes for each in tables if each.codes is not None]
        counts = count_values(codes, source.values, request.path)
        labelling = needs.take(choose_labelling(request, source.values, counts))
    period_s = needs.take(choose_period(request, table.columns, table.times, features=features))
    kept, *more = (
        needs.take(keep_rows(request, each.columns, each.values, ranges=ranges, features=features, absent=each.absent))
        for each in tables
    )
    times_ms = np.empty(0, np.int64)
    segments: tuple[Segment, ...] = ()
    if period_s is not None and (request.time is None or request.time_unit is not None):
        rows = _streamed(request, kept)
        if table.times is not None:  # rows without a time are already asked about
            rows = rows[np.isfinite(table.times[rows])]
        times_ms = milliseconds(request, table.times, rows, period_s=period_s)
        segments = needs.take(cut_at_gaps(request, times_ms, rows, columns=table.columns, period_s=period_s))
    check_needs(request.path, needs)
    return _Settled(
        _channels(features, units, ranges, request.path),
        source,
        labelling,
        period_s or 0.0,
        kept,
        more[0] if more else None,
        times_ms,
        segments,
    )


def _streamed(request: CsvRequest, kept: Kept) -> NDArray[np.int64]:
    if not 0 <= request.hold_out < len(kept.rows):
        message = f"--hold-out is {request.hold_out}, and {len(kept.rows)} rows are kept"
        raise ConfigurationError(message, hint="hold out fewer rows: some must be left to train on")
    return kept.split(request.hold_out)[0]


def _channels(
    features: Sequence[str], units: Mapping[str, str], ranges: Mapping[str, Range], path: Path
) -> tuple[Channel, ...]:
    """Names are made plain; what a column was called in the table is kept beside it."""
    channels: list[Channel] = []
    for column in features:
        name = _plain(column)
        if name in {"label", "timestamp_ms", *(channel.name for channel in channels)} or not is_plain_name(name):
            message = (
                f"{path}: column {column!r} cannot be a channel: its name becomes {name!r}, which is taken or empty"
            )
            raise ConfigurationError(message, hint="rename the column in the table")
        low, high = ranges[column]
        channels.append(Channel(name, units[column], low, high, "" if name == column else f"column {column!r}"))
    return tuple(channels)


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")


def _recording(
    request: CsvRequest, out: Path, table: _Table, evaluation: _Table | None, *, settled: _Settled
) -> Recording:
    streamed, held_out = settled.kept.split(request.hold_out)
    labels = settled.labels(table, streamed)
    labelling = settled.labelling
    scored = table
    if evaluation is not None and settled.held_out is not None:
        scored, held_out = evaluation, settled.held_out.rows
    scored_labels = settled.labels(scored, held_out)
    names = [channel.name for channel in settled.channels]
    deciding = _plain(settled.source.column) if settled.source is not None and request.label_rule else None
    return Recording(
        name=request.name or _plain(out.resolve().name) or "recording",
        title=request.title or f"Imported from {request.path.name}",
        folder=None,
        channels=settled.channels,
        deciding_channel=deciding if deciding in names else None,
        values=frozen_array(table.values[streamed], np.float32),
        labels=None if labels is None else frozen_array(labels, np.int16),
        times_ms=frozen_array(settled.times_ms, np.int64),
        segments=settled.segments,
        label_meanings=labelling.meanings if labelling is not None else {},
        positive_label=labelling.positive if labelling is not None else None,
        period_s=settled.period_s,
        provenance=_provenance(request, table.columns, settled.kept),
        licence=request.licence or "Not stated when the table was imported.",
        evaluation=None
        if scored_labels is None or not held_out.size
        else EvaluationRows(frozen_array(scored.values[held_out], np.float32), frozen_array(scored_labels, np.int16)),
        policy=Policy(
            "stream" if request.missing == "keep" else "refuse", "stream" if request.outside == "keep" else "refuse"
        ),
    )


def _provenance(request: CsvRequest, columns: Columns, kept: Kept) -> str:
    """The table, how its labels came about, and which of its rows are left out."""
    lines = [f"Imported from {request.path.name} (sha256 {file_digest(request.path)})."]
    if request.label_rule is not None:
        lines.append(f"Labels by the rule {request.label_rule}.")
    if request.label is not None:
        lines.append(f"Labels from column {request.label}.")
    if request.evaluation is not None:
        lines.append(f"Held-out rows from {request.evaluation.name} (sha256 {file_digest(request.evaluation)}).")
    if request.hold_out:
        lines.append(f"The last {request.hold_out} rows are held out.")
    if kept.dropped_missing or kept.dropped_outside:
        lines.append(
            f"Of {columns.row_count} rows, {kept.dropped_missing} with missing cells "
            f"and {kept.dropped_outside} out of range are left out."
        )
    return "\n".join(lines)
