"""What a test's report says of its runs: verdicts, the payload's last events, its console, the tail of the link."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bench.pytest_plugin import settings

if TYPE_CHECKING:
    from bench.pytest_plugin.payload import Run
    from bench.verdict import Verdict

_RUNS: pytest.StashKey[list[Run]] = pytest.StashKey()
_UNMEASURED: pytest.StashKey[list[str]] = pytest.StashKey()
_OURS: Final = Path(__file__).parent
_EVENTS: Final = 10
"""Last events that a report shows."""
_CONSOLE_LINES: Final = 20
_LINK_LINES: Final = 20


def note_run(item: pytest.Item, run: Run) -> None:
    """The item made this run; its report will show it."""
    item.stash.setdefault(_RUNS, []).append(run)
    note_folder(item, run.folder)


def note_folder(item: pytest.Item, folder: Path) -> None:
    """Where to look, for JUnit's readers."""
    if folder.exists():
        item.user_properties.append(("hil.run_folder", str(folder)))


def note_verdicts(item: pytest.Item, verdicts: Iterable[Verdict]) -> None:
    """One JUnit property per verdict."""
    item.user_properties.extend((f"hil.{verdict.name}", sentence(verdict, name=False)) for verdict in verdicts)


def note_unmeasured(item: pytest.Item, reason: str) -> None:
    """The item cannot pass any more: at its best it is skipped with this reason."""
    item.stash.setdefault(_UNMEASURED, []).append(reason)


def sentence(verdict: Verdict, *, name: bool = True) -> str:
    """'FAIL timing.train.p99: 431 instructions, limit <= 400; because ...'."""
    from bench.cli.show import format_value

    parts = [format_value(verdict.value, verdict.unit) if verdict.value is not None else ""]
    parts += [f"limit {verdict.limit}" if verdict.limit else ""]
    said = "; ".join(part for part in (", ".join(filter(None, parts)), verdict.because) if part)
    return f"{verdict.outcome} {verdict.name}: {said}" if name else f"{verdict.outcome}: {said}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a measurement that is not there."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else "docs/measures.md lists all"


def complete(report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Say in the report what happened on the payload; a test with something unmeasured does not pass."""
    error = call.excinfo.value if call.excinfo is not None else None
    if report.skipped and isinstance(report.longrepr, tuple) and _OURS in Path(report.longrepr[0]).parents:
        path, line, _ = item.location
        report.longrepr = (path, (line or 0) + 1, report.longrepr[2])
    if report.failed and error is not None:
        _shorten(report, error)
    runs = item.stash.get(_RUNS, [])
    if report.failed and runs:
        report.sections += list(_sections(runs[-1]))
    if report.when == "call" and report.passed and (reasons := item.stash.get(_UNMEASURED, [])):
        _take_back(report, item, reasons)


def _take_back(report: pytest.TestReport, item: pytest.Item, reasons: Sequence[str]) -> None:
    """Skipped with the reason, or failed where skips are not allowed."""
    text = "; ".join(dict.fromkeys(reasons))
    if settings.required(item.config):
        report.outcome = "failed"
        report.longrepr = f"required by --hil-require: {text}"
        return
    path, line, _ = item.location
    report.outcome = "skipped"
    report.longrepr = (path, (line or 0) + 1, text)


def _shorten(report: pytest.TestReport, error: BaseException) -> None:
    """An error that the bench raises on purpose is a message and a hint; where it came from is no news."""
    from firmware_if.errors import HilError

    if isinstance(error, HilError):
        report.longrepr = f"{error.message}\nhint: {error.hint}" if error.hint else error.message


def _sections(run: Run) -> Iterator[tuple[str, str]]:
    from bench.trace import ConsolePrinted, EventReported, TargetFailed

    failures = [entry for entry in run.finished.trace if isinstance(entry, TargetFailed)]
    if failures:
        yield (
            "payload failed",
            "\n".join(f"{entry.reason}" + (f"\nhint: {entry.hint}" if entry.hint else "") for entry in failures),
        )
    yield "verdicts", _table(run) + f"run folder: {run.folder}"
    events = [entry for entry in run.finished.trace if isinstance(entry, EventReported)][-_EVENTS:]
    if events:
        lines = (f"{entry.uptime_s:12.6f} s  {entry.severity:<11}  {entry.event} ({entry.number})" for entry in events)
        yield f"payload: last {len(events)} events (uptime)", "\n".join(lines)
    printed = "".join(entry.text for entry in run.finished.trace if isinstance(entry, ConsolePrinted))
    if printed.strip():
        yield "payload: console", "\n".join(printed.splitlines()[-_CONSOLE_LINES:])


def _table(run: Run) -> str:
    from bench.cli.show import verdicts_text

    listed = [figure for figure in run.figures if figure.outcome is None]
    return verdicts_text((*run.verdicts, *listed))
