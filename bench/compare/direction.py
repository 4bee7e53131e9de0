"""Which way is worse, by families of measures."""

from fnmatch import fnmatchcase
from typing import Final

from bench.compare.comparison import BETTER, CHANGED, WORSE

_NEITHER: Final = (
    "*.count",
    "accuracy.*.tp",
    "accuracy.*.tn",
    "accuracy.*.fp",
    "accuracy.*.fn",
    "memory.arena_bytes",
    "memory.stack_bytes",
    "memory.handler_stack_bytes",
    "memory.data_region_bytes",
)
_LESS_IS_BETTER: Final = (
    "timing.*",
    "time.*",
    "memory.*",
    "parity.plain*",
    "parity.reference*",
    "parity.onnx*",
    "parity.original*",
    "parity.error.*",
    "link.retransmissions",
    "link.errors",
    "link.receive_overruns",
    "link.corrupt_bytes",
    "link.cuts",
    "run.unplanned_restarts",
    "checkpoints.failed",
    "checkpoints.rows_lost",
    "checkpoints.results_lost",
    "checkpoints.rows_differing",
    "run.requests_refused",
    "run.models_skipped",
    "events.low",
    "events.medium",
    "events.high",
    "accuracy.rows_refused",
    "accuracy.loss.*",
)
_MORE_IS_BETTER: Final = (
    "accuracy.*",
    "margin.*",
    "parity.identical.*",
    "parity.compared.*",
    "link.goodput_bytes_per_s",
    "link.wire_efficiency",
    "run.rows",
    "run.completed",
)


def judge_change(measure: str, before: float, after: float) -> str:
    """worse, better or changed, of two values that are not the same."""
    if any(fnmatchcase(measure, pattern) for pattern in _NEITHER) or before == after:
        return CHANGED
    for patterns, worse in ((_LESS_IS_BETTER, after > before), (_MORE_IS_BETTER, after < before)):
        if any(fnmatchcase(measure, pattern) for pattern in patterns):
            if before != before or after != after:  # noqa: PLR0124 - NaN: became a number, or is none any more
                return BETTER if before != before else WORSE  # noqa: PLR0124
            return WORSE if worse else BETTER
    return CHANGED
