"""The reports of a run: seconds and bytes, of OrbitAI's April and of very long traces.

April is run once on QEMU, outside of the measurement, from HIL_ORBITAI_DATA. Then, in turns:
  command    wall time of the process `bench report RUN`: Python started, folder read, four files written
  reports    `save_reports` alone, on a run that is in memory, as `bench run` calls it after the verdicts
  page       of these, report.html
With --entries N also a made trace of N reports of 10 rows each, which `bench report` could not be shown otherwise.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.report import REPORTS, save_reports
from bench.report.page import report_page
from bench.run_folder import JudgedRun, load_judged_run
from bench.trace import Entry, SamplesTrained
from tools.benchmarks.april import import_april, run_april
from tools.benchmarks.common import SPREAD_HEAD, Spread, make_parser, positive, print_method, print_table

_WANTED_S: Final = 3.0
_WANTED_BYTES: Final = 3_000_000
_ROWS: Final = 10


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=11, of="turns")
    parser.add_argument("--entries", type=positive, metavar="N", help="also a made trace of N entries, once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "april"
        run_april(import_april(Path(scratch)), folder)
        print_method("reports of OrbitAI's April, 32 models, 3854 rows, QEMU zynq", f"{options.runs} turns; seconds")
        run = load_judged_run(folder)
        parts: dict[str, Callable[[], object]] = {
            "command": lambda: _command(folder),
            "reports": lambda: save_reports(run),
            "page": lambda: report_page(run),
        }
        seconds: dict[str, list[float]] = {part: [] for part in parts}
        for _ in range(options.runs):
            for part, make in parts.items():
                seconds[part].append(_timed(make))
        print_table(["", *SPREAD_HEAD], [[part, *Spread.of(found).cells(".3f")] for part, found in seconds.items()])
        print("\n" + "\n".join(f"{name}: {(folder / name).stat().st_size:,} bytes" for name in REPORTS))
        print(f"wanted: median of `command` under {_WANTED_S:g} s, report.html under {_WANTED_BYTES:,} bytes")
        if options.entries:
            _long(run, options.entries)
    return 0


def _command(folder: Path) -> None:
    bench = Path(sys.executable).parent / "bench"
    subprocess.run([str(bench), "report", str(folder)], check=True, stdout=subprocess.DEVNULL)


def _timed(make: Callable[[], object]) -> float:
    begun = time.monotonic()
    make()
    return time.monotonic() - begun


def _long(run: JudgedRun, entries: int) -> None:
    """The page of a run whose stream was `entries` reports long."""
    reports = [entry for entry in run.trace if isinstance(entry, SamplesTrained)]
    long = replace(run, trace=_stretched(run.trace, reports, entries))
    begun = time.monotonic()
    text = report_page(long)
    print(
        f"\n{entries:,} reports, {entries * _ROWS:,} rows: {time.monotonic() - begun:.2f} s, {len(text):,} characters"
    )


def _stretched(trace: Sequence[Entry], reports: Sequence[SamplesTrained], entries: int) -> Sequence[Entry]:
    """The trace with its reports repeated, each cut to a few rows; most are beyond the recording, without a label."""
    first = next(place for place, entry in enumerate(trace) if isinstance(entry, SamplesTrained))
    model = reports[0]
    cut = {name: getattr(model, name)[:_ROWS] for name in ("status", "train", "predict", "feature", "dispatch")}
    cut |= {name: getattr(model, name)[:_ROWS] for name in ("predictions", "updated")}
    step = (trace[-1].t - trace[first].t) / entries
    stretched = [
        replace(model, **cut, first_row=index * _ROWS, t=trace[first].t + index * step) for index in range(entries)
    ]
    others = [entry for entry in trace[first:] if not isinstance(entry, SamplesTrained)]
    return [*trace[:first], *stretched, *others]


if __name__ == "__main__":
    sys.exit(main())
