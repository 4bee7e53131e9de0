"""Runs of tests enter the history when their test is over, and have their reports where run folders are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bench.conclude import conclude
from bench.errors import HistoryError, RunFolderError
from bench.pytest_plugin import report, settings


@dataclass
class _Session:
    """What became of the history in this test session."""

    broken: str = ""
    """Why no run enters it any more."""
    left_out: int = 0
    entered: dict[str, int] = field(default_factory=dict)
    """Folder of a run -> how many verdicts it had when it entered last: a test may add some in its teardown."""


_SESSION: pytest.StashKey[_Session] = pytest.StashKey()


def record_runs(item: pytest.Item, *, failed: bool) -> None:
    """Have the item's runs enter the history; raises HistoryError once in a session, unless the item has failed.

    A run that a failed test did not judge is left out; those of other tests are judged now. Reports take longer than a
    small run, so they are written only where somebody wants the folders.
    """
    session = item.config.stash.setdefault(_SESSION, _Session())
    for run in report.runs_of(item):
        if failed and "figures" not in vars(run):
            continue
        key, judged = str(run.folder), run.judged
        if session.entered.get(key) == len(judged.verdicts):
            continue
        session.entered[key] = len(judged.verdicts)
        history = None if session.broken else settings.history(item.config)
        session.left_out += bool(session.broken)
        try:
            conclude(judged, history=history, reports=settings.path(item.config, "runs") is not None)
        except HistoryError as error:
            session.broken, session.left_out = error.message, 1
            if not failed:
                raise
        except RunFolderError:  # its reports cannot be written
            if not failed:
                raise


def summary(config: pytest.Config) -> str:
    """What the session has to say of its history in the end; empty where all went well."""
    session = config.stash.get(_SESSION, None)
    if session is None or not session.broken:
        return ""
    runs = f"{session.left_out} run{'' if session.left_out == 1 else 's'}"
    return f"{runs} did not enter the history: {session.broken}"
