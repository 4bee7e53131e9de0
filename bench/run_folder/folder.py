"""The folder itself: made for one run, never used for another."""

import contextlib
import fcntl
import shutil
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from bench.errors import RunFolderError
from bench.transport import LINK

TRACE: Final = "trace.jsonl"


def new_run_folder(root: Path, name: str, *, started: datetime) -> Path:
    """Make an empty folder root/<time>-<name>; raises RunFolderError when that is impossible."""
    stem = f"{started:%Y%m%d-%H%M%S}-{name}"
    for number in range(1, 1000):
        folder = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise RunFolderError(f"cannot make {folder}: {error.strerror}", hint="choose another --out") from error
        return folder
    raise RunFolderError(f"there are already 999 runs called {stem}", hint="choose another --out")


def claim_folder(folder: Path) -> Path:
    """Make `folder` for one run; raises RunFolderError when something is in it already."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RunFolderError(f"{folder} is not empty", hint="give --out a new folder; runs are never overwritten")
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="choose another --out") from error
    return folder


def discard_folder(folder: Path) -> None:
    """Remove a folder in which nothing happened."""
    shutil.rmtree(folder, ignore_errors=True)


def open_trace(folder: Path) -> TextIO:
    """A new trace in the folder; raises RunFolderError when it cannot be made.

    It is locked while it is open, so that others can tell a run that goes on from one that was killed.
    """
    try:
        file = (folder / TRACE).open("x", encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="is the disk full?") from error
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def is_written(trace: BinaryIO) -> bool:
    """Whether a process of this machine still writes the trace that is open for reading."""
    try:
        fcntl.flock(trace, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(trace, fcntl.LOCK_UN)
    return False


def open_link_file(folder: Path) -> BinaryIO:
    """A new recording of the link in the folder; raises RunFolderError when it cannot be made."""
    try:
        return (folder / LINK).open("xb")
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="is the disk full?") from error
