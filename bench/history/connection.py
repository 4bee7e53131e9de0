"""The SQLite file: opened, brought to today's tables, and what can be wrong with it as one error with a hint.

Journal: SQLite's rollback journal with full synchronisation. A write-ahead log needs memory that all writers share, so
it is no choice on a network file system, and leaves two more files without which a copy is not complete; here it
was no faster (0.9 ms against 0.7 ms for a transaction of 1 kB with opening and closing). A writer that was killed
leaves a journal that the next one rolls back.
"""

import shlex
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.errors import HistoryError
from bench.history.schema import APPLICATION_ID, MIGRATIONS

BUSY_S: Final = 20.0
"""How long somebody else may keep the file locked. A run takes milliseconds to enter it."""
_UNREADABLE: Final = (zlib.error, ValueError, KeyError, TypeError, IndexError)
"""What decoding raises on content that no bench wrote."""


def connect(path: Path, *, create: bool, busy_s: float) -> sqlite3.Connection:
    """An open connection with today's tables; raises HistoryError. Statements are no transaction by themselves."""
    if not create and not path.exists():
        raise HistoryError(f"there is no history at {path}", hint="every run enters it: bench run SCENARIO")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make {path.parent} for the history: {error.strerror}"
        raise HistoryError(message, hint="choose another file, or off (docs/history.md)") from error
    with explained(path):
        connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
    try:
        with explained(path):
            connection.execute("PRAGMA foreign_keys = ON")
            _bring_up_to_date(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == len(MIGRATIONS):
        return
    with transaction(connection):  # two who begin a file at once take turns, so it is looked at again
        for migration in MIGRATIONS[_version(connection, path) :]:
            for statement in filter(str.strip, migration.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """How many migrations the file has had; raises HistoryError for one of somebody else, or of a newer bench."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not version and not application and not tables:
        return 0
    if application != APPLICATION_ID:
        hint = "give --history another file; this one was left as it is"
        raise HistoryError(f"{path} is an SQLite file of another program", hint=hint)
    if version > len(MIGRATIONS):
        message = f"{path} was written by a newer bench (version {version}; this one knows up to {len(MIGRATIONS)})"
        raise HistoryError(message, hint="update the bench, or give --history another file")
    return int(version)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; others who want to write wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """What SQLite, or decoding what is in the file, raises, as a HistoryError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _error(error, path) from error
    except _UNREADABLE as error:
        raise _damaged(path, repr(error)) from error


def _error(error: sqlite3.Error, path: Path) -> HistoryError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return HistoryError(
            f"{path} has been in use by another process for too long", hint="try again; or is one that writes it hung?"
        )
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        hint = "is the disk full? What was recorded before stays, and so does the run folder: bench judge RUN adds it"
        return HistoryError(f"cannot write {path}: {error}", hint=hint)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        hint = "check its permissions, or give --history another file (or off)"
        return HistoryError(f"cannot open or write {path}: {error}", hint=hint)
    return _damaged(path, str(error))


def _damaged(path: Path, what: str) -> HistoryError:
    quoted, aside = shlex.quote(str(path)), shlex.quote(f"{path}.damaged")
    hint = f"nothing was changed. Begin a new one: mv {quoted} {aside}; then bench judge RUN adds a run from its folder"
    return HistoryError(f"{path} is damaged, or no history: {what}", hint=hint)
