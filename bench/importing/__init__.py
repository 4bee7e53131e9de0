"""Data as people have them into recording folders: any table with a header, or OPS-SAT-1's OrbitAI data."""

from pathlib import Path
from typing import Final

from bench.errors import RecordingError
from bench.importing.any_csv import CsvRequest, Imported, import_table
from bench.importing.clone import LEARNING, import_clone
from bench.importing.tables import STREAM_FILE, import_csv, import_folder
from bench.telemetry.save import check_replaceable, save_recording

__all__ = ["CsvRequest", "Imported", "import_orbitai", "import_table"]

REPOSITORY_HINT: Final = (
    "give a clone of https://github.com/georgeslabreche/opssat-orbitai, a folder with "
    f"{STREAM_FILE}, or a CSV with its columns"
)


def import_orbitai(source: Path, out: Path, *, all_runs: bool = False) -> Path:
    """Write the recording of `source` as folder `out` and return it.

    A clone's runs of April 2021 are taken, or `all_runs`; the other sources hold what they hold.
    """
    check_replaceable(out)
    if (source / LEARNING).is_dir():
        recording = import_clone(source, all_runs=all_runs)
    elif all_runs:
        message = f"{source}: only a clone of the public repository holds all runs"
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
