"""Read a recording folder; docs/recordings.md is its format."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.errors import RecordingError
from bench.strict import StrictTable, nearest_hint, read_toml
from bench.telemetry.recording import (
    Auxiliary,
    Channel,
    EvaluationRows,
    Recording,
    Segment,
    check_label,
    check_recording,
    check_rows,
    frozen_array,
)
from bench.telemetry.references import parse_references
from bench.telemetry.table import CsvTable, decode, parse_csv, read_bytes

FORMAT: Final = 1
TOML_FILE: Final = "recording.toml"
SAMPLES_FILE: Final = "samples.csv"
EVALUATION_FILE: Final = "evaluation.csv"
REFERENCES_FILE: Final = "reference_models.json"
DATA_FILES: Final = (SAMPLES_FILE, EVALUATION_FILE, REFERENCES_FILE)
TIME_COLUMN: Final = "timestamp_ms"
LABEL_COLUMN: Final = "label"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


def load_recording(path: Path) -> Recording:
    """The recording in folder `path`; raises RecordingError with the file, row or key that is wrong."""
    if not path.is_dir():
        message = f"{path}: no such recording folder"
        raise RecordingError(message, hint=f"give a folder that holds {TOML_FILE} and {SAMPLES_FILE}")
    root = read_toml(path / TOML_FILE, error=RecordingError)
    root.take("format", int, choices=(FORMAT,))
    header = _read_header(root)
    checksums = _read_checksums(root)
    auxiliary_names = root.take_list("auxiliary", str, ())
    segments = tuple(_read_segment(table) for table in root.take_tables("segment"))
    root.finish()
    _check_names(root, header, auxiliary_names)
    files = _read_files(path, checksums)
    samples = parse_csv(decode(files[SAMPLES_FILE], path / SAMPLES_FILE), path / SAMPLES_FILE)
    names = tuple(channel.name for channel in header["channels"])
    _check_columns(samples, (TIME_COLUMN, *names, LABEL_COLUMN, *auxiliary_names))
    recording = Recording(
        folder=path,
        segments=segments,
        values=frozen_array(samples.float32(names), np.float32),
        labels=_labels(samples),
        times_ms=frozen_array(samples.integers(TIME_COLUMN), np.int64),
        auxiliary=tuple(Auxiliary(name, samples.column(name)) for name in auxiliary_names),
        evaluation=_evaluation(files, path, names),
        reference_models=_references(files, path),
        **header,
    )
    check_recording(recording, path / SAMPLES_FILE)
    _check_companions(recording, path)
    return recording


def _read_header(root: StrictTable) -> dict[str, Any]:
    name = root.take("name", str)
    if not _NAME.match(name):
        raise root.problem("name", f"is {name!r}, expected letters, digits, '.', '_' and '-'", hint="rename it")
    channels = tuple(_read_channel(table) for table in root.take_tables("channel"))
    meanings = _read_labels(root.take_table("labels"))
    return {
        "name": name,
        "title": root.take("title", str),
        "channels": channels,
        "deciding_channel": root.take("deciding_channel", str, None, choices=tuple(c.name for c in channels)),
        "label_meanings": meanings,
        "positive_label": root.take("positive_label", int, choices=tuple(meanings)),
        "period_s": root.take_number("period_s", float, low=1e-6),
        "provenance": root.take("provenance", str),
        "licence": root.take("licence", str),
    }


def _read_channel(table: StrictTable) -> Channel:
    channel = Channel(
        name=table.take("name", str),
        unit=table.take("unit", str),
        low=table.take("low", float),
        high=table.take("high", float),
        doc=table.take("doc", str, ""),
    )
    if channel.low > channel.high:
        raise table.problem("high", f"is {channel.high!r}, below low = {channel.low!r}", hint="swap low and high")
    return channel


def _read_labels(table: StrictTable) -> dict[int, str]:
    meanings: dict[int, str] = {}
    for key in table.rest():
        try:
            label = int(key)
        except ValueError as cause:
            hint = 'a label is an integer in quotes, for example "-1" = "camera must be OFF"'
            raise table.problem(key, "the label is not an integer", hint=hint) from cause
        check_label(label, table.path)
        meanings[label] = table.take(key, str)
    if len(meanings) < 2:  # noqa: PLR2004  # a classifier needs two classes to tell apart
        message = f"{table.path}: {table.at}: {len(meanings)} labels, expected at least 2"
        raise RecordingError(message, hint='add the other, for example "-1" = "camera must be OFF"')
    return meanings


def _read_segment(table: StrictTable) -> Segment:
    return Segment(table.take("name", str), table.take("first_row", int), table.take("end_row", int))


def _read_checksums(root: StrictTable) -> dict[str, str]:
    table = root.take_table("files")
    table.take(SAMPLES_FILE, str)
    found = {name: table.take(name, str) for name in DATA_FILES if name in table}
    for name, text in found.items():
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
            what = f"is {text!r}, expected 'sha256:' and 64 hexadecimal digits"
            raise table.problem(name, what, hint=f"run: sha256sum {name}")
    for name in DATA_FILES:
        table.take(name, str, "")
    return found


def _check_names(root: StrictTable, header: Mapping[str, Any], auxiliary: tuple[str, ...]) -> None:
    names = [TIME_COLUMN, LABEL_COLUMN, *(channel.name for channel in header["channels"]), *auxiliary]
    if not header["channels"]:
        raise root.problem("channel", "there is none", hint="declare at least one [[channel]]")
    for name in names:
        if names.count(name) > 1 or not _NAME.match(name):
            raise root.problem("channel", f"the column name {name!r} is used twice or not plain", hint="rename it")


def _check_columns(samples: CsvTable, expected: tuple[str, ...]) -> None:
    for name in samples.header:
        if name not in expected:
            message = f"{samples.path}: column {name!r} is not declared in {TOML_FILE}"
            raise RecordingError(message, hint=nearest_hint(name, expected) + " or list it under auxiliary")
    for name in expected:
        samples.column(name)


def _read_files(folder: Path, checksums: Mapping[str, str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name in DATA_FILES:
        if name not in checksums:
            if (folder / name).exists():
                message = f"{folder / name}: not listed in {TOML_FILE} [files]"
                raise RecordingError(message, hint="list it with its sha256, or remove it")
            continue
        content = read_bytes(folder / name, hint=f"{TOML_FILE} [files] lists it; restore it or import again")
        seen = "sha256:" + hashlib.sha256(content).hexdigest()
        if seen != checksums[name]:
            message = f"{folder / name}: checksum is {seen}, recording.toml says {checksums[name]}"
            raise RecordingError(message, hint="the file was changed: restore it, or record the new checksum")
        files[name] = content
    return files


def _labels(table: CsvTable) -> Any:  # noqa: ANN401  # an int16 array
    labels = table.integers(LABEL_COLUMN)
    for label in (labels.min(), labels.max()):
        check_label(int(label), table.path)
    return frozen_array(labels, np.int16)


def _evaluation(files: Mapping[str, bytes], folder: Path, names: tuple[str, ...]) -> EvaluationRows | None:
    if EVALUATION_FILE not in files:
        return None
    path = folder / EVALUATION_FILE
    table = parse_csv(decode(files[EVALUATION_FILE], path), path)
    _check_columns(table, (*names, LABEL_COLUMN))
    return EvaluationRows(frozen_array(table.float32(names), np.float32), _labels(table))


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


def _check_companions(recording: Recording, folder: Path) -> None:
    if recording.evaluation is not None:
        check_rows(recording.evaluation.values, recording.evaluation.labels, recording, folder / EVALUATION_FILE)
    ends = {segment.end_row for segment in recording.segments}
    for entry in (recording.reference_models or {"segments": []})["segments"]:
        if entry["end_row"] not in ends:
            message = f"{folder / REFERENCES_FILE}: end_row {entry['end_row']} is the end of no segment"
            raise RecordingError(message, hint=f"segments end at {', '.join(str(end) for end in sorted(ends))}")
