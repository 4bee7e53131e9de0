"""`bench run`: from a scenario to a verdict."""

import argparse
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import FrameType

import numpy as np
from rich.console import Console

from bench.build import Firmware, build_firmware, read_firmware
from bench.cli.output import meanwhile
from bench.cli.progress import RunProgress
from bench.cli.show import make_console, show_verdicts
from bench.clock import MonotonicClock
from bench.doctor import ask
from bench.errors import BenchError
from bench.initial_models import load_initial_models, with_classes
from bench.plan import Plan, make_plan
from bench.run_folder import (
    RunFiles,
    check_twins,
    claim_folder,
    judge_run,
    new_run_folder,
    open_trace,
    save_run_files,
)
from bench.scenario import Scenario, choose_recording, load_scenario
from bench.session import Recorder, Session, run
from bench.session.open import make_transport
from bench.session.stream import rows_to_score
from bench.station import find_station, place
from bench.target import QemuTransportSpec, SerialSpec, Target, load_target, own_firmware
from bench.telemetry import find_recording, load_recording
from bench.trace import FORMAT, Entry, EpochTrained, PayloadConnected, RunEnded, RunStarted, TraceWriter
from bench.transport import Transport
from bench.verdict import Verdict, exit_status

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "telemetry"
RUNS = Path("runs")
STATUS_ABORTED = 130
_NAMES = 4
"""Left-out models that are named on the screen; the trace names all."""


def run_scenario(options: argparse.Namespace) -> int:
    """`bench run`: the exit status."""
    return carry_out(load_scenario(options.scenario), options)


def carry_out(scenario: Scenario, options: argparse.Namespace) -> int:
    """Build, run, judge and show; the exit status."""
    chosen = choose_recording(scenario, str(options.recording) if options.recording else None)
    initial = load_initial_models(scenario)
    beside = scenario.path.parent if scenario.path is not None and not options.recording else None
    recording = with_classes(load_recording(find_recording(chosen, [RECORDINGS], beside=beside)), initial)
    target = load_target(options.target or scenario.target)
    target = place(target, find_station(options.station), port=options.port, baud=options.baud)
    plan = make_plan(scenario, recording, target=target)
    firmware = _firmware(target)
    image = firmware.image if firmware is not None else None
    files = RunFiles(scenario, target, recording, image, initial, check_twins(scenario))
    name = f"{scenario.name}-{target.name}"
    folder = (
        claim_folder(options.out) if options.out else new_run_folder(RUNS, name, started=datetime.now().astimezone())
    )
    save_run_files(folder, files)
    meanwhile(f"the run goes on and is saved in {folder}")
    console = make_console()
    console.print(f"{scenario.title}\n{_due_rows(files)} rows of {recording.name} on {_place(target)}", markup=False)
    outcome, recorder = _run_plan(plan, files, firmware, folder=folder, console=console)
    verdicts = _judge(folder, files, recorder.entries, aborted=outcome == "aborted", console=console)
    if verdicts is None:
        return STATUS_ABORTED
    show_verdicts(verdicts, console=console)
    if outcome == "aborted":
        where = _where_ended(files, recorder.entries)
        console.print(f"aborted {where}; the models so far are saved", style="yellow")
    console.print(f"run folder: {folder}", markup=False, soft_wrap=True)
    return STATUS_ABORTED if outcome == "aborted" else exit_status(verdicts)


def _judge(
    folder: Path, files: RunFiles, trace: Sequence[Entry], *, aborted: bool, console: Console
) -> tuple[Verdict, ...] | None:
    """The verdicts; None, and how to have them later, if somebody does not want to wait for them."""
    trains = "; the plain references train as well, which can take as long again" if files.scenario.epochs else ""
    try:
        with _handled(signal.default_int_handler):
            if aborted or trains:
                console.print(f"judging the models{' so far' if aborted else ''}{trains}", style="dim", markup=False)
            return judge_run(folder, files, trace=trace)
    except KeyboardInterrupt:
        print(f"bench: stopped while judging; the run is saved in {folder}", file=sys.stderr)
        trust = " --trust-twins" if files.twins is not None else ""
        print(f"hint: bench judge {shlex.quote(str(folder))}{trust}", file=sys.stderr)
        return None


