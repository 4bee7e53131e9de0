"""OPS-SAT-1's OrbitAI data, as people have it, into a recording folder."""

from pathlib import Path
from typing import Final

from bench.errors import RecordingError
from bench.importing.clone import LEARNING, import_clone
from bench.importing.tables import SEQUENCE, STREAM_FILE, import_csv, import_folder
from bench.telemetry.save import check_replaceable, save_recording

__all__ = ["import_orbitai"]

REPOSITORY_HINT: Final = (
    "give a clone of https://github.com/georgeslabreche/opssat-orbitai, a folder with "
    f"{STREAM_FILE}, or a CSV with its columns"
)


def import_orbitai(source: Path, out: Path, *, sequence: str = SEQUENCE) -> Path:
    """Write the recording of `source` as folder `out` and return it.

    `sequence` chooses the training sequence of a clone, april-2021 or may-2021; the other sources hold one only.
    """
    check_replaceable(out)
    if (source / LEARNING).is_dir():
        recording = import_clone(source, sequence)
    elif sequence != SEQUENCE:
        message = f"{source}: only a clone holds the sequence {sequence!r}"
        raise RecordingError(message, hint=REPOSITORY_HINT)
    elif (source / STREAM_FILE).is_file():
        recording = import_folder(source)
    elif source.is_file():
        recording = import_csv(source)
    else:
        what = "no OrbitAI data in this folder" if source.is_dir() else "no such file or folder"
        message = f"{source}: {what}"
        raise RecordingError(message, hint=REPOSITORY_HINT)
    return save_recording(recording, out)
