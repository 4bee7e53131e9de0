"""Memory: what the linker laid out, what the stacks and the arena came to hold."""

from collections.abc import Iterator, Sequence
from typing import Final

from bench.measure.measurement import Measurement, RunContext, entries_of
from bench.trace import Entry, HousekeepingReported, ModelCreated

SECTIONS: Final = ("text", "rodata", "data", "bss", "arena", "data_region", "stack", "handler_stack")
RAM_SECTIONS: Final = ("data", "bss", "arena", "data_region", "stack", "handler_stack")
"""What is written while the payload runs; code that a port runs from RAM is not counted."""
_DECLARED: Final = ("arena", "stack", "handler_stack")
"""Sizes that the payload itself reports too, for ports whose ELF file says nothing."""
PEAKS: Final = ("stack_peak_bytes", "handler_stack_peak_bytes", "arena_used_bytes", "data_used_bytes")


def measure_memory(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """memory.*; peaks are the highest over all starts of the payload."""
    reports = entries_of(trace, HousekeepingReported)
    for section in SECTIONS:
        yield _section(section, reports, context)
    sections = context.sections
    if sections is None:
        yield _unmeasured("ram_static_bytes", "the run holds no section table of the firmware")
    else:
        total = sum(sections.get(f".{name}", 0) for name in RAM_SECTIONS)
        yield Measurement("memory.ram_static_bytes", total, "bytes")
    for peak in PEAKS:
        yield _peak(peak, reports, context)
    for model in {model.name: model for model in entries_of(trace, ModelCreated)}.values():
        yield Measurement(f"memory.model.{model.name}.state_bytes", model.state_bytes, "bytes")
        yield Measurement(f"memory.model.{model.name}.arena_bytes", model.arena_bytes, "bytes")


def highest(reports: Sequence[HousekeepingReported], field: str) -> int | None:
    """The highest value of a housekeeping field; None if it was never measured."""
    values = [value for report in reports if (value := report.values.get(field)) is not None]
    return max(values, default=None)


def _peak(peak: str, reports: Sequence[HousekeepingReported], context: RunContext) -> Measurement:
    value = highest(reports, peak)
    if value is None:
        return _unmeasured(peak, _not_reported(reports))
    if peak == "handler_stack_peak_bytes":  # 0 or 8 bytes of one short run on an an386 whose host was busy
        because = "what handlers call depends on when bytes arrive"
        return Measurement(f"memory.{peak}", value, "bytes", repeatable=False, because=because)
    if peak == "stack_peak_bytes" and context.interrupt_frame_bytes:
        because = f"an interrupt at the deepest point, or none, makes up to {context.interrupt_frame_bytes} bytes"
        return Measurement(f"memory.{peak}", value, "bytes", repeatable=False, because=because)
    return Measurement(f"memory.{peak}", value, "bytes")


def _section(section: str, reports: Sequence[HousekeepingReported], context: RunContext) -> Measurement:
    name = f"{section}_bytes"
    if context.sections is not None and f".{section}" in context.sections:
        return Measurement(f"memory.{name}", context.sections[f".{section}"], "bytes")
    declared = highest(reports, name) if section in _DECLARED else None
    if declared is not None:
        return Measurement(f"memory.{name}", declared, "bytes", because="as the payload declares it")
    if context.sections is None:
        return _unmeasured(name, "the run holds no section table of the firmware")
    return _unmeasured(name, f"the firmware has no section .{section}")


def _not_reported(reports: Sequence[HousekeepingReported]) -> str:
    return "this port does not measure it" if reports else "the payload reported no housekeeping"


def _unmeasured(name: str, because: str) -> Measurement:
    return Measurement(f"memory.{name}", None, "bytes", because=because)
