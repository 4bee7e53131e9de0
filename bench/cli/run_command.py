"""`bench run`: from a scenario to a verdict."""

import argparse
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType

from rich.console import Console

from bench.board import Board, FinishedRun, Job, make_job
from bench.cli.interrupts import handled
from bench.cli.output import meanwhile
from bench.cli.progress import RunProgress
from bench.cli.show import make_console, show_selection, show_verdicts
from bench.cli.suggestions import check_whole, show_suggestions
from bench.conclude import conclude
from bench.history import RUNS, history_path
from bench.measure.link import link_faults_text
from bench.printed import printable
from bench.run_folder import JudgedRun, claim_folder, new_run_folder
from bench.scenario import Scenario, load_scenario
from bench.selection import Part
from bench.station import find_station, load_placed
from bench.target import SerialSpec, Target, contradictions
from bench.trace import Entry, EpochTrained, PayloadConnected, RunEnded
from bench.verdict import exit_status

STATUS_ABORTED = 130
_STOPPING = "stopping: fetching the models (Ctrl-C again: stop now)"
_NAMES = 4
"""Left-out models that are named on the screen; the trace names all."""


def run_scenario(options: argparse.Namespace) -> int:
    """`bench run`: the exit status."""
    return carry_out(load_scenario(options.scenario), options)


def carry_out(scenario: Scenario, options: argparse.Namespace) -> int:
    """Build, run, judge and show; the exit status."""
    station = find_station(options.station)
    target = load_placed(
        options.target or scenario.target, station, port=options.port, baud=options.baud, build_id=options.build
    )
    job = make_job(scenario, target, recording=options.recording, part=_part(options), link_faults=options.link_faults)
    if options.suggest_limits:
        check_whole(job.selection)
    with Board(target, lock_wait_s=options.lock_wait) as board:
        board.firmware  # noqa: B018 - built before a folder is made for the run
        finished = _run(job, board, options.out, timeout_s=options.timeout, monitor=options.monitor)
    judged = _judge(finished, console=make_console())
    if judged is None:
        return STATUS_ABORTED
    console, verdicts = make_console(), judged.verdicts
    show_verdicts(verdicts, console=console)
    if faults := link_faults_text(finished.trace):
        console.print(printable(f"link faults: {faults}"), markup=False, soft_wrap=True)
    if finished.outcome == "aborted":
        console.print(f"aborted {_where_ended(job, finished.trace)}; the models so far are saved", style="yellow")
    if options.suggest_limits:
        show_suggestions(verdicts, finished.files, folder=finished.folder, keeps=True, console=console)
    console.print(f"run folder: {finished.folder}", markup=False, soft_wrap=True)
    page = conclude(judged, history=history_path(options.history)).page
    console.print(f"report: {page}", markup=False, soft_wrap=True)
    return STATUS_ABORTED if finished.outcome == "aborted" else exit_status(verdicts)


def _part(options: argparse.Namespace) -> Part:
    first_row, end_row = options.rows
    return Part(first_row, end_row, tuple(options.models))


def _run(job: Job, board: Board, out: Path | None, *, timeout_s: float | None, monitor: bool) -> FinishedRun:
    """On the screen: what is run and where, how far it is, and what the payload lacked."""
    name = f"{job.scenario.name}-{board.target.name}{'-partial' if job.selection else ''}"
    folder = claim_folder(out) if out else new_run_folder(RUNS, name, started=datetime.now().astimezone())
    meanwhile(f"the run goes on and is saved in {folder}")
    console = make_console()
    headline = f"{job.due_rows} rows of {job.recording.name} on {_place(board.target)}"
    console.print(f"{job.scenario.title}\n{headline}", markup=False)
    show_selection(job.selection, console=console)
    if job.sensor_faults:
        console.print(f"{len(job.sensor_faults)} sensor faults are in them: sensor-faults.json in the run folder")
    progress = RunProgress(console, rows=job.recording.row_count, epochs=job.scenario.epochs)
    if monitor:
        finished = _run_watched(job, board, folder, timeout_s=timeout_s, console=console)
        for entry in finished.trace:
            progress.note_skipped(entry)
    else:
        with _stop_on_interrupt(partial(_print_stopping, console)) as stop, progress:
            finished = board.run(job, folder, observers=(progress.observe,), should_stop=stop, timeout_s=timeout_s)
    for entry in [entry for entry in finished.trace if isinstance(entry, PayloadConnected)][:1]:
        for line in contradictions(board.target, clock=entry.clock, arena_bytes=entry.arena_bytes):
            console.print(f"note: {line}", style="yellow", markup=False)
    if progress.skipped:
        names = ", ".join(progress.skipped[:_NAMES]) + (" ..." if len(progress.skipped) > _NAMES else "")
        console.print(f"{len(progress.skipped)} models not on this payload: {names}", style="dim", markup=False)
    return finished


def _run_watched(job: Job, board: Board, folder: Path, *, timeout_s: float | None, console: Console) -> FinishedRun:
    """With a monitor in place of the bar."""
    from bench.monitor.watcher import Watcher

    watcher = Watcher()
    with watcher, _stop_on_interrupt(lambda: watcher.say(_STOPPING)) as stop:
        watcher.watch(folder)
        finished = board.run(job, folder, should_stop=stop, timeout_s=timeout_s)
    if watcher.fault:
        console.print(f"{watcher.fault}; the run went on", style="yellow", markup=False)
    return finished


def _print_stopping(console: Console) -> None:
    console.print(_STOPPING, style="yellow")


def _judge(finished: FinishedRun, *, console: Console) -> JudgedRun | None:
    """The verdicts; None, and how to have them later, if somebody does not want to wait for them."""
    trains = "; the plain references train as well, which can take as long again"
    trains = trains if finished.files.scenario.epochs else ""
    aborted = finished.outcome == "aborted"
    try:
        with handled(signal.default_int_handler):
            if aborted or trains:
                console.print(f"judging the models{' so far' if aborted else ''}{trains}", style="dim", markup=False)
            return finished.judge()
    except KeyboardInterrupt:
        print(f"bench: stopped while judging; the run is saved in {finished.folder}", file=sys.stderr)
        trust = " --trust-twins" if finished.files.twins is not None else ""
        print(f"hint: bench judge {shlex.quote(str(finished.folder))}{trust}", file=sys.stderr)
        return None


def _where_ended(job: Job, trace: Sequence[Entry]) -> str:
    """Where an aborted run was: at a row or, once a batch run has all of them, in an epoch."""
    ended = trace[-1]
    rows, due, epochs = ended.rows if isinstance(ended, RunEnded) else 0, job.due_rows, job.scenario.epochs
    if not epochs or rows < due:
        return f"at row {rows} of {due}"
    done = sum(isinstance(entry, EpochTrained) for entry in trace)
    return f"in epoch {done + 1} of {epochs}" if done < epochs else f"after epoch {done} of {epochs}"


def _place(target: Target) -> str:
    """Where the payload is, for the headline: a board on a port is no emulator, whatever its target file describes."""
    if isinstance(target.transport, SerialSpec):
        return f"the board at {target.transport.url} (as {target.name})"
    return target.title


class _Stop:
    """Asked by the session; set by the first Ctrl-C."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked


@contextmanager
def _stop_on_interrupt(say: Callable[[], None]) -> Iterator[_Stop]:
    """Ctrl-C once: stop, fetch the models, save as aborted. Twice, or a kill: at once, with everything ended."""
    stop = _Stop()

    def interrupted(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.asked or number == signal.SIGTERM:
            raise KeyboardInterrupt
        stop.asked = True
        say()

    with handled(interrupted):
        yield stop
