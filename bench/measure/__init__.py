"""Figures of a run, as pure functions of its trace. docs/measures.md lists them."""

from collections.abc import Sequence

from bench.measure.accuracy import measure_accuracy
from bench.measure.checkpoints import measure_checkpoints, repeatable_after_restarts
from bench.measure.link import measure_link
from bench.measure.margins import measure_margins
from bench.measure.measurement import MarginBasis, Measurement, RunContext
from bench.measure.memory import measure_memory
from bench.measure.original_parity import measure_original_parity
from bench.measure.parity import measure_parity
from bench.measure.run import COMPLETED, measure_run
from bench.measure.runtime_parity import measure_runtime_parity
from bench.measure.timing import measure_timing
from bench.trace import Entry

__all__ = ["COMPLETED", "MarginBasis", "Measurement", "RunContext", "measure"]


def measure(trace: Sequence[Entry], context: RunContext) -> tuple[Measurement, ...]:
    """Every figure of the run, each under a name of its own; what could not be measured says why."""
    return repeatable_after_restarts(_measure(trace, context), trace)


def _measure(trace: Sequence[Entry], context: RunContext) -> tuple[Measurement, ...]:
    return (
        *measure_run(trace),
        *measure_checkpoints(trace),
        *measure_timing(trace, context),
        *measure_memory(trace, context),
        *measure_accuracy(trace, context),
        *measure_parity(trace, context),
        *measure_runtime_parity(trace, context),
        *measure_original_parity(trace, context),
        *measure_link(trace, context),
        *measure_margins(trace, context),
    )
