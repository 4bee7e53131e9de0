"""Recordings for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.board.job import RECORDINGS
from bench.telemetry import Recording, find_recording, load_recording


class Recordings:
    """Called with a name or a folder; reads each once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [*folders, RECORDINGS]
        self._loaded: dict[Path, Recording] = {}

    def __repr__(self) -> str:
        return f"<Recordings in {', '.join(map(str, self._folders))}>"

    def __call__(self, name: str | Path) -> Recording:
        """Raises RecordingError for what is none, or is malformed."""
        folder = find_recording(str(name), self._folders).resolve()
        if folder not in self._loaded:
            self._loaded[folder] = load_recording(folder)
        return self._loaded[folder]
