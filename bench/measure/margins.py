"""What is left of what there is: margin = (allocated - used) / allocated, in percent. docs/margins.md has the reasons.

The formula is the one of GSFC-STD-1000, rule 3.07, as others give it. Of the two in use it asks for more: a margin of
50 % means half of the resource at most, where (allocated - used) / used would mean two thirds.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bench.measure.clock import PayloadClock, payload_clock
from bench.measure.link import STREAM_PHASE
from bench.measure.measurement import MarginBasis, Measurement, RunContext, entries_of, in_mode
from bench.measure.memory import highest
from bench.measure.timing import row_costs
from bench.trace import Entry, EpochTrained, HousekeepingReported, LinkMeasured, SamplesTrained

_BITS_PER_BYTE: Final = 10
"""On a line with one start bit, eight data bits, no parity and one stop bit."""
_UNSTORED: Final = (".bss", ".arena", ".data_region", ".stack", ".handler_stack", ".noinit", ".heap")
"""Sections without a place in the file, for a firmware.json that does not say which they are."""
_PEAKS: Final[Mapping[str, str]] = {
    ".stack": "stack_peak_bytes",
    ".handler_stack": "handler_stack_peak_bytes",
    ".arena": "arena_used_bytes",
    ".data_region": "data_used_bytes",
}
_STORAGE: Final = ".kept"
"""Memory that stands in for flash, where checkpoints outlive a reset."""
_NO_SECTIONS: Final = "the run holds no section table of the firmware"


def measure_margins(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """margin.*, where the scenario has [margins]."""
    if context.margins is None:
        return
    clock = payload_clock(trace, context)
    yield _cpu(trace, context, context.margins, clock)
    yield _deadline(trace, context, context.margins, clock)
    yield _prom(context, context.margins)
    yield _ram(context, context.margins)
    yield _ram_peak(trace, context, context.margins)
    yield _uart(trace, context, context.margins)


def margin_percent(allocated: float, used: float) -> float | None:
    """(allocated - used) / allocated in percent; None where that is no number."""
    if not (math.isfinite(allocated) and math.isfinite(used)) or allocated <= 0 or used < 0:
        return None
    return 100 * (1 - used / allocated)


def _cpu(trace: Sequence[Entry], context: RunContext, basis: MarginBasis, clock: PayloadClock) -> Measurement:
    """The mean row's work against its share of the time from row to row."""
    counts, why = _rows(trace, clock)
    if in_mode(trace, "batch"):
        why = "in batch mode rows wait for an epoch, and no row has a time of its own to train in"
    period_s = basis.spec.row_period_s or context.recording.period_s
    if why or not clock.counts_per_s:
        return _timed("cpu", None, clock, why)
    used_s = sum(counts) / len(counts) / clock.counts_per_s
    share = basis.spec.cpu_share
    said = f"{_si(used_s)} of {_si(share * period_s)} for each row" + (f", {share:g} of a processor" * (share < 1))
    return _timed("cpu", margin_percent(share * period_s, used_s), clock, said)


def _deadline(trace: Sequence[Entry], context: RunContext, basis: MarginBasis, clock: PayloadClock) -> Measurement:
    """The costliest row, or in batch mode the costliest epoch of all models, against its deadline."""
    if in_mode(trace, "batch"):
        epochs = entries_of(trace, EpochTrained)
        counts = [sum(model.train for model in epoch.models) for epoch in epochs]
        deadline_s, what, why = basis.spec.deadline_s, "epoch", _worth(clock) or ("" if counts else "no epoch ended")
        if deadline_s is None:
            why = "in batch mode an epoch has no deadline but the scenario's: [margins] deadline_s"
    else:
        counts, why = _rows(trace, clock)
        deadline_s, what = basis.spec.deadline_s or basis.spec.row_period_s or context.recording.period_s, "row"
    if why or not clock.counts_per_s or deadline_s is None:
        return _timed("deadline", None, clock, why)
    used_s = max(counts) / clock.counts_per_s
    said = f"the costliest {what} took {_si(used_s)} of {_si(deadline_s)}"
    return _timed("deadline", margin_percent(deadline_s, used_s), clock, said)


def _rows(trace: Sequence[Entry], clock: PayloadClock) -> tuple[list[int], str]:
    """What each trained row cost in all, and why that cannot be told."""
    costs = row_costs(entries_of(trace, SamplesTrained))
    counts = [sum(row) for row in zip(*costs.values(), strict=False)]
    why = "in score mode nothing is trained" if in_mode(trace, "score") else "" if counts else "no row was trained"
    return counts, _worth(clock) or why


def _worth(clock: PayloadClock) -> str:
    """Why counts of the clock are no time of the flight computer; empty where they are."""
    if clock.kind == "host":
        return "the host's clock says nothing about the flight computer"
    return "" if clock.counts_per_s else clock.note


def _timed(name: str, value: float | None, clock: PayloadClock, said: str) -> Measurement:
    note = clock.note if clock.note not in said else ""
    because = "; ".join(part for part in (said, note) if part)
    return Measurement(f"margin.{name}", value, "%", clock.kind, repeatable=False, because=because)


