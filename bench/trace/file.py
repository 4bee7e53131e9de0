"""The file of a trace, written entry by entry and read back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from bench.errors import RunFolderError
from bench.trace.entries import FORMAT, RunStarted
from bench.trace.entry import Entry
from bench.trace.text import entry_from_json, entry_to_json


def load_trace(path: Path) -> Iterator[Entry]:
    """Entries in order; raises RunFolderError naming the line that cannot be read. A cut last line is skipped."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RunFolderError(f"cannot read {path}: {error}", hint="is this a run folder?") from error
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entry = entry_from_json(line)
        except (ValueError, TypeError, KeyError) as error:
            if number == len(lines):
                return  # the run was killed while it wrote this line
            raise RunFolderError(
                f"{path}:{number}: not a trace entry ({error})",
                hint="the file was changed, or a newer version wrote it",
            ) from error
        if isinstance(entry, RunStarted) and entry.format > FORMAT:
            raise RunFolderError(
                f"{path} has trace format {entry.format}; this version reads up to {FORMAT}", hint="update the bench"
            )
        if entry is not None:
            yield entry


class TraceWriter:
    """Appends entries to an open file, each flushed as it happens so that a killed run keeps what it recorded."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._failure: OSError | None = None

    def write(self, entry: Entry) -> None:
        """Raises RunFolderError when the file cannot take it, for example on a full disk; from then on always."""
        if self._failure is None:
            try:
                self._file.write(entry_to_json(entry) + "\n")
                self._file.flush()
            except OSError as error:
                self._failure = error
                with contextlib.suppress(OSError):
                    self._file.close()  # whoever closes it next would write what is left, and fail again
        if self._failure is not None:
            raise RunFolderError(
                f"cannot write the trace: {self._failure.strerror}", hint="is the disk full?"
            ) from self._failure
