"""Rows of a data file, as text or as arrays, before the rules of a recording are applied to them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordingError
from bench.strict import nearest_hint
from bench.telemetry.checks import check_label
from bench.telemetry.recording import Auxiliary, Labels, Times, Values, frozen_array
from bench.telemetry.table import LABEL_COLUMN, TIME_COLUMN, CsvTable, decode, parse_csv

UNDECLARED_LABELS_HINT = "add [labels] and positive_label to recording.toml, or drop the labels"


@dataclass(frozen=True)
class Wanted:
    """What a data file must hold: these channels; times and auxiliary columns only where samples are timed."""

    channels: tuple[str, ...]
    labelled: bool
    timed: bool
    auxiliary: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Rows:
    """values (rows, channels) float32; labels (rows,) int16 and times_ms (rows,) int64 where the file has them."""

    values: Values
    labels: Labels | None
    times_ms: Times | None
    auxiliary: tuple[Auxiliary, ...] = ()


def csv_rows(content: bytes, path: Path, wanted: Wanted) -> Rows:
    """The rows of a CSV; raises RecordingError with its row or column that is wrong."""
    table = parse_csv(decode(content, path), path)
    label, time = (LABEL_COLUMN,) * wanted.labelled, (TIME_COLUMN,) * wanted.timed
    _check_columns(table, (*time, *wanted.channels, *label, *wanted.auxiliary))
    return Rows(
        frozen_array(table.float32(wanted.channels), np.float32),
        int16_labels(table.integers(LABEL_COLUMN), path) if wanted.labelled else None,
        frozen_array(table.integers(TIME_COLUMN), np.int64) if wanted.timed else None,
        tuple(Auxiliary(name, table.column(name)) for name in wanted.auxiliary),
    )


def int16_labels(labels: NDArray[Any], path: Path) -> Labels:
    """Integer labels as they travel; raises RecordingError for one that does not fit."""
    for label in (labels.min(), labels.max()):
        check_label(int(label), path)
    return frozen_array(labels, np.int16)


def _check_columns(table: CsvTable, expected: tuple[str, ...]) -> None:
    for name in table.header:
        if name not in expected:
            message = f"{table.path}: column {name!r} is not declared in recording.toml"
            hint = nearest_hint(name, expected) + " or list it under auxiliary"
            raise RecordingError(message, hint=UNDECLARED_LABELS_HINT if name == LABEL_COLUMN else hint)
    for name in expected:
        table.column(name)
