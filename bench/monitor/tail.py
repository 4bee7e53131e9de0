"""The entries of a trace that grows, as far as they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from bench.errors import RunFolderError
from bench.run_folder import TRACE, is_written
from bench.trace import FORMAT, Entry, RunStarted, entry_from_json

_BLOCK_BYTES: Final = 1 << 20
MAX_LINE_BYTES: Final = 64 << 20
"""More than any entry: a dump of 32 models of the largest state has 2 MB."""


class Tail:
    """Reads a trace from `offset` on; `offset` then is where the next line begins."""

    def __init__(self, folder: Path, *, offset: int = 0) -> None:
        self.folder = folder
        self.path = folder / TRACE
        self.offset = offset
        self.size = 0
        """Bytes that the trace had when it was looked at last."""
        self._rest = b""
        self._file: BinaryIO | None = None

    @property
    def rest_bytes(self) -> int:
        """Of a line that has no end yet, or was cut off."""
        return len(self._rest)

    def open(self) -> bool:
        """Whether there is a trace; raises RunFolderError for one that cannot be read."""
        if self._file is None:
            try:
                self._file = self.path.open("rb")
            except FileNotFoundError:
                return False
            except OSError as error:
                message = f"cannot read {self.path}: {error.strerror}"
                raise RunFolderError(message, hint="give the folder of a run") from error
            self._file.seek(self.offset)
        return True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def modified(self) -> float:
        """When something was written last, on the wall clock."""
        return os.fstat(self._file.fileno()).st_mtime if self._file is not None else 0.0

    def is_written(self) -> bool:
        """Whether somebody still writes it, here or on no other machine."""
        return self._file is not None and is_written(self._file)

    def read(self, *, blocks: int | None = None) -> Iterator[Entry]:
        """Entries of the lines that are whole by now, of at most so many MiB.

        Raises RunFolderError for a trace that is gone, was cut shorter, or has a line that is no entry.
        """
        if not self.open() or self._file is None:
            return
        self._check()
        while blocks is None or blocks > 0:
            block = self._file.read(_BLOCK_BYTES)
            if not block:
                return
            blocks = None if blocks is None else blocks - 1
            *lines, self._rest = (self._rest + block).split(b"\n")
            if len(self._rest) > MAX_LINE_BYTES:
                raise self._wrong("a line without end")
            for line in lines:
                if line and (entry := self._entry(line)) is not None:
                    yield entry
                self.offset += len(line) + 1

    def _check(self) -> None:
        if self._file is None:
            return
        found = os.fstat(self._file.fileno())
        if not found.st_nlink:
            hint = "a run whose payload never answered leaves no folder; else somebody removed it"
            raise RunFolderError(f"{self.folder} is gone", hint=hint)
        if found.st_size < self.offset + len(self._rest):
            message = f"{self.path} was cut from {self.offset + len(self._rest):,} to {found.st_size:,} bytes"
            raise RunFolderError(message, hint="a trace only grows: somebody changed the file")
        self.size = found.st_size

    def _entry(self, line: bytes) -> Entry | None:
        try:
            entry = entry_from_json(line.decode())
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise self._wrong(str(error)) from error
        if isinstance(entry, RunStarted) and entry.format > FORMAT:
            message = f"{self.path} has trace format {entry.format}; this version reads up to {FORMAT}"
            raise RunFolderError(message, hint="update the bench")
        return entry

    def _wrong(self, what: str) -> RunFolderError:
        message = f"{self.path}, byte {self.offset:,}: not a trace entry ({what[:120]})"
        return RunFolderError(message, hint="the file was changed, or a newer version wrote it")
