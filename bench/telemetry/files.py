"""The data files of a recording folder: their names, and the checksums that recording.toml lists."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from bench.errors import RecordingError
from bench.strict import StrictTable
from bench.telemetry.table import read_bytes

SampleFormat = Literal["csv", "npz"]
SAMPLES_FILES: Final[Mapping[SampleFormat, str]] = {"csv": "samples.csv", "npz": "samples.npz"}
EVALUATION_FILES: Final[Mapping[SampleFormat, str]] = {"csv": "evaluation.csv", "npz": "evaluation.npz"}
_ROW_FILES: Final = (SAMPLES_FILES, EVALUATION_FILES)
REFERENCES_FILE: Final = "reference_models.json"
DATA_FILES: Final = (*SAMPLES_FILES.values(), *EVALUATION_FILES.values(), REFERENCES_FILE)


def checksum(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def read_checksums(table: StrictTable) -> dict[str, str]:
    """[files]: checksum by name of every data file that the folder must hold."""
    found = {name: table.take(name, str) for name in DATA_FILES if name in table}
    for name, text in found.items():
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
            what = f"is {text!r}, expected 'sha256:' and 64 hexadecimal digits"
            raise table.problem(name, what, hint=f"run: sha256sum {name}")
    for name in DATA_FILES:
        table.take(name, str, "")
    return found


def check_listed(root: StrictTable, checksums: Mapping[str, str], *, labelled: bool) -> None:
    """Samples are there once, held-out rows at most once, and only where there are labels to score them by."""
    samples, held_out = ([name for name in names.values() if name in checksums] for names in _ROW_FILES)
    for listed, expected in ((samples, SAMPLES_FILES), (held_out, EVALUATION_FILES)):
        if len(listed) > 1 or not samples:
            what = f"lists {' and '.join(listed) or 'no samples'}, expected one of {', '.join(expected.values())}"
            raise root.problem("files", what, hint="the rows stand in one file, as text or as arrays")
    if held_out and not labelled:
        what = f"lists {held_out[0]}, but the recording has no labels to score it by"
        raise root.problem("files", what, hint="add [labels] and positive_label, or remove the held-out rows")


def read_files(folder: Path, checksums: Mapping[str, str]) -> dict[str, bytes]:
    """Content of every listed file, as its checksum says it is."""
    files: dict[str, bytes] = {}
    for name in DATA_FILES:
        if name not in checksums:
            if (folder / name).exists():
                message = f"{folder / name}: not listed in recording.toml [files]"
                raise RecordingError(message, hint="list it with its sha256, or remove it")
            continue
        content = read_bytes(folder / name, hint="recording.toml [files] lists it; restore it or import again")
        seen = checksum(content)
        if seen != checksums[name]:
            message = f"{folder / name}: checksum is {seen}, recording.toml says {checksums[name]}"
            raise RecordingError(message, hint="the file was changed: restore it, or record the new checksum")
        files[name] = content
    return files
