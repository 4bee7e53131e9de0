"""The folder of a night and the nights beside it."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from bench.board import BoardBusy, BoardLock
from bench.errors import BenchError, RunFolderError
from bench.nightly.outcome import Attempt
from bench.nightly.record import NIGHT, NightRecord, attempt_object, load_night, save_night
from bench.run_folder import new_run_folder

RUNS: Final = "runs"
LOGS: Final = "logs"
ATTEMPTS: Final = "attempts.jsonl"
_LOCK: Final = ".lock"
_TIME: Final = len("20261121-030000")
_LOOKED_BACK: Final = 60
"""Nights that are read to find when something began."""


@contextmanager
def only_night(out: Path) -> Iterator[str]:
    """Keep other nightlies out of `out`; gives who was there before and died, or nothing. Raises BenchError."""
    lock = BoardLock(str(out), folder=out / _LOCK)
    try:
        lock.acquire()
    except BoardBusy as error:
        owner = lock.owner
        who = f": {owner}" if owner is not None else ""
        message = f"another nightly is writing to {out}{who}"
        raise BenchError(message, hint="wait for it to end, or give this one another --out") from error
    except BenchError as error:
        raise BenchError(f"cannot write to {out}: {error.message}", hint="choose another --out") from error
    try:
        yield str(lock.taken_over or "")
    finally:
        lock.release()


def new_night_folder(out: Path, matrix: str, *, started: datetime) -> Path:
    """An empty folder out/<time>-<matrix> with places for runs and logs."""
    folder = new_run_folder(out, matrix, started=started)
    try:
        (folder / RUNS).mkdir()
        (folder / LOGS).mkdir()
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="is the disk full?") from error
    return folder


class NightStore:
    """Writes a night as it goes: attempts are appended, night.json is replaced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, attempt: Attempt) -> None:
        """Append to attempts.jsonl; raises RunFolderError."""
        try:
            with (self.folder / ATTEMPTS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(attempt_object(attempt), allow_nan=False) + "\n")
        except OSError as error:
            message = f"cannot write {self.folder / ATTEMPTS}: {error.strerror}"
            raise RunFolderError(message, hint="is the disk full?") from error

    def save(self, night: NightRecord) -> None:
        """Replace night.json; raises RunFolderError."""
        save_night(night, self.folder)


def earlier_nights(folder: Path, matrix: str) -> tuple[tuple[NightRecord, ...], tuple[str, ...]]:
    """Nights of this matrix before the one in `folder`, newest first, and a line for each that cannot be read."""
    nights, notes = [], []
    with contextlib.suppress(OSError):
        others = sorted((path.parent for path in folder.parent.glob(f"*/{NIGHT}")), key=_age, reverse=True)
        for other in [other for other in others if _age(other) < _age(folder)][:_LOOKED_BACK]:
            try:
                night = load_night(other)
            except RunFolderError as error:
                notes.append(f"an earlier night is left out: {error.message}")
                continue
            if night.matrix == matrix:
                nights.append(night)
    return tuple(nights), tuple(notes)


def _age(folder: Path) -> tuple[str, int]:
    """Folders are named by their time; further ones of the same second have a number behind their name."""
    number = folder.name.rpartition("-")[2]
    return folder.name[:_TIME], int(number) if number.isdecimal() and len(folder.name) > _TIME else 1
