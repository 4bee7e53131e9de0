"""The marker `hil_req`: which requirements a test shows. Imported by the first test that has one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from bench.pytest_plugin import settings


@dataclass
class _Outcome:
    outcome: str = "PASS"
    because: str = ""


@dataclass
class _Noted:
    ids: tuple[str, ...]
    outcome: _Outcome = field(default_factory=_Outcome)


_NOTED: pytest.StashKey[_Noted] = pytest.StashKey()


def check_marker(metafunc: pytest.Metafunc) -> None:
    """Raise CollectError for a marker that cannot be meant."""
    from bench.requirements import check_identifiers

    for mark in metafunc.definition.iter_markers("hil_req"):
        wrong = check_identifiers(mark.args)
        if mark.kwargs:
            wrong = f"hil_req has no argument {next(iter(mark.kwargs))!r}"
        elif not mark.args:
            wrong = "hil_req names no requirement"
        if wrong:
            what = f"{metafunc.definition.nodeid}: {wrong}"
            raise pytest.Collector.CollectError(f'{what}\nhint: write @pytest.mark.hil_req("PL-TIM-010")')


def note(item: pytest.Item) -> None:
    """The test begins: its requirements become JUnit properties."""
    marked = (str(one) for mark in item.iter_markers("hil_req") for one in mark.args)
    ids = tuple(dict.fromkeys(marked))
    item.stash[_NOTED] = _Noted(ids)
    item.user_properties.extend(("requirement", one) for one in ids)


def note_report(report: pytest.TestReport, item: pytest.Item) -> None:
    """A phase is over; after the last the outcome is written where run folders are kept."""
    noted = item.stash.get(_NOTED, None)
    if noted is None:
        return
    worst = noted.outcome
    if report.failed:
        if report.when == "call":
            noted.outcome = _Outcome("FAIL", _said(report))
        elif worst.outcome == "PASS":  # the bench, or the test's own preparation, did not work
            noted.outcome = _Outcome("UNMEASURED", f"error in {report.when}: {_said(report)}")
    elif worst.outcome == "PASS" and (report.skipped or hasattr(report, "wasxfail")):
        noted.outcome = _Outcome("UNMEASURED", _said(report))
    if report.when == "teardown" and (folder := settings.path(item.config, "runs")) is not None:
        _write(item, noted, folder)


def _said(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    lines = str(getattr(report, "wasxfail", "") or report.longreprtext).strip().splitlines()
    return lines[-1] if lines else ""


def _write(item: pytest.Item, noted: _Noted, folder: Path) -> None:
    """One write of whole lines at the file's end: workers share it."""
    from bench.errors import RunFolderError
    from bench.matrix import EVIDENCE, Evidence
    from bench.matrix.collect import evidence_line

    build, revision, target, folders = _runs(item)
    when = datetime.now().astimezone().isoformat(timespec="milliseconds")
    result = noted.outcome
    lines = [
        evidence_line(
            Evidence(one, item.nodeid, target, result.outcome, result.because, when, build, revision, folders)
        )
        for one in noted.ids
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / EVIDENCE).open("ab", buffering=0) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
    except OSError as error:
        message = f"cannot write {folder / EVIDENCE}: {error.strerror}"
        raise RunFolderError(message, hint="is the disk full?") from error


def _runs(item: pytest.Item) -> tuple[str, str, str, str]:
    """Build, revision, target and folders of what the test ran."""
    from bench.pytest_plugin.report import runs_of
    from bench.trace import PayloadConnected, RunStarted

    runs = runs_of(item)
    traces = [entry for run in runs for entry in run.finished.trace]
    builds = [entry.build_id for entry in traces if isinstance(entry, PayloadConnected)]
    revisions = [entry.revision for entry in traces if isinstance(entry, RunStarted)]
    target = runs[-1].finished.files.target.name if runs else ""
    folders = ", ".join(str(run.folder) for run in runs)
    return (builds or [""])[-1], (revisions or [_revision(item.config.rootpath)])[-1], target, folders


@cache
def _revision(folder: Path) -> str:
    from bench.doctor import ask

    question = ("git", "-C", str(folder), "describe", "--always", "--dirty")
    return ask([question])[question] or ""
