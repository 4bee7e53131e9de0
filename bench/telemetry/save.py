"""Write a recording folder: complete under its name, or not there at all."""

import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import numpy as np

from bench.errors import RecordingError
from bench.telemetry.arrays import npz_bytes
from bench.telemetry.checks import check_held_out, check_recording
from bench.telemetry.files import DATA_FILES, EVALUATION_FILES, REFERENCES_FILE, SAMPLES_FILES, SampleFormat, checksum
from bench.telemetry.header import FORMAT, TOML_FILE
from bench.telemetry.load import load_recording
from bench.telemetry.recording import Channel, EvaluationRows, Labels, Policy, Recording, Values
from bench.telemetry.references import references_json
from bench.telemetry.table import LABEL_COLUMN, TIME_COLUMN

_OWN_FILES: Final = frozenset((TOML_FILE, *DATA_FILES))


def save_recording(recording: Recording, folder: Path, *, samples: SampleFormat = "csv") -> Path:
    """Write `recording` as `folder`, replacing only an older recording or an empty folder; returns `folder`.

    As text, values are written as the shortest decimal that reads back to the same float32.
    """
    check_recording(recording, folder)
    check_held_out(recording, folder)
    check_replaceable(folder)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _write_files(partial, recording_files(recording, samples=samples))
        load_recording(partial)
        _replace(folder, partial)
    except OSError as cause:
        message = f"{folder}: cannot be written: {cause.strerror}"
        raise RecordingError(message, hint="check the path, its permissions and the free space") from cause
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def check_replaceable(folder: Path) -> None:
    """Raise RecordingError if `folder` exists and is neither empty nor a recording without foreign files."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        message = f"{folder}: exists and is not a folder"
        raise RecordingError(message, hint="choose another output folder")
    names = {entry.name for entry in folder.iterdir()}
    if names and (TOML_FILE not in names or not names <= _OWN_FILES):
        foreign = sorted(names - _OWN_FILES)
        found = ", ".join(foreign[:3]) or f"no {TOML_FILE}"
        message = f"{folder}: exists and is not only a recording (it holds {found})"
        raise RecordingError(message, hint="choose another output folder, or empty this one")


def recording_files(recording: Recording, *, samples: SampleFormat = "csv") -> dict[str, bytes]:
    """The bytes of every file of the folder, keyed by file name; samples and held-out rows as text or as arrays."""
    files = {SAMPLES_FILES[samples]: _samples_bytes(recording, samples)}
    if recording.evaluation is not None:
        files[EVALUATION_FILES[samples]] = _evaluation_bytes(recording.evaluation, recording, samples)
    if recording.reference_models is not None:
        files[REFERENCES_FILE] = references_json(recording.reference_models).encode()
    checksums = {name: checksum(content) for name, content in files.items()}
    return {TOML_FILE: _toml_text(recording, checksums).encode(), **files}


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _replace(folder: Path, partial: Path) -> None:
    """Put `partial` in the place of `folder`; the older one stays beside it until the new one stands."""
    if not folder.exists():
        partial.rename(folder)
        return
    older = partial.with_suffix(".older")
    folder.rename(older)
    try:
        partial.rename(folder)
    except OSError:
        older.rename(folder)
        raise
    shutil.rmtree(older)


def _samples_bytes(recording: Recording, samples: SampleFormat) -> bytes:
    if samples == "npz":
        return npz_bytes(recording.values, recording.labels, recording.times_ms, recording.auxiliary)
    auxiliary = [column.texts for column in recording.auxiliary]
    label = () if recording.labels is None else (LABEL_COLUMN,)
    header = (TIME_COLUMN, *recording.channel_names, *label, *(a.name for a in recording.auxiliary))
    lines = [",".join(header)]
    rows = _value_rows(recording.values, recording.labels)
    for row, (time_ms, text) in enumerate(zip(recording.times_ms.tolist(), rows, strict=True)):
        further = "".join("," + _csv_text(texts[row]) for texts in auxiliary)
        lines.append(f"{time_ms},{text}{further}")
    return ("\n".join(lines) + "\n").encode()


def _evaluation_bytes(evaluation: EvaluationRows, recording: Recording, samples: SampleFormat) -> bytes:
    if samples == "npz":
        return npz_bytes(evaluation.values, evaluation.labels, None, ())
    header = ",".join((*recording.channel_names, LABEL_COLUMN))
    return ("\n".join((header, *_value_rows(evaluation.values, evaluation.labels))) + "\n").encode()


def _value_rows(values: Values, labels: Labels | None) -> Iterator[str]:
    ends = itertools.repeat("", len(values)) if labels is None else (f",{label}" for label in labels.tolist())
    for reading, end in zip(values, ends, strict=True):
        yield ",".join(shortest_decimal(value) for value in reading) + end


def shortest_decimal(value: np.float32) -> str:
    """The shortest decimal that reads back to the same float32, by way of float64."""
    text = np.format_float_positional(value, unique=True, trim="0")
    # the reader goes through float64; where that rounds to a neighbour, more digits settle it
    return text if np.float32(float(text)) == value else format(float(value), ".17g")


def _csv_text(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _toml_text(recording: Recording, checksums: dict[str, str]) -> str:
    lines = [
        f"format = {FORMAT}",
        f"name = {_quoted(recording.name)}",
        f"title = {_quoted(recording.title)}",
        f"period_s = {float(recording.period_s)!r}",
        *([f"deciding_channel = {_quoted(recording.deciding_channel)}"] if recording.deciding_channel else []),
        *([f"positive_label = {recording.positive_label}"] if recording.positive_label is not None else []),
        *([f"auxiliary = [{', '.join(_quoted(a.name) for a in recording.auxiliary)}]"] if recording.auxiliary else []),
        f"provenance = {_paragraph(recording.provenance)}",
        f"licence = {_paragraph(recording.licence)}",
    ]
    if recording.label_meanings:
        lines.append("\n[labels]")
        lines += [f'"{label}" = {_quoted(text)}' for label, text in recording.label_meanings.items()]
    if recording.policy != Policy():
        lines += ["\n[policy]", *(f'{key} = "{value}"' for key, value in asdict(recording.policy).items())]
    lines += ["\n[files]", *(f'"{name}" = "{digest}"' for name, digest in checksums.items())]
    for name, count, channel in _alike(recording.channels):
        lines += ["\n[[channel]]", f"name = {_quoted(name)}", *([f"count = {count}"] if count > 1 else [])]
        lines += [f"unit = {_quoted(channel.unit)}", f"low = {float(channel.low)!r}", f"high = {float(channel.high)!r}"]
        lines += [f"doc = {_quoted(channel.doc)}"] if channel.doc else []
    for segment in recording.segments:
        lines += ["\n[[segment]]", f"name = {_quoted(segment.name)}"]
        lines += [f"first_row = {segment.first_row}", f"end_row = {segment.end_row}"]
    return "\n".join(lines) + "\n"


def _alike(channels: Sequence[Channel]) -> Iterator[tuple[str, int, Channel]]:
    """Name, count and first channel of every [[channel]]: alike ones that are numbered from 0 share one."""
    at = 0
    while at < len(channels):
        first = channels[at]
        stem = first.name.removesuffix("0")
        count = 1
        while stem != first.name and channels[at + count : at + count + 1] == (replace(first, name=f"{stem}{count}"),):
            count += 1
        yield (first.name if count == 1 else stem), count, first
        at += count


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes, and DEL, which JSON leaves as it is (TOML 1.0, section String)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _paragraph(text: str) -> str:
    if "\n" not in text:
        return _quoted(text)
    return '"""\n' + "\n".join(_quoted(line)[1:-1] for line in text.split("\n")) + '"""'
