"""What it costs to watch a run, and how long it takes to look at a long one.

watching  Runs of the sun-sensor models over a long stream: in each turn one with the monitor of `bench run --monitor`
          and two without, in changing order; it draws on a terminal of 80x24 that another process reads. Rows per
          second with / the mean without; one without / the other, which is what the machine does by itself. Of the
          watched run: processor time of the monitor, from the first row's report to the last one's, over the time
          between them. Its start, which is over before the first row, is told apart.
attaching `bench monitor RUN` of a finished run whose trace has N entries, the whole command: first with no saved fold,
          then with the one that the first has left, in turns with a Python that does nothing.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.board import Board, Job, make_job
from bench.monitor.saved import SAVED
from bench.monitor.watcher import Watcher
from bench.run_folder import TRACE
from bench.scenario import load_scenario
from bench.target import load_target
from bench.trace import Entry, LinkMeasured, SamplesTrained, TraceWriter, load_trace
from tools.benchmarks.common import (
    SPREAD_HEAD,
    Spread,
    add_target,
    build_payload,
    long_recording,
    make_parser,
    positive,
    print_method,
    print_table,
)

_STARTED_S: Final = 3.0
"""More than the monitor needs to be there."""
_ORDERS: Final = (("watched", "one", "other"), ("one", "other", "watched"), ("other", "watched", "one"))
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass
class Seen:
    """Processor time of a process at the first and at the last report of rows."""

    pid: int
    marks: list[tuple[float, float]]

    def __call__(self, entry: Entry) -> None:
        if isinstance(entry, SamplesTrained):
            mark = (time.monotonic(), processor_s(self.pid))
            self.marks[1:] = [mark] if self.marks else []
            if not self.marks:
                self.marks.append(mark)

    @property
    def share(self) -> float:
        """Of a core."""
        (begun, used), (ended, used_then) = self.marks
        return (used_then - used) / (ended - begun)


def processor_s(pid: int) -> float:
    """What a process has used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def read_terminal() -> Iterator[int]:
    """Give a terminal of 80x24 whose other end is read by another process, so that the bench is not disturbed."""
    reader, writer = pty.openpty()
    subprocess.run(["stty", "rows", "24", "cols", "80"], stdin=writer, check=True)
    with subprocess.Popen(["cat"], stdin=reader, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cat:
        os.close(reader)
        try:
            yield writer
        finally:
            os.close(writer)
            cat.terminate()


def rows_per_s(job: Job, folder: Path, seen: Callable[[Entry], None] | None = None) -> float:
    """Of one run's stream."""
    with Board(job.target) as board:
        finished = board.run(job, folder, observers=(seen,) if seen else ())
    [streamed] = [entry for entry in finished.trace if isinstance(entry, LinkMeasured) and entry.phase != "whole"]
    return job.due_rows / streamed.seconds


def monitored(job: Job, folder: Path) -> tuple[float, float, float]:
    """Rows per second, the monitor's share of a core, and what its start took in seconds of a processor."""
    with read_terminal() as terminal, Watcher(stdout=terminal) as watcher:
        process = watcher._process  # noqa: SLF001 - what is measured is that process
        if process is None:
            raise SystemExit(watcher.fault)
        watcher.watch(folder)
        time.sleep(_STARTED_S)
        start_s = processor_s(process.pid)
        seen = Seen(process.pid, [])
        rate = rows_per_s(job, folder, seen)
    if watcher.fault:
        raise SystemExit(watcher.fault)
    return rate, seen.share, start_s


def watching(job: Job, turns: int) -> None:
    """Print what watching costs, beside what two runs that nobody watches differ by."""
    ratios, control, shares, starts, rates = [], [], [], [], []
    for number in range(turns):
        rate: dict[str, float] = {}
        for which in _ORDERS[number % len(_ORDERS)]:
            with tempfile.TemporaryDirectory() as name:
                if which == "watched":
                    rate[which], share, start_s = monitored(job, Path(name))
                    shares.append(share)
                    starts.append(start_s)
                else:
                    rate[which] = rows_per_s(job, Path(name))
        ratios.append(2 * rate["watched"] / (rate["one"] + rate["other"]))
        control.append(rate["one"] / rate["other"])
        rates.append(rate["one"])
    cells = [
        ["rows/s: watched / not", *Spread.of(ratios).cells(".3f")],
        ["rows/s: not / not", *Spread.of(control).cells(".3f")],
        ["rows/s, not watched", *Spread.of(rates).cells(".0f")],
        ["monitor: share of a core", *Spread.of(shares).cells(".4f")],
        ["monitor: start, processor s", *Spread.of(starts).cells(".2f")],
    ]
    print_table(["", *SPREAD_HEAD], cells)


def stretch(folder: Path, entries: int) -> None:
    """Make the trace of a run as long as that, with its reports of rows over and over."""
    trace = list(load_trace(folder / TRACE))
    places = [number for number, entry in enumerate(trace) if isinstance(entry, SamplesTrained)]
    reports = [trace[number] for number in places]
    head, tail = trace[: places[0]], trace[places[-1] + 1 :]
    with (folder / TRACE).open("w", encoding="utf-8") as file:
        writer = TraceWriter(file)
        for entry in head:
            writer.write(entry)
        row = 0
        for number in range(entries - len(head) - len(tail)):
            report = reports[number % len(reports)]
            if isinstance(report, SamplesTrained):
                writer.write(replace(report, first_row=row, t=report.t + number * 1e-3))
                row += len(report.train)
        for entry in tail:
            writer.write(entry)


def timed(*command: str) -> float:
    """Wall seconds of a command."""
    begun = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def attaching(job: Job, entries: int, turns: int) -> None:
    """Print how long it takes to see a finished run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        folder.mkdir()
        with Board(job.target) as board:
            board.run(job, folder).judge()
        stretch(folder, entries)
        command = (str(Path(sys.executable).parent / "bench"), "monitor", str(folder))
        (folder / SAVED).unlink(missing_ok=True)
        first = timed(*command)
        seconds: dict[str, list[float]] = {"with the saved fold": [], "python -c pass": []}
        for _ in range(turns):
            seconds["with the saved fold"].append(timed(*command))
            seconds["python -c pass"].append(timed(sys.executable, "-c", "pass"))
        size, saved = (folder / TRACE).stat().st_size, (folder / SAVED).stat().st_size
        shutil.rmtree(folder)
    print(f"\nattaching, {entries:,} entries, {size / 1e6:.0f} MB; saved fold {saved / 1e6:.2f} MB; seconds")
    print_table(["", *SPREAD_HEAD], [[label, *Spread.of(found).cells(".3f")] for label, found in seconds.items()])
    print(f"with no saved fold, once: {first:.1f} s")


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=9, of="turns")
    add_target(parser)
    parser.add_argument("--rows", type=positive, default=6000, help="default: %(default)s")
    parser.add_argument("--entries", type=positive, default=1_000_000, help="default: %(default)s")
    options = parser.parse_args()
    target = load_target(options.target)
    build_payload(target)
    job = make_job(load_scenario("sun-sensor"), target, recording=long_recording(options.rows))
    print_method(f"{target.title}, {len(job.scenario.models)} models, {options.rows} rows, {options.runs} turns")
    watching(job, options.runs)
    print("wanted: share below 0.04, no loss of rows per second that can be measured")
    native = load_target("host")
    attaching(make_job(load_scenario("sun-sensor"), native), options.entries, options.runs)
    print("wanted: with the saved fold below 2 s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
