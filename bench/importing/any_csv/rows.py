"""Which rows of a table are kept: what becomes of missing cells and of readings out of range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordingError
from bench.importing.any_csv.request import CsvRequest, Need
from bench.importing.any_csv.source import Columns
from bench.telemetry import Channel
from bench.telemetry.checks import outside_range
from bench.telemetry.recording import Values
from bench.telemetry.save import shortest_decimal

Range = tuple[float, float]
ANY: Range = (-np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows of the table that are kept, (rows,) int64, and how many were not, or are but break a rule."""

    rows: NDArray[np.int64]
    dropped_missing: int = 0
    dropped_outside: int = 0
    kept_missing: int = 0
    kept_outside: int = 0

    def split(self, held_out: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All but the last `held_out` rows, and those."""
        at = len(self.rows) - held_out
        return self.rows[:at], self.rows[at:]


def matrix(columns: Columns, features: Sequence[str]) -> Values:
    """(rows, features) float32; a reading beyond single precision becomes infinite."""
    with np.errstate(over="ignore"):
        parts = [columns.arrays[name].astype(np.float32) for name in features]
    return np.stack(parts, axis=1) if parts else np.empty((columns.row_count, 0), np.float32)


def seen_ranges(matrices: Sequence[Values], features: Sequence[str]) -> dict[str, Range]:
    """Smallest and largest finite reading of each feature, in the shortest decimals that read back to its float32.

    Raises RecordingError for a column without any.
    """
    seen = {}
    for index, name in enumerate(features):
        readings = np.concatenate([values[:, index] for values in matrices])
        readings = readings[np.isfinite(readings)]
        if not readings.size:
            raise RecordingError(f"column {name} holds no number", hint="leave it out of --features")
        seen[name] = (float(shortest_decimal(readings.min())), float(shortest_decimal(readings.max())))
    return seen


def keep_rows(
    request: CsvRequest,
    columns: Columns,
    values: Values,
    *,
    ranges: Mapping[str, Range],
    features: Sequence[str],
    absent: NDArray[np.bool_],
) -> tuple[Kept, list[Need]]:
    """`absent` are rows without a label or a time: those can be dropped, but not kept."""
    missing = ~np.isfinite(values).all(axis=1) | absent
    bounds = [Channel(name, "", *ranges.get(name, ANY)) for name in features]
    out_of_range = outside_range(values, bounds) & ~missing[:, np.newaxis]
    outside = np.asarray(out_of_range.any(axis=1))
    needs = []
    if missing.any() and (request.missing == "refuse" or (request.missing == "keep" and absent.any())):
        what = f"what to do with {missing.sum()} rows with a missing cell ({_first(missing, columns)})"
        needs.append(Need(what, "--missing drop" if absent.any() else "--missing drop|keep"))
    if outside.any() and request.outside == "refuse":
        reading = _reading(out_of_range, values, bounds)
        what = (
            f"what to do with {outside.sum()} rows with a reading out of range ({_first(outside, columns)}: {reading})"
        )
        needs.append(Need(what, "--outside drop|keep"))
    dropped = missing & (request.missing == "drop") | outside & (request.outside == "drop")
    kept = Kept(
        np.flatnonzero(~dropped),
        dropped_missing=int((missing & dropped).sum()),
        dropped_outside=int((outside & dropped).sum()),
        kept_missing=int((missing & ~dropped).sum()),
        kept_outside=int((outside & ~dropped).sum()),
    )
    if not kept.rows.size:
        raise RecordingError(f"{columns.path}: every row was dropped", hint="choose other columns, or ranges")
    return kept, needs


def _reading(wrong: NDArray[np.bool_], values: Values, channels: Sequence[Channel]) -> str:
    """The first reading out of range, and that range."""
    row, index = divmod(int(np.argmax(wrong)), wrong.shape[1])
    channel = channels[index]
    return f"{channel.name} is {values[row, index]!s}, its range {channel.low!r} to {channel.high!r}"


def _first(wrong: NDArray[np.bool_], columns: Columns) -> str:
    where = columns.place(int(np.argmax(wrong)))
    return f"the first: {where}" if wrong.sum() > 1 else where
