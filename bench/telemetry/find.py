"""From a recording's name or path to its folder."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import RecordingError
from bench.strict import nearest_hint
from bench.telemetry.header import TOML_FILE


def list_recordings(roots: Sequence[Path]) -> dict[str, Path]:
    """Every recording folder directly under `roots`, by folder name; an earlier root wins."""
    found: dict[str, Path] = {}
    for root in roots:
        for file in sorted(root.glob(f"*/{TOML_FILE}")):
            found.setdefault(file.parent.name, file.parent)
    return found


def find_recording(name_or_path: str, roots: Sequence[Path]) -> Path:
    """The folder of a recording, given by its folder name under one of `roots` or by path."""
    known = list_recordings(roots)
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    if (path / TOML_FILE).is_file():
        return path
    if path.is_dir():
        message = f"{path}: the folder holds no {TOML_FILE}"
        raise RecordingError(message, hint="a recording is a folder with recording.toml and samples")
    message = f"no recording {name_or_path!r}"
    raise RecordingError(message, hint=nearest_hint(path.name, known) + " Or give the path of a recording folder.")
