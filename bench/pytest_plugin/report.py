"""What a test's report says of its runs: verdicts, the payload's last events, its console, the tail of the link."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bench.pytest_plugin import settings

if TYPE_CHECKING:
    from bench.board import Board
    from bench.pytest_plugin.payload import Run
    from bench.trace import Entry
    from bench.verdict import Verdict

_OURS: Final = Path(__file__).parent
_EVENTS: Final = 10
"""Last events that a report shows."""
_CONSOLE_LINES: Final = 20
_LINK_LINES: Final = 12
_LINK_COLUMNS: Final = 160


@dataclass
class _Noted:
    """What a test did on a payload, for its report."""

    runs: list[Run] = field(default_factory=list)
    broken: Path | None = None
    """Folder of a run that the bench could not finish."""
    unmeasured: list[str] = field(default_factory=list)
    """Reasons that no report has told yet."""
    passed: bool = False
    """A report of its call is out, and says so."""
    over: bool = False
    """Its last report is out."""
    board: Board | None = None
    began: float = 0.0
    """On the board's clock."""


_NOTED: pytest.StashKey[_Noted] = pytest.StashKey()


def _noted(item: pytest.Item) -> _Noted:
    return item.stash.setdefault(_NOTED, _Noted())


def note_board(item: pytest.Item, board: Board) -> None:
    """The item begins to use the board."""
    noted = _noted(item)
    noted.board, noted.began = board, board.now


def note_run(item: pytest.Item, run: Run) -> None:
    """The item made this run; its report will show it."""
    _noted(item).runs.append(run)
    _note_folder(item, run.folder)


def runs_of(item: pytest.Item) -> Sequence[Run]:
    """What the item ran."""
    return _noted(item).runs


def note_broken(item: pytest.Item, folder: Path) -> None:
    """The bench could not finish a run; its folder is gone if nothing happened in it."""
    if folder.exists():
        _noted(item).broken = folder
        _note_folder(item, folder)


def _note_folder(item: pytest.Item, folder: Path) -> None:
    item.user_properties.append(("hil.run_folder", str(folder)))


def note_verdicts(item: pytest.Item, verdicts: Iterable[Verdict]) -> None:
    """One JUnit property per verdict."""
    item.user_properties.extend((f"hil.{verdict.name}", sentence(verdict, name=False)) for verdict in verdicts)


def note_unmeasured(item: pytest.Item, reason: str) -> None:
    """The item cannot pass any more: at its best it is skipped with this reason. Raises where nobody would hear it."""
    from bench.errors import ConfigurationError

    if _noted(item).over:
        message = f"{reason}; the test of this run, {item.nodeid}, is over and cannot say so"
        raise ConfigurationError(message, hint="judge a run in the test that made it")
    _noted(item).unmeasured.append(reason)


def sentence(verdict: Verdict, *, name: bool = True) -> str:
    """'FAIL timing.train.p99: 431 instructions, limit <= 400; because ...'."""
    from bench.cli.show import format_value

    parts = [format_value(verdict.value, verdict.said_unit) if verdict.value is not None else ""]
    parts += [f"limit {verdict.limit}" if verdict.limit else ""]
    said = "; ".join(part for part in (", ".join(filter(None, parts)), verdict.because) if part)
    return f"{verdict.outcome} {verdict.name}: {said}" if name else f"{verdict.outcome}: {said}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a measurement that is not there."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else "docs/measures.md lists all"


