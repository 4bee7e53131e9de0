"""Judged runs for what is made of them: reports, and whatever else takes a JudgedRun."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.build import FirmwareImage
from bench.measure import RunContext, measure
from bench.run_folder import JudgedRun, RunFiles
from bench.scenario import Limit, load_scenario
from bench.selection import Selection
from bench.target import load_target
from bench.trace import Entry, RunStarted
from bench.verdict import Verdict, judge
from tests.unit.made_runs import MadeRun, make_run

IMAGE = FirmwareImage(
    "5a" * 16,
    "gcc 12.2",
    {".text": 52000, ".rodata": 8000, ".data": 1160, ".bss": 34024, ".arena": 4096, ".stack": 65536},
    {".text": {"main": 120, "arow.c:step": 900}, ".bss": {"queue": 4096}},
)
LIMITS = (
    Limit("timing.train.p99", at_most=100, clock="instructions", because="too tight"),
    Limit("memory.stack_peak_bytes", at_most=4096),
    Limit("time.row_s.p99", at_most=1, clock="host"),
    Limit("parity.plain.*", equal=0),
    Limit("accuracy.prequential.arow_3D.recall", at_least=0.1, required=False),
)
STARTED = "2026-11-21T05:54:02+01:00"


def judged(
    made: MadeRun | None = None,
    *,
    trace: Sequence[Entry] | None = None,
    limits: Sequence[Limit] = LIMITS,
    target: str = "qemu-zynq-a9",
    folder: Path = Path("runs") / "made",
    selection: Selection | None = None,
) -> JudgedRun:
    """A run as it is after judging, without a folder on disk."""
    made = made or make_run()
    entries = list(made.trace if trace is None else trace)
    if entries and isinstance(entries[0], RunStarted) and not entries[0].started:
        entries[0] = replace(entries[0], started=STARTED)
    files = RunFiles(load_scenario("sun-sensor"), load_target(target), made.recording, IMAGE, selection=selection)
    context = RunContext(made.recording, IMAGE.sections, assumed_instructions_per_s=1e8, masks_interrupts=True)
    return JudgedRun(folder, files, entries, judge(measure(entries, context), limits, selection=selection))


def with_verdicts(run: JudgedRun, *verdicts: Verdict) -> JudgedRun:
    """The run with these verdicts in place of its own."""
    return replace(run, verdicts=verdicts)
