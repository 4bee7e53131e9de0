"""Runs of tests enter the history when their test is over, and have their reports where run folders are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.compare import compare_runs, sentence
from bench.conclude import conclude
from bench.errors import HistoryError, RunFolderError
from bench.facts import RunFacts
from bench.history import open_history
from bench.pytest_plugin import report, settings
from bench.pytest_plugin.payload import VerdictFailed
from bench.run_folder import JudgedRun
from bench.strict import nearest_or


@dataclass
class _Session:
    """What became of the history in this test session."""

    broken: str = ""
    """Why no run enters it any more."""
    left_out: int = 0
    entered: dict[str, int] = field(default_factory=dict)
    """Folder of a run -> how many verdicts it had when it entered last: a test may add some in its teardown."""


_SWITCHED_OFF = "a baseline was given, and the history that holds it is switched off"
_SWITCH_ON = "unset HIL_HISTORY, or hil_history of the configuration file"
_SESSION: pytest.StashKey[_Session] = pytest.StashKey()


def record_runs(item: pytest.Item, *, failed: bool) -> None:
    """Have the item's runs enter the history; raises HistoryError once in a session, unless the item has failed.

    A run that a failed test did not judge is left out; those of other tests are judged now. Reports take longer than a
    small run, so they are written only where somebody wants the folders.
    """
    session = item.config.stash.setdefault(_SESSION, _Session())
    regressions: list[str] = []
    for run in report.runs_of(item):
        if failed and "figures" not in vars(run):
            continue
        key, judged = str(run.folder), run.judged
        if session.entered.get(key) == len(judged.verdicts):
            continue
        session.entered[key] = len(judged.verdicts)
        regressions += _conclude(item, judged, session, failed=failed)
    if regressions:
        raise VerdictFailed("\n".join(regressions))


def _conclude(item: pytest.Item, judged: JudgedRun, session: _Session, *, failed: bool) -> list[str]:
    """History and reports of one run, and what is worse in it than in the baseline, if one was given."""
    history = None if session.broken else settings.history(item.config)
    session.left_out += bool(session.broken)
    kept = settings.path(item.config, "runs") is not None
    try:
        facts = conclude(judged, history=history, reports=kept).facts
    except (HistoryError, RunFolderError) as error:
        if isinstance(error, HistoryError):
            session.broken, session.left_out = error.message, 1
        if not failed:
            raise
        return []
    return [] if failed else _regressions(item, facts, history, broken=session.broken)


def _regressions(item: pytest.Item, facts: RunFacts, path: Path | None, *, broken: str) -> list[str]:
    """What is worse than in the baseline; a run that cannot be compared with it is UNMEASURED, and so no pass."""
    name = settings.text(item.config, "baseline")
    if name is None:
        return []
    stem = f"baseline {name}, {facts.scenario} on {facts.target}"
    if broken:
        report.note_unmeasured(item, f"UNMEASURED {stem}: {broken}")
        return []
    if path is None:
        raise HistoryError(_SWITCHED_OFF, hint=_SWITCH_ON)
    with open_history(path) as history:
        rows = history.baseline(name, facts.scenario, facts.target)
        alike = [row for row in rows if row.inputs == facts.inputs]
        known = [history.facts(row.id) for row in alike if row.id != facts.id]
    if not known:
        reason = "has no such run" if not rows else "has only runs with another recording, models, settings or part"
        report.note_unmeasured(item, f"UNMEASURED {stem}: {reason}")
        return []
    comparison = compare_runs(known, [facts], varying=())
    return [f"{stem}: {sentence(finding)}" for finding in comparison.findings if finding.must_not]


def check_baseline(config: pytest.Config) -> None:
    """Raise UsageError for a baseline that is nowhere: each test would be run, and then held to nothing."""
    name, path = settings.text(config, "baseline"), settings.history(config)
    if path is None:
        raise pytest.UsageError(f"{_SWITCHED_OFF}\nhint: {_SWITCH_ON}")
    try:
        with open_history(path, create=False) as history:
            known = history.baselines()
    except HistoryError as error:
        raise pytest.UsageError(f"no baseline {name}: {error.message}\nhint: {error.hint}") from error
    if name not in known:
        hint = nearest_or(str(name), known, "bench baseline set NAME RUN makes one")
        raise pytest.UsageError(f"no baseline {name} in {path}\nhint: {hint}")


def summary(config: pytest.Config) -> str:
    """What the session has to say of its history in the end; empty where all went well."""
    session = config.stash.get(_SESSION, None)
    if session is None or not session.broken:
        return ""
    runs = f"{session.left_out} run{'' if session.left_out == 1 else 's'}"
    return f"{runs} did not enter the history: {session.broken}"
