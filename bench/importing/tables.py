"""A folder of tables (the stream, its runs, the sweep and the downlinked models), or the stream's CSV alone."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.errors import RecordingError
from bench.importing.source import (
    CHANNEL_NAMES,
    CITATION,
    MODEL_NAMES,
    SAVED_STATE,
    TITLE,
    Stream,
    check_ends,
    evaluation_rows,
    make_recording,
)
from bench.telemetry.recording import Auxiliary, EvaluationRows, Recording, Segment
from bench.telemetry.table import CsvTable, decode, parse_csv, read_bytes

STREAM_FILE: Final = "train_stream_april.csv"
RUNS_FILE: Final = "runs.csv"
SWEEP_FILE: Final = "validation_sweep.csv"
MODELS_FILE: Final = "models_in_space_april.json"
_ROW_COLUMNS: Final = ("row", "run", "timestamp_ms", *CHANNEL_NAMES, "label")
_HINT: Final = f"the folder must hold {STREAM_FILE}, {RUNS_FILE}, {SWEEP_FILE} and {MODELS_FILE}, complete"


def import_folder(folder: Path) -> Recording:
    """The April runs from a folder that holds the four files named above."""
    runs = _read_table(folder / RUNS_FILE)
    names, ends = runs.column("model_snapshot_dir"), runs.integers("end_row").tolist()
    check_ends(ends, runs.path)
    stream = _read_stream(folder / STREAM_FILE)
    if [segment.end_row for segment in stream.segments] != ends:
        changes = ", ".join(str(segment.end_row) for segment in stream.segments)
        message = f"{folder / STREAM_FILE}: runs end at rows {changes}, {RUNS_FILE} says {', '.join(map(str, ends))}"
        raise RecordingError(message, hint=_HINT)
    segments = tuple(Segment(name, first, end) for name, first, end in zip(names, [0, *ends[:-1]], ends, strict=True))
    return make_recording(
        "orbitai-april-2021",
        Stream(stream.values, stream.labels, stream.times_ms, segments, stream.auxiliary),
        source=folder,
        title=TITLE.format("April 2021"),
        provenance=CITATION,
        evaluation=_read_sweep(folder / SWEEP_FILE),
        reference_models=_read_models(folder / MODELS_FILE, names, ends),
    )


def import_csv(path: Path) -> Recording:
    """The stream alone, named after its file; a change in `run` starts a segment."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._") or "recording"
    return make_recording(
        name,
        _read_stream(path),
        source=path,
        title=f"Sun sensors and camera rule, imported from {path.name}",
        provenance=f"Imported from {path.name}, a table with the columns of the OPS-SAT-1 OrbitAI stream.",
        licence="As the imported file, which states none.",
    )


def _read_table(path: Path) -> CsvTable:
    return parse_csv(decode(read_bytes(path, _HINT), path), path)


def _read_stream(path: Path) -> Stream:
    table = _read_table(path)
    runs = table.column("run")
    if "row" in table.header:
        rows = table.integers("row")
        gaps = np.flatnonzero(np.diff(rows) != 1)
        if gaps.size:
            at = int(gaps[0])
            message = f"{path}: row {rows[at + 1]} follows row {rows[at]} (line {at + 3})"
            raise RecordingError(message, hint="rows count up by one; a row is missing or repeated")
    further = tuple(Auxiliary(name, table.column(name)) for name in table.header if name not in _ROW_COLUMNS)
    return Stream(
        table.float32(CHANNEL_NAMES),
        table.integers("label"),
        table.integers("timestamp_ms"),
        _segments(runs),
        further,
    )


def _segments(runs: Sequence[str]) -> tuple[Segment, ...]:
    """One per stretch of equal `run`; a run that comes back gets a number: run-1, run-2, run-1.2."""
    starts = [row for row in range(len(runs)) if row == 0 or runs[row] != runs[row - 1]]
    seen: dict[str, int] = {}
    segments = []
    for first, end in zip(starts, [*starts[1:], len(runs)], strict=True):
        seen[runs[first]] = seen.get(runs[first], 0) + 1
        again = f".{seen[runs[first]]}" if seen[runs[first]] > 1 else ""
        segments.append(Segment(f"run-{runs[first]}{again}", first, end))
    return tuple(segments)


def _read_sweep(path: Path) -> EvaluationRows:
    table = _read_table(path)
    return evaluation_rows(table.float32(CHANNEL_NAMES), table.integers("label"), path)


def _read_models(path: Path, names: Sequence[str], ends: Sequence[int]) -> dict[str, Any]:
    try:
        runs = json.loads(decode(read_bytes(path, _HINT), path))["results_learning"]
        return {"segments": [_entry(runs[name], end) for name, end in zip(names, ends, strict=True)]}
    except json.JSONDecodeError as cause:
        message = f"{path}: not valid JSON: {cause}"
        raise RecordingError(message, hint=_HINT) from cause
    except (KeyError, TypeError, ValueError) as cause:
        message = f"{path}: not the downlinked models: {type(cause).__name__}: {cause}"
        raise RecordingError(message, hint=_HINT) from cause


def _entry(run: dict[str, Any], end_row: int) -> dict[str, Any]:
    if run["end_row"] != end_row:
        raise ValueError(f"end_row is {run['end_row']}, expected {end_row}")
    models = {name: _state(run["models"][name], name.partition("_")[0]) for name in MODEL_NAMES}
    return {"end_row": end_row, "models": models}


def _state(saved: dict[str, Any], learner: str) -> dict[str, list[float]]:
    names = sorted(SAVED_STATE[learner], key=lambda name: (name != "w", name))
    return {name: [float(x) for x in saved[name]] if name != "timestep" else [float(saved[name])] for name in names}
