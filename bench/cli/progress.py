"""How far a run is, for people who watch it: a bar on a terminal, a few plain lines elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bench.printed import printable
from bench.trace import (
    CommandRan,
    ConsolePrinted,
    Entry,
    EpochTrained,
    EventReported,
    LinkCut,
    LinkFaultInjected,
    LinkFaultsBegan,
    LinkRecordingFull,
    LinkResumed,
    LockTakenOver,
    ModelLoaded,
    ModelSkipped,
    PayloadConnected,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    SamplesTrained,
)

_MODELS = 3
"""Models whose loss fits on a line."""
_PARTS = 10
"""Of the epochs, about so many have a line of their own where stdout is no terminal."""


def _is_told(done: int, epochs: int) -> bool:
    """Whether `done` of `epochs` is the first, the last, or the end of a tenth part."""
    return done in {1, epochs} or done * _PARTS // max(epochs, 1) > (done - 1) * _PARTS // max(epochs, 1)


class RunProgress:
    """An observer of entries. Draws a bar at most ten times a second, which counts rows and then the epochs, if any.

    Where stdout is no terminal it draws nothing, and a few epochs have a line each.
    """

    def __init__(self, console: Console, *, rows: int, epochs: int = 0) -> None:
        self._console = console
        self._rows = rows
        self._epochs = epochs
        self._done = 0
        self._skipped: list[str] = []
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._phase = "rows"
        self._was_reset = False
        """By an injected fault, and the payload has not been greeted since."""

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task("rows", total=self._rows, rate="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def observe(self, entry: Entry) -> None:  # noqa: C901, PLR0912, PLR0915 - one line for each kind of entry
        """Take note of one entry."""
        match entry:
            case SamplesTrained():
                self._done += len(entry.status)
                self._draw_rows(entry.t)
                if self._epochs and self._done >= self._rows:
                    self._draw_epochs(0)
            case PayloadConnected():
                self._was_reset = False
                if entry.start == 1:
                    self._say(f"{entry.name}: firmware {entry.build_id[:12]}, arena {entry.arena_bytes:,} bytes")
            case EpochTrained():
                self._note_epoch(entry)
            case PayloadRestarted():
                why = "" if entry.planned or entry.power_cut else f": {entry.reason}"
                by_itself = " by itself" if why and not self._was_reset else ""
                self._say(f"row {self._done}: payload restarted{by_itself}{why}")
            case LinkFaultInjected() if entry.fault == "reset":
                self._was_reset = True
            case PowerCut():
                self._say(f"row {entry.after_row}: the power is cut")
            case PayloadResumed():
                self._done += entry.unreported_rows
                unheard = f", the results of {entry.unreported_rows} are lost" if entry.unreported_rows else ""
                self._say(f"resumed at row {entry.next_row}: {entry.lost_rows} rows are trained again{unheard}")
            case LockTakenOver():
                self._say(f"lock taken over from {entry.owner}, which has died")
            case CommandRan():
                self._say(f"{entry.what} command: done in {entry.duration_s:.1f} s")
            case LinkCut():
                self._say(f"row {self._done}: {entry.reason}; waiting up to {entry.reconnect_s:g} s for it")
            case LinkResumed():
                self._say(f"{entry.place}: the payload answers again after {entry.away_s:.1f} s")
            case LinkFaultsBegan():
                self._say(f"link faults: {entry.profile}" + (f", seed {entry.seed}" if entry.seed is not None else ""))
            case ConsolePrinted():
                self._say_lines("console", entry.text)
            case EventReported() if entry.severity != "informative":
                self._say(f"event: {entry.event} ({entry.number})")
            case ModelLoaded():
                rounded = f", {entry.rounded} of them rounded by at most {entry.rounding:.2g}" if entry.rounded else ""
                self._say(f"{entry.name}: {entry.values} weights of {entry.file}{rounded}")
            case LinkRecordingFull():
                self._say(entry.text)
            case ModelSkipped():
                self.note_skipped(entry)

    def note_skipped(self, entry: Entry) -> None:
        """Remember a model that was left out."""
        if isinstance(entry, ModelSkipped):
            self._skipped.append(entry.name)

    @property
    def skipped(self) -> list[str]:
        """Models that the payload cannot train."""
        return self._skipped

    def _draw_rows(self, seconds: float) -> None:
        if self._task is not None:
            rate = f"{self._done / seconds:,.{1 if self._done < 10 * seconds else 0}f} rows/s" if seconds > 0 else ""
            self._progress.update(self._task, completed=self._done, rate=rate)

    def _note_epoch(self, entry: EpochTrained) -> None:
        done = entry.epoch + 1
        self._draw_epochs(done, rate=f"loss {entry.models[0].loss:.4g}" if entry.models else "")
        if done == self._epochs or (not self._console.is_terminal and _is_told(done, self._epochs)):
            losses = ", ".join(f"{model.name} {model.loss:.4g}" for model in entry.models[:_MODELS])
            more = " ..." if len(entry.models) > _MODELS else ""
            self._say(f"epoch {done} of {self._epochs}: loss {losses}{more}")

    def _draw_epochs(self, done: int, *, rate: str = "") -> None:
        if self._task is None:
            return
        if self._phase == "rows":
            self._phase = "epochs"
            self._progress.reset(self._task, total=self._epochs, description="epochs", rate="")
        self._progress.update(self._task, completed=done, rate=rate)

    def _say_lines(self, whose: str, text: str) -> None:
        """Show what a board printed, line by line, with nothing in it that a terminal would obey."""
        for line in printable(text).splitlines():
            if line.strip():
                self._say(f"{whose}: {line.expandtabs().rstrip()}")

    def _say(self, text: str) -> None:
        """One line, whole also where no terminal breaks it."""
        wide = not self._console.is_terminal
        self._progress.console.print(printable(text), style="dim", markup=False, highlight=False, soft_wrap=wide)