def _prom(context: RunContext, basis: MarginBasis) -> Measurement:
    """What of the firmware is stored: code, constants, and the first values of variables."""
    if basis.flash_bytes is None:
        return _unmeasured("prom", "the target names no flash ([memory] flash_bytes)")
    if context.sections is None:
        return _unmeasured("prom", _NO_SECTIONS)
    used = sum(context.sections.values()) - _reserved(context.sections, basis)
    return _bytes("prom", basis.flash_bytes, used)


def _ram(context: RunContext, basis: MarginBasis) -> Measurement:
    """What the linker has reserved, whether it is used or not."""
    why = _no_ram(context, basis)
    if why or context.sections is None or basis.ram_bytes is None:
        return _unmeasured("ram", why)
    used, note = _static(context.sections, basis)
    return _bytes("ram", basis.ram_bytes, used + _reserved(_in_ram(context.sections, basis), basis), note)


def _ram_peak(trace: Sequence[Entry], context: RunContext, basis: MarginBasis) -> Measurement:
    """The same with what stacks, arena and data region really came to hold."""
    why = _no_ram(context, basis)
    if why or context.sections is None or basis.ram_bytes is None:
        return _unmeasured("ram_peak", why)
    used, note = _static(context.sections, basis)
    reserved = _in_ram(context.sections, basis)
    used += _reserved(reserved, basis)
    reports = entries_of(trace, HousekeepingReported)
    for section, field in _PEAKS.items():
        if section in reserved:
            peak = highest(reports, field)
            if peak is None:
                return _unmeasured("ram_peak", f"the payload did not report {field}")
            used += peak - reserved[section]
    return _bytes("ram_peak", basis.ram_bytes, used, note, repeatable=False)


def _no_ram(context: RunContext, basis: MarginBasis) -> str:
    if basis.ram_bytes is None:
        return "the target names no RAM ([memory] ram_bytes)"
    return "" if context.sections is not None else _NO_SECTIONS


def _in_ram(sections: Mapping[str, int], basis: MarginBasis) -> dict[str, int]:
    elsewhere = {_STORAGE} if basis.data_region_in_ram else {_STORAGE, ".data_region"}
    return {name: size for name, size in sections.items() if name not in elsewhere}


def _reserved(sections: Mapping[str, int], basis: MarginBasis) -> int:
    """Bytes of the sections that have no place in the file."""
    unstored = basis.unstored or _UNSTORED
    return sum(size for name, size in sections.items() if name in unstored)


def _static(sections: Mapping[str, int], basis: MarginBasis) -> tuple[int, str]:
    """Bytes in RAM that are stored too: variables with a first value, and where there is no flash all else."""
    if basis.flash_bytes is not None:
        return sections.get(".data", 0), ""
    return sum(sections.values()) - _reserved(sections, basis), "the target has no flash, so code lies in RAM"


def _uart(trace: Sequence[Entry], context: RunContext, basis: MarginBasis) -> Measurement:
    """Bytes a second at the pace of flight, in the direction that has more of them, against the line."""
    phases = [phase for phase in entries_of(trace, LinkMeasured) if phase.phase.startswith(STREAM_PHASE)]
    rows = sum(len(report.status) for report in entries_of(trace, SamplesTrained))
    line, why = _line(phases, basis)
    if line is None or not rows:
        return _unmeasured("uart", why or "no row was streamed")
    sent, received = (sum(phase.counts.get(f"bytes_{way}", 0) for phase in phases) for way in ("sent", "received"))
    period_s = basis.spec.row_period_s or context.recording.period_s
    used = max(sent, received) / rows / period_s
    way = "to" if sent >= received else "from"
    said = f"{max(sent, received) / rows:.1f} bytes for each row {way} the payload, {used:.4g} of {line:.6g} bytes/s"
    return Measurement("margin.uart", margin_percent(line, used), "%", None, repeatable=False, because=said)


def _line(phases: Sequence[LinkMeasured], basis: MarginBasis) -> tuple[float | None, str]:
    """Bytes a second, and why that is not known."""
    if not phases:
        return None, "no samples were streamed"
    if basis.spec.uart_baud is not None:
        return basis.spec.uart_baud / _BITS_PER_BYTE, ""
    rates = [phase.line_bytes_per_s for phase in phases if phase.line_bytes_per_s is not None]
    if len(rates) < len(phases):
        return None, "this transport has no line rate: give that of the flight's line, [margins] uart_baud"
    return min(rates), ""


def _bytes(name: str, allocated: int, used: int, note: str = "", *, repeatable: bool = True) -> Measurement:
    said = "; ".join(part for part in (f"{used:,} of {allocated:,} bytes", note) if part)
    return Measurement(f"margin.{name}", margin_percent(allocated, used), "%", None, repeatable, said)


def _unmeasured(name: str, because: str) -> Measurement:
    return Measurement(f"margin.{name}", None, "%", None, because=because)


def _si(seconds: float) -> str:
    """'3.73 us': four digits and the unit that suits."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.4g} {unit}"
    return f"{seconds * 1e9:.4g} ns"
