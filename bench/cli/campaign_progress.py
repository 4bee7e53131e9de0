"""How a campaign goes on, while it does."""

from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from bench.campaign.fault_list import FaultList
from bench.campaign.rows import Row, Rows
from bench.printed import printable

MOST_UNSURE: Final = 30
"""Injections of which the time that is left cannot be told: the first ones of a worker take far longer."""
_TENTHS: Final = 10
PREPARING: Final = "preparing the golden run, or fetching it: up to a minute"
_WORKERS: Final = "workers prepare"


def amount(made: FaultList) -> str:
    """How many faults, and how many of them twice."""
    return f"{len(made.faults)} faults, {len(made.repeats)} of them twice"


class TimeLeft(TimeRemainingColumn):
    """No estimate before there is something to estimate from."""

    def render(self, task: Task) -> Text:
        """As text."""
        if task.completed - task.fields.get("before", 0) < MOST_UNSURE and not task.finished:
            return Text("-:--:--", style="progress.remaining")
        return super().render(task)


class CampaignProgress:
    """A bar on a terminal; a line for each tenth elsewhere."""

    def __init__(self, console: Console, *, workers: bool) -> None:
        self._console = console
        self._workers = workers
        self._total = self._done = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeLeft(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        self._task = self._begin(PREPARING, total=None)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def drawn(self, made: FaultList, rows: Rows) -> None:
        """The list is there, and what was done of it earlier."""
        self._total = len(made.faults) + len(made.repeats)
        self._done = len(rows.first) + len(rows.repeated)
        there = f"; {self._done} of {self._total} injections are done already" if self._done else ""
        self._print(f"{amount(made)}{there}; fault list {made.sha256[:12]}")
        if self._task is not None:
            self._bar.remove_task(self._task)
        wait = self._workers and self._done < self._total
        self._task = self._begin(_WORKERS if wait else "", total=self._total)

    def row(self, row: Row) -> None:
        """An injection is done."""
        if row.observed is None:
            self._print(f"bench error at {row.id}: {row.error}")
            return
        self._done += 1
        if self._task is not None:
            self._bar.update(self._task, completed=self._done, description="injecting")
        before, now = (count * _TENTHS // self._total for count in (self._done - 1, self._done))
        if now > before and not self._console.is_terminal:
            self._print(f"{self._done} of {self._total}")

    def _begin(self, what: str, *, total: int | None) -> TaskID:
        if what and not self._console.is_terminal:
            self._print(what)
        return self._bar.add_task(what or "injecting", total=total, completed=self._done, before=self._done)

    def _print(self, text: str) -> None:
        self._console.print(printable(text), markup=False, soft_wrap=True)
