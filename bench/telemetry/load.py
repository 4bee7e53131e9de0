"""Read a recording folder; docs/recordings.md is its format."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import RecordingError
from bench.telemetry.arrays import npz_rows
from bench.telemetry.checks import check_held_out, check_recording
from bench.telemetry.files import EVALUATION_FILES, REFERENCES_FILE, SAMPLES_FILES, SampleFormat, read_files
from bench.telemetry.header import TOML_FILE, Header, read_header
from bench.telemetry.recording import EvaluationRows, Recording, Times, frozen_array
from bench.telemetry.references import parse_references
from bench.telemetry.rows import Rows, Wanted, csv_rows
from bench.telemetry.table import decode


def load_recording(path: Path) -> Recording:
    """The recording in folder `path`; raises RecordingError with the file, row or key that is wrong."""
    if not path.is_dir():
        message = f"{path}: no such recording folder"
        raise RecordingError(message, hint=f"give a folder that holds {TOML_FILE} and samples.csv or samples.npz")
    header = read_header(path / TOML_FILE)
    files = read_files(path, header.checksums)
    wanted = Wanted(header.channel_names, header.labelled, timed=True, auxiliary=header.auxiliary)
    source, samples = _read_rows(SAMPLES_FILES, files, path, wanted=wanted)
    recording = Recording(
        name=header.name,
        title=header.title,
        folder=path,
        channels=header.channels,
        deciding_channel=header.deciding_channel,
        values=samples.values,
        labels=samples.labels,
        times_ms=_times(samples, header),
        segments=header.segments,
        label_meanings=header.label_meanings,
        positive_label=header.positive_label,
        period_s=header.period_s,
        provenance=header.provenance,
        licence=header.licence,
        evaluation=_evaluation(files, path, header),
        reference_models=_references(files, path),
        auxiliary=samples.auxiliary,
        policy=header.policy,
    )
    check_recording(recording, source)
    _check_companions(recording, path, header)
    return recording


def _read_rows(
    names: Mapping[SampleFormat, str], files: Mapping[str, bytes], folder: Path, *, wanted: Wanted
) -> tuple[Path, Rows]:
    """The one of the named files that is there, and its rows."""
    if names["npz"] in files:
        path = folder / names["npz"]
        return path, npz_rows(files[path.name], path, wanted)
    path = folder / names["csv"]
    return path, csv_rows(files[path.name], path, wanted)


def _times(samples: Rows, header: Header) -> Times:
    if samples.times_ms is not None:
        return samples.times_ms
    return frozen_array(np.rint(np.arange(len(samples.values)) * (header.period_s * 1000)), np.int64)


def _evaluation(files: Mapping[str, bytes], folder: Path, header: Header) -> EvaluationRows | None:
    if not any(name in files for name in EVALUATION_FILES.values()):
        return None
    wanted = Wanted(header.channel_names, labelled=True, timed=False)
    _, rows = _read_rows(EVALUATION_FILES, files, folder, wanted=wanted)
    return None if rows.labels is None else EvaluationRows(rows.values, rows.labels)


def _references(files: Mapping[str, bytes], folder: Path) -> dict[str, Any] | None:
    if REFERENCES_FILE not in files:
        return None
    path = folder / REFERENCES_FILE
    try:
        content = json.loads(decode(files[REFERENCES_FILE], path))
    except json.JSONDecodeError as cause:
        message = f"{path}: not valid JSON: {cause}"
        raise RecordingError(message, hint="restore the file or import again") from cause
    return parse_references(content, path)


def _check_companions(recording: Recording, folder: Path, header: Header) -> None:
    for name in EVALUATION_FILES.values():
        if name in header.checksums:
            check_held_out(recording, folder / name)
    ends = {segment.end_row for segment in recording.segments}
    for entry in (recording.reference_models or {"segments": []})["segments"]:
        if entry["end_row"] not in ends:
            message = f"{folder / REFERENCES_FILE}: end_row {entry['end_row']} is the end of no segment"
            raise RecordingError(message, hint=f"segments end at {', '.join(str(end) for end in sorted(ends))}")
