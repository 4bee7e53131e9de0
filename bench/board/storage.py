"""A file in which a payload that the bench starts keeps its checkpoints."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.target import SerialSpec, Target


class BoardStorage:
    """Made by `make`, where the target says how it is given to the payload; gone after `close`."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def path(self) -> Path | None:
        """None = there is none."""
        return Path(self._folder.name) / "storage" if self._folder is not None else None

    def make(self, target: Target) -> bool:
        """Whether there is one now that was not there before."""
        if self._folder is not None or isinstance(target.transport, SerialSpec) or target.transport.storage is None:
            return False
        self._folder = tempfile.TemporaryDirectory(prefix="hil-storage-")
        with (Path(self._folder.name) / "storage").open("wb") as file:
            file.truncate(target.transport.storage.bytes)
        return True

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
