"""What checkpoints did for a run: how many were kept, and what each restart cost."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from bench.measure.measurement import Measurement, entries_of
from bench.trace import (
    CheckpointsKept,
    Entry,
    LinkFaultInjected,
    PayloadConnected,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    ProtectionReported,
    RowResults,
    SamplesRepeated,
    SamplesTrained,
)

ROWS_LOST = "checkpoints.rows_lost"
ROWS_DIFFERING = "checkpoints.rows_differing"
_REPEAT: Final = (
    "run.completed",
    "parity.",
    "accuracy.evaluation.",
    "accuracy.recording.",
    "memory.model.",
    ROWS_DIFFERING,
)
"""What comes of the models, and not of the rows one by one."""


def measure_checkpoints(trace: Sequence[Entry]) -> Iterator[Measurement]:
    """Every checkpoints.* of a run whose payload kept some."""
    kept = entries_of(trace, CheckpointsKept)
    if not kept:
        return
    resumed = entries_of(trace, PayloadResumed)
    same = not resumed  # when a restart falls is the host's affair
    yield Measurement("checkpoints.written", _written(trace), "checkpoints", repeatable=same)
    last = {report.start: report.values.get("failed", 0) for report in entries_of(trace, ProtectionReported)}
    yield Measurement("checkpoints.failed", sum(last.values()), "checkpoints", repeatable=same)
    yield Measurement("checkpoints.power_cuts", len(entries_of(trace, PowerCut)), "cuts", repeatable=same)
    yield Measurement("checkpoints.resumed", len(resumed), "restarts", repeatable=same)
    because = f"kept after every {kept[0].rows} rows"
    lost = max((entry.lost_rows for entry in resumed), default=0)
    yield Measurement(ROWS_LOST, lost, "rows", repeatable=same, because=because)
    repeated = entries_of(trace, SamplesRepeated)
    count = sum(len(report.status) for report in repeated)
    yield Measurement("checkpoints.rows_repeated", count, "rows", repeatable=same)
    unreported = sum(entry.unreported_rows for entry in resumed)
    because = "trained, by the payload's word; their results went down with it" if unreported else ""
    yield Measurement("checkpoints.results_lost", unreported, "rows", repeatable=same, because=because)
    yield _differing(_results(entries_of(trace, SamplesTrained)), _results(repeated))


def unplanned_restarts(trace: Sequence[Entry]) -> list[str]:
    """Reasons of the restarts that neither the scenario nor a fault that was put in has caused."""
    reasons, caused = [], False
    for entry in trace:
        if isinstance(entry, PowerCut) or (isinstance(entry, LinkFaultInjected) and entry.fault == "reset"):
            caused = True
        elif isinstance(entry, PayloadRestarted) and not entry.planned and not caused:
            reasons.append(entry.reason)
        elif isinstance(entry, PayloadConnected):
            caused = False
    return reasons


def repeatable_after_restarts(measured: Sequence[Measurement], trace: Sequence[Entry]) -> tuple[Measurement, ...]:
    """Which rows' results are lost with a payload is the host's affair, and so is what figures are made of them."""
    if not entries_of(trace, PayloadResumed):
        return tuple(measured)
    return tuple(one if one.name.startswith(_REPEAT) else replace(one, repeatable=False) for one in measured)


def vouched_rows(trace: Sequence[Entry]) -> set[int]:
    """Rows whose results were lost in a restart, and that the payload had trained by then: it resumed behind them."""
    return {
        row
        for entry in entries_of(trace, PayloadResumed)
        for row in range(entry.next_row - entry.unreported_rows, entry.next_row)
    }


def _written(trace: Sequence[Entry]) -> int:
    """By their sequence numbers, which outlive a restart. A bank that is made again begins anew."""
    written, before = 0, None
    for entry in trace:
        if isinstance(entry, CheckpointsKept):
            written, before = written + 1, None
        elif isinstance(entry, ProtectionReported):
            sequence = entry.values.get("sequence", 0)
            written += sequence - before if before is not None else 0
            before = sequence
    return written


def _results(reports: Sequence[RowResults]) -> dict[int, tuple[int, str, str]]:
    return {
        report.first_row + offset: result
        for report in reports
        for offset, result in enumerate(zip(report.status, report.predictions, report.updated, strict=False))
    }


def _differing(first: dict[int, tuple[int, str, str]], again: dict[int, tuple[int, str, str]]) -> Measurement:
    compared = first.keys() & again.keys()
    different = sum(first[row] != again[row] for row in compared)
    because = f"{len(compared)} rows were trained twice" if compared else "no row was trained twice"
    return Measurement(ROWS_DIFFERING, different, "rows", because=because)
