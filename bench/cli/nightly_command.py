"""`bench nightly`: from a matrix to the summary of a night."""

import argparse
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from types import FrameType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bench.cli.output import meanwhile
from bench.cli.show import make_console
from bench.clock import MonotonicClock
from bench.nightly import (
    STOPPED,
    Attempt,
    FinishedNight,
    JobRecord,
    Matrix,
    NightJob,
    Surroundings,
    carry_out_night,
    choose_jobs,
    headline,
    load_matrix,
    plan_night,
)
from bench.printed import printable

_STYLES = {"PASS": "green", "FAIL": "bold red", "FLAKY": "bold red", "BENCH_ERROR": "red"}
_CHANGES = 12
"""Changes on the screen; the summary has all."""


def nightly(options: argparse.Namespace) -> int:
    """`bench nightly`: the exit status."""
    matrix = load_matrix(options.matrix)
    jobs = choose_jobs(plan_night(matrix), options.only)
    slots = options.jobs or matrix.jobs or len(os.sched_getaffinity(0))
    console = make_console()
    if options.dry_run:
        _list_jobs(jobs, matrix, console, slots=slots)
        return 0
    meanwhile(f"the night goes on and is saved under {options.out}")
    watch = _Watch(console, total=len(jobs))
    with _stop_by_signal() as stop, watch.shown():
        around = Surroundings(MonotonicClock(), _now, _now().date(), stop, slots)
        night = carry_out_night(matrix, jobs, out=options.out, around=around, watcher=watch, only=options.only)
    _show_night(night, console)
    return night.record.exit_status or 0


def _now() -> datetime:
    return datetime.now().astimezone()


def _list_jobs(jobs: Sequence[NightJob], matrix: Matrix, console: Console, *, slots: int) -> None:
    for job in jobs:
        retries, notes = job.settings.retries, []
        notes += [f"{retries.repeats} repeats"] if retries.repeats > 1 else []
        notes += [f"BLOCKED: {job.blocked}"] if job.blocked else []
        notes += [f"on the board {job.target.transport.url}"] if hasattr(job.target.transport, "url") else []
        notes += ["alone"] if job.alone else []
        notes += ["not required"] if not job.settings.required else []
        notes += [f"quarantined until {one.until}" for one in matrix.quarantine if one.covers(job.name)]
        _print(console, f"{job.name}  {'; '.join(notes)}".rstrip())
    _print(console, f"{len(jobs)} jobs, {slots} at a time; nothing was started")


@contextmanager
def _stop_by_signal() -> Iterator[int]:
    """Give a descriptor from which each SIGINT, SIGTERM or SIGHUP can be read as a byte.

    The byte is written by the interpreter's own handler, at once. One that Python code wrote would wait for a main
    thread that may have begun to wait just before, or is not the thread that the signal came to.
    """
    readable, wake = os.pipe()
    os.set_blocking(wake, False)

    def wanted(number: int, frame: FrameType | None) -> None:
        del number, frame

    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # nohup: it is to outlive its terminal
    ]
    before_wake = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    before = {number: signal.signal(number, wanted) for number in numbers}
    try:
        yield readable
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
        signal.set_wakeup_fd(before_wake)
        os.close(readable)
        os.close(wake)


class _Watch:
    """A line for each thing that happens; on a terminal also a table of what is running."""

    def __init__(self, console: Console, *, total: int) -> None:
        self._console = console
        self._clock = MonotonicClock()
        self._running: dict[str, tuple[int, float]] = {}
        self._done = 0
        self._total = total

    def shown(self) -> "Live | nullcontext[None]":
        """While it is entered, the table is there."""
        if not self._console.is_terminal:
            return nullcontext()
        return Live(get_renderable=self._table, console=self._console, refresh_per_second=2, transient=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, (number, since) in list(self._running.items()):
            elapsed = f"{self._clock.now() - since:.0f} s"
            table.add_row(Text("running"), Text(name), Text(f"attempt {number}" if number > 1 else ""), Text(elapsed))
        table.add_row(Text(f"{self._done} of {self._total}", style="dim"))
        return table

    def began(self, job: str, number: int) -> None:
        self._running[job] = (number, self._clock.now())
        self._line("start", job, f"attempt {number}" if number > 1 else "")

    def ended(self, attempt: Attempt) -> None:
        self._running.pop(attempt.job, None)
        said = f"{attempt.duration_s:.1f} s" if attempt.duration_s else ""
        why = "; ".join(part for part in (said, attempt.reason) if part)
        self._line("stopped" if attempt.kind == STOPPED else str(attempt.outcome), attempt.job, why)

    def concluded(self, job: JobRecord) -> None:
        self._done += 1
        if len(job.attempts) > 1 or job.quarantine:
            excuse = f" (quarantined: {job.quarantine})" if job.quarantine else ""
            attempts = f"after {len(job.attempts)} attempts" if len(job.attempts) > 1 else ""
            self._line(f"= {job.outcome}", job.job, f"{attempts}{excuse}".strip())

    def _line(self, word: str, job: str, text: str) -> None:
        line = Text(f"{_now():%H:%M:%S}  {word:<11}  {job}{'  ' if text else ''}{printable(text)}")
        line.stylize(_STYLES.get(word.removeprefix("= "), ""), 10, 10 + len(word))
        self._console.print(line, soft_wrap=True)


def _show_night(night: FinishedNight, console: Console) -> None:
    for note in night.record.notes:
        _print(console, f"note: {note}")
    for job in night.record.jobs:
        if job.loud:
            _print(
                console, f"NOT REPEATABLE {job.job}: one build, counted in instructions, and it varies; {job.reason}"
            )
    for entry in night.record.quarantine:
        if entry.state in ("expired", "unused"):
            said = "EXPIRED and counts again" if entry.state == "expired" else "UNUSED, remove it"
            _print(console, f"quarantine {said}: {entry.key} until {entry.until}: {entry.reason}")
    if night.first:
        _print(console, "first night: there is none to compare with")
    for change in night.changes[:_CHANGES]:
        _print(console, f"{change.kind}: {change.about}{': ' if change.text else ''}{change.text}")
    if len(night.changes) > _CHANGES:
        _print(console, f"and {len(night.changes) - _CHANGES} more changes")
    _print(console, headline(night.record))
    _print(console, f"night: {night.folder}, see summary.md or index.html there")


def _print(console: Console, text: str) -> None:
    console.print(printable(text), markup=False, soft_wrap=True)