def _where_ended(files: RunFiles, trace: Sequence[Entry]) -> str:
    """Where an aborted run was: at a row or, once a batch run has all of them, in an epoch."""
    ended = trace[-1]
    rows, due, epochs = ended.rows if isinstance(ended, RunEnded) else 0, _due_rows(files), files.scenario.epochs
    if not epochs or rows < due:
        return f"at row {rows} of {due}"
    done = sum(isinstance(entry, EpochTrained) for entry in trace)
    return f"in epoch {done + 1} of {epochs}" if done < epochs else f"after epoch {done} of {epochs}"


def _firmware(target: Target) -> Firmware | None:
    """Built for the target's port, or the ELF that its file names; None where the bench has neither."""
    if target.port is not None:
        return build_firmware(target.port, board=target.board)
    own = own_firmware(target)
    return read_firmware(own, hint="it is transport.firmware of the target: build it") if own is not None else None


def _run_plan(
    plan: Plan, files: RunFiles, firmware: Firmware | None, *, folder: Path, console: Console
) -> tuple[str, Recorder]:
    clock = MonotonicClock()
    transport = make_transport(files.target, firmware.elf if firmware is not None else None)
    progress = RunProgress(console, rows=files.recording.row_count, epochs=files.scenario.epochs)
    with open_trace(folder) as file:
        recorder = Recorder(clock, writer=TraceWriter(file), observers=(progress.observe,))
        recorder.record(_run_started(files, transport))
        try:
            with _stop_on_interrupt(console) as stop, transport, progress:
                session = Session(
                    transport,
                    files.recording,
                    recorder=recorder,
                    clock=clock,
                    target_name=files.target.name,
                    ready_s=files.target.transport.ready_s,
                    speed=files.scenario.speed,
                    build_id=_expected_build_id(files.target, firmware),
                    initial=files.initial,
                    should_stop=stop,
                )
                outcome = run(plan, session, recorder=recorder)
        except BenchError as error:
            if not any(isinstance(entry, PayloadConnected) for entry in recorder.entries):
                shutil.rmtree(folder)  # nothing happened that is worth keeping
                raise
            raise BenchError(f"{error.message} [run folder: {folder}]", hint=error.hint) from error
    if progress.skipped:
        names = ", ".join(progress.skipped[:_NAMES]) + (" ..." if len(progress.skipped) > _NAMES else "")
        console.print(f"{len(progress.skipped)} models not on this payload: {names}", style="dim", markup=False)
    return outcome, recorder


def _place(target: Target) -> str:
    """Where the payload is, for the headline: a board on a port is no emulator, whatever its target file describes."""
    if isinstance(target.transport, SerialSpec):
        return f"the board at {target.transport.url} (as {target.name})"
    return target.title


def _expected_build_id(target: Target, firmware: Firmware | None) -> str | None:
    """A board may run any build unless its station names one; what the bench starts itself must be what it built."""
    if firmware is None or isinstance(target.transport, SerialSpec):
        return target.build_id
    return firmware.image.build_id


def _due_rows(files: RunFiles) -> int:
    """Rows that the run is over when it has the results of."""
    return rows_to_score(files.recording).count if files.scenario.mode == "score" else files.recording.row_count


def _run_started(files: RunFiles, transport: Transport) -> RunStarted:
    versions = {
        "bench": version("hil-bench"),
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }
    if files.firmware is not None:
        versions["compiler"] = files.firmware.compiler
    if isinstance(files.target.transport, QemuTransportSpec):
        question = (files.target.transport.binary, "--version")
        versions["emulator"] = ask([question])[question] or "did not say its version"
    recording = files.recording
    return RunStarted(
        FORMAT,
        files.scenario.name,
        files.target.name,
        recording.name,
        _due_rows(files),
        versions,
        transport.describe(),
        files.scenario.mode,
    )


class _Stop:
    """Asked by the session; set by the first Ctrl-C."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked


@contextmanager
def _stop_on_interrupt(console: Console) -> Iterator[_Stop]:
    """Ctrl-C once: stop, fetch the models, save as aborted. Twice, or a kill: at once, with everything ended."""
    stop = _Stop()

    def interrupted(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.asked or number == signal.SIGTERM:
            raise KeyboardInterrupt
        stop.asked = True
        console.print("stopping: fetching the models (Ctrl-C again: stop now)", style="yellow")

    with _handled(interrupted):
        yield stop


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Have Ctrl-C and a kill handled."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