def complete(report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Say in the report what happened on the payload; a test with something unmeasured does not pass."""
    noted = _noted(item)
    if noted.board is None:  # perhaps one that the test uses by hand
        noted.board = getattr(item, "funcargs", {}).get("hil_board")
    if report.skipped and isinstance(report.longrepr, tuple) and _OURS in Path(report.longrepr[0]).parents:
        path, line, _ = item.location
        report.longrepr = (path, (line or 0) + 1, report.longrepr[2])
    if report.failed and call.excinfo is not None:
        _shorten(report, item, call.excinfo)
    if report.failed:
        report.sections += list(_sections(noted))
    if report.when != "setup":
        if noted.unmeasured and call.excinfo is None:  # whatever xfail has made of it
            _take_back(report, item, noted)
        noted.unmeasured.clear()
    noted.passed = noted.passed or (report.when == "call" and report.passed)
    noted.over = report.when == "teardown"


def _take_back(report: pytest.TestReport, item: pytest.Item, noted: _Noted) -> None:
    """Skipped with the reason, or failed where skips are not allowed, or where it has been called passed already."""
    text = "; ".join(dict.fromkeys(noted.unmeasured))
    vars(report).pop("wasxfail", None)  # what was not measured has neither failed as expected nor passed
    if noted.passed:
        report.outcome = "failed"
        report.longrepr = f"{text}\nhint: the test had passed by then: call require in the test, or before the yield"
        return
    if report.when == "teardown":
        return  # the call was no pass, and said so
    if settings.required(item.config):
        report.outcome = "failed"
        report.longrepr = f"required by --hil-require: {text}"
        return
    path, line, _ = item.location
    report.outcome = "skipped"
    report.longrepr = (path, (line or 0) + 1, text)


def _shorten(report: pytest.TestReport, item: pytest.Item, caught: pytest.ExceptionInfo[BaseException]) -> None:
    """An error that the bench raises on purpose is a message, a hint and the line of the test; the rest is no news."""
    from firmware_if.errors import HilError

    error = caught.value
    if not isinstance(error, HilError) or item.config.getoption("fulltrace"):
        return
    lines = [error.message] + ([f"hint: {error.hint}"] if error.hint else [])
    own = [entry for entry in caught.traceback if Path(entry.path) == item.path]
    if own:
        statement = str(own[-1].statement).strip().split("\n", 1)[0]
        lines.append(f"{item.location[0]}:{own[-1].lineno + 1}: {statement}")
    report.longrepr = "\n".join(lines)


def _sections(noted: _Noted) -> Iterator[tuple[str, str]]:
    from bench.frames import link_tail

    run = noted.runs[-1] if noted.runs else None
    if run is not None:
        yield from _failure(run)
        yield "verdicts", _table(run) + f"run folder: {run.folder}"
        yield from payload_sections(run.finished.trace)
    elif noted.broken is not None:
        yield from payload_sections(_readable(noted.broken))
    if noted.board is not None:
        began = noted.began
        lines = link_tail(
            noted.board.tail, lines=_LINK_LINES, started=run.finished.started if run else began, since=began
        )
        if lines:
            cut = [line if len(line) <= _LINK_COLUMNS else f"{line[:_LINK_COLUMNS]} ..." for line in lines]
            folder = run.folder if run else noted.broken
            more = [f"all of it: bench frames {folder}"] if folder else []
            title = f"link: last {len(lines)} lines (s since the {'run' if run else 'test'} began)"
            yield title, "\n".join([*cut, *more])


def _failure(run: Run) -> Iterator[tuple[str, str]]:
    from bench.trace import TargetFailed

    failures = [entry for entry in run.finished.trace if isinstance(entry, TargetFailed)]
    if failures:
        said = (f"{entry.reason}" + (f"\nhint: {entry.hint}" if entry.hint else "") for entry in failures)
        yield "payload failed", "\n".join(said)


def payload_sections(trace: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """The last events and console lines of a trace, with their titles."""
    from bench.printed import printable
    from bench.trace import ConsolePrinted, EventReported

    events = [entry for entry in trace if isinstance(entry, EventReported)][-_EVENTS:]
    if events:
        lines = (f"{entry.uptime_s:12.6f} s  {entry.severity:<11}  {entry.event} ({entry.number})" for entry in events)
        yield f"payload: last {len(events)} events (uptime)", "\n".join(lines)
    printed = printable("".join(entry.text for entry in trace if isinstance(entry, ConsolePrinted)))
    if printed.strip():
        yield "payload: console", "\n".join(printed.splitlines()[-_CONSOLE_LINES:])


def _readable(folder: Path) -> Sequence[Entry]:
    from bench.errors import BenchError
    from bench.run_folder import TRACE
    from bench.trace import load_trace

    try:
        return list(load_trace(folder / TRACE))
    except BenchError:
        return []


def _table(run: Run) -> str:
    from bench.cli.show import format_value, verdicts_text

    judged = {verdict.name for verdict in run.verdicts}
    listed = [figure for figure in run.figures if figure.outcome is None and figure.name not in judged]
    read = (f"read by the test: {name} = {format_value(f.value, f.unit)}" for name, f in run.read.items())
    return verdicts_text((*run.verdicts, *listed)) + "".join(f"{line}\n" for line in read)
