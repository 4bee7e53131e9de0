"""OrbitAI's April through QEMU, from the start of `bench run` to its end with a verdict.

The recording is imported first, outside of the measurement, from HIL_ORBITAI_DATA; the firmware is built before.
  whole      wall time of the process `bench run fixtures/scenarios/orbitai-flight.toml`
  boots      from the run's start, or a restart, to the payload's Hello, summed over all starts of QEMU
  streaming  segments, from the first row written to the last row's report
  models     the rest of the session: models created, dumped and restored, rows evaluated, QEMU ended
  around     Python started, modules imported, recording read and copied, firmware checked, judged, shown
All but `whole` come from the run's trace.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.importing import import_orbitai
from bench.target import load_target
from bench.trace import Entry, LinkMeasured, PayloadConnected, PayloadRestarted, load_trace
from tools.benchmarks.common import (
    CHECKOUT,
    QEMU_TARGET,
    SPREAD_HEAD,
    Spread,
    add_target,
    build_payload,
    make_parser,
    print_method,
    print_table,
)

DATA = "HIL_ORBITAI_DATA"
_WANTED_S: Final = {"qemu-mps2-an386": 12, "qemu-mps2-an500": 12}


def import_april(folder: Path) -> Path:
    """The recording made of the data that HIL_ORBITAI_DATA names."""
    source = os.environ.get(DATA)
    if not source:
        raise SystemExit(f"no OrbitAI data: set {DATA} to a folder with the OrbitAI stream and models")
    recording = folder / "recording"
    import_orbitai(Path(source), recording)
    return recording


def run_april(recording: Path, out: Path, target: str = QEMU_TARGET) -> float:
    """Wall seconds of one run; stops the benchmark unless every required verdict is PASS."""
    command = [
        str(Path(sys.executable).parent / "bench"),
        "run",
        str(CHECKOUT / "fixtures" / "scenarios" / "orbitai-flight.toml"),
        *("--target", target, "--recording", str(recording), "--out", str(out)),
    ]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begun
    if done.returncode:
        raise SystemExit(f"bench run ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds


def parts_of(trace: Sequence[Entry], whole_s: float) -> dict[str, float]:
    """Where the time went, in seconds."""
    boots = streaming = begun = 0.0
    for entry in trace:
        match entry:
            case PayloadRestarted():
                begun = entry.t
            case PayloadConnected():
                boots += entry.t - begun
            case LinkMeasured() if entry.phase != "whole":
                streaming += entry.seconds
    session = trace[-1].t
    return {
        "whole": whole_s,
        "boots": boots,
        "streaming": streaming,
        "models": session - boots - streaming,
        "around": whole_s - session,
    }


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=7, of="runs")
    add_target(parser)
    options = parser.parse_args()
    target = load_target(options.target)
    build_payload(target)
    with tempfile.TemporaryDirectory() as folder:
        recording = import_april(Path(folder))
        print_method(target.title, f"{options.runs} runs; seconds")
        runs = []
        for number in range(options.runs):
            out = Path(folder) / f"run-{number}"
            seconds = run_april(recording, out, target.name)
            runs.append(parts_of(list(load_trace(out / "trace.jsonl")), seconds))
    print_table(["", *SPREAD_HEAD], [[part, *Spread.of([run[part] for run in runs]).cells(".2f")] for part in runs[0]])
    print(f"\ntarget: median `whole` at most {_WANTED_S.get(target.name, 5)} s on two quiet cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
