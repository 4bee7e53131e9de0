"""The tables of a history file, and how an older file comes to have those of today.

A run's texts are documents that runs share: the same build on the same scenario has the same names, limits, reasons,
symbols and repeatable values, so they are kept once. What differs from run to run is a row of `runs`.
"""

from typing import Final

APPLICATION_ID: Final = 0x48494C42
"""`HILB`, in the header of the file (SQLite, PRAGMA application_id)."""

_FIRST: Final = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    content BLOB NOT NULL
);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    moment REAL NOT NULL,
    started TEXT NOT NULL,
    scenario TEXT NOT NULL,
    target TEXT NOT NULL,
    inputs TEXT NOT NULL,
    build_id TEXT NOT NULL,
    clock TEXT NOT NULL,
    outcome TEXT NOT NULL,
    partial TEXT NOT NULL,
    revision TEXT NOT NULL,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    exit_status INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    unmeasured INTEGER NOT NULL,
    layout INTEGER NOT NULL REFERENCES documents (id),
    remarks INTEGER NOT NULL REFERENCES documents (id),
    steady INTEGER NOT NULL REFERENCES documents (id),
    subject INTEGER NOT NULL REFERENCES documents (id),
    firmware INTEGER NOT NULL REFERENCES documents (id),
    environment INTEGER NOT NULL REFERENCES documents (id),
    digests INTEGER NOT NULL REFERENCES documents (id),
    varying BLOB NOT NULL
);
CREATE INDEX runs_of_scenario ON runs (scenario, target, moment);
CREATE INDEX runs_in_time ON runs (moment);
CREATE TABLE baselines (
    name TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs (number),
    PRIMARY KEY (name, run)
) WITHOUT ROWID;
"""

MIGRATIONS: Final = (_FIRST,)
"""Statement texts that lead from one version to the next; a file's PRAGMA user_version counts those it has had."""
