"""How far a run is, for people who watch it: a bar on a terminal, a few plain lines elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bench.trace import (
    ConsolePrinted,
    Entry,
    EpochTrained,
    EventReported,
    ModelLoaded,
    ModelSkipped,
    PayloadConnected,
    PayloadRestarted,
    SamplesTrained,
)


class RunProgress:
    """An observer of entries. Draws at most ten times a second, and nothing at all where stdout is no terminal."""

    def __init__(self, console: Console, *, rows: int) -> None:
        self._console = console
        self._rows = rows
        self._done = 0
        self._skipped: list[str] = []
        self._progress = Progress(
            TextColumn("rows"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task("rows", total=self._rows, rate="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def observe(self, entry: Entry) -> None:
        """Take note of one entry."""
        match entry:
            case SamplesTrained():
                self._done += len(entry.status)
                self._draw_rows(entry.t)
            case PayloadConnected() if entry.start == 1:
                self._say(f"{entry.name}: firmware {entry.build_id[:12]}, arena {entry.arena_bytes:,} bytes")
            case EpochTrained():
                losses = ", ".join(f"{model.name} {model.loss:.4g}" for model in entry.models[:3])
                more = " ..." if len(entry.models) > 3 else ""  # noqa: PLR2004  # what fits on a line
                self._say(f"epoch {entry.epoch + 1}: loss {losses}{more}")
            case PayloadRestarted():
                self._say(
                    f"row {self._done}: payload restarted" + ("" if entry.planned else f" by itself: {entry.reason}")
                )
            case ConsolePrinted():
                self._say(f"console: {entry.text.rstrip()}")
            case EventReported() if entry.severity != "informative":
                self._say(f"event: {entry.event} ({entry.number})")
            case ModelLoaded():
                rounded = f", {entry.rounded} of them rounded by at most {entry.rounding:.2g}" if entry.rounded else ""
                self._say(f"{entry.name}: {entry.values} weights of {entry.file}{rounded}")
            case ModelSkipped():
                self._skipped.append(entry.name)

    @property
    def skipped(self) -> list[str]:
        """Models that the payload cannot train."""
        return self._skipped

    def _draw_rows(self, seconds: float) -> None:
        if self._task is not None:
            rate = f"{self._done / seconds:,.{1 if self._done < 10 * seconds else 0}f} rows/s" if seconds > 0 else ""
            self._progress.update(self._task, completed=self._done, rate=rate)

    def _say(self, text: str) -> None:
        self._progress.console.print(text, style="dim", markup=False, highlight=False)
