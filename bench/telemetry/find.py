"""From a recording's name or path to its folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.errors import RecordingError
from bench.strict import nearest_or, nearest_path
from bench.telemetry.header import TOML_FILE

_A_FOLDER: Final = "a recording is a folder with recording.toml and samples"


def list_recordings(roots: Sequence[Path]) -> dict[str, Path]:
    """Every recording folder directly under `roots`, by folder name; an earlier root wins."""
    found: dict[str, Path] = {}
    for root in roots:
        for file in sorted(root.glob(f"*/{TOML_FILE}")):
            found.setdefault(file.parent.name, file.parent)
    return found


def find_recording(name_or_path: str, roots: Sequence[Path], *, beside: Path | None = None) -> Path:
    """The folder of a recording, given by its folder name under one of `roots` or by path.

    A folder of that name in `beside`, where the scenario lies that names it, is not taken but hinted at: a name is
    no path. Raises RecordingError for what is neither.
    """
    known = list_recordings(roots)
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    if (path / TOML_FILE).is_file():
        return path
    if path.is_dir():
        message = f"{path}: the folder holds no {TOML_FILE}"
        raise RecordingError(message, hint=_A_FOLDER)
    if path.is_file():
        given = f"give its folder: {path.parent}" if (path.parent / TOML_FILE).is_file() else _A_FOLDER
        raise RecordingError(f"{path}: a file, and a recording is a folder", hint=given)
    if "/" in name_or_path:
        hint = "check the path; to make a recording of a table: bench import csv FILE --out DIR"
        raise RecordingError(f"{path}: no such folder", hint=nearest_path(path) or hint)
    message = f"no recording {name_or_path!r}"
    if beside is not None and (beside / name_or_path).is_dir():
        raise RecordingError(message, hint=f'for the folder beside the scenario write recording = "./{name_or_path}"')
    raise RecordingError(message, hint=nearest_or(path.name, known, "Or give the path of a recording folder."))
