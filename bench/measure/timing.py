"""Cost of every operation on the payload, in counts of its own clock."""

from collections.abc import Iterator, Sequence
from typing import Final

from bench.measure.clock import PayloadClock, payload_clock
from bench.measure.measurement import Measurement, RunContext, entries_of, in_mode
from bench.trace import (
    Entry,
    EpochTrained,
    HousekeepingReported,
    OperationSum,
    SamplesTrained,
    StatisticsReported,
)
from firmware_if.messages import RowStatus

STEPS: Final = ("train", "predict", "feature")
"""Single calls that the meter encloses; they repeat where the meter masks interrupts."""
PERCENTILES: Final = (50, 95, 99)
_KEPT: Final = (RowStatus.TRAINED, RowStatus.STORED)
ROW_PERCENTILES: Final = ("p99", "max")


def percentile(ordered: Sequence[int], percent: int) -> int:
    """Nearest-rank percentile of ascending values: the one at rank ceil(percent/100 * count), counted from 1.

    Definition 1 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", American Statistician 50(4), 1996: the
    inverse of the empirical distribution function. It is always one of the values, so it repeats exactly.
    """
    if not ordered or not 0 < percent <= 100:  # noqa: PLR2004  # percent
        raise ValueError(f"no {percent}th percentile of {len(ordered)} values")
    return ordered[-(-percent * len(ordered) // 100) - 1]


def summary(values: Sequence[int]) -> dict[str, float | None]:
    """min, mean, p50, p95, p99 and max; None of no values."""
    if not values:
        return dict.fromkeys(("min", "mean", *(f"p{p}" for p in PERCENTILES), "max"))
    ordered = sorted(values)
    ranked = {f"p{percent}": percentile(ordered, percent) for percent in PERCENTILES}
    return {"min": ordered[0], "mean": sum(ordered) / len(ordered), **ranked, "max": ordered[-1]}


def combine(sums: Sequence[OperationSum]) -> OperationSum:
    """Sums of several starts of the payload as one."""
    used = [one for one in sums if one.count]
    if not used:
        return OperationSum(0, 0, 0, 0)
    return OperationSum(
        sum(one.count for one in used),
        min(one.minimum for one in used),
        max(one.maximum for one in used),
        sum(one.sum for one in used),
    )


def measure_timing(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """timing.*, and time.row_s.* where counts are worth a time."""
    clock = payload_clock(trace, context)
    reports = entries_of(trace, SamplesTrained)
    costs = row_costs(reports)
    batch = in_mode(trace, "batch")
    for operation in ("feature", "dispatch") if batch else (*STEPS, "dispatch"):
        repeatable = clock.repeatable and operation in STEPS
        yield from _distribution(f"timing.{operation}", costs[operation], clock, repeatable=repeatable)
    yield from _distribution("timing.link", [report.link for report in reports if report.train], clock)
    if batch:
        yield from _epochs(entries_of(trace, EpochTrained), clock)
    else:
        yield from _row_times([sum(row) for row in zip(*costs.values(), strict=True)], clock)
    yield from _per_model(trace, clock)
    yield _interrupts(entries_of(trace, HousekeepingReported), repeatable=clock.repeatable)


def _interrupts(reports: Sequence[HousekeepingReported], *, repeatable: bool) -> Measurement:
    """Interrupts that were served inside a measured step and so are in its cost; summed over the payload's starts."""
    last = {report.start: report.values.get("interrupts_in_steps") for report in reports}
    counts = [count for count in last.values() if count is not None]
    because = "" if counts else "the payload reported no housekeeping"
    return Measurement(
        "timing.interrupts_in_steps", sum(counts) if counts else None, "interrupts", None, repeatable, because
    )


def row_costs(reports: Sequence[SamplesTrained]) -> dict[str, list[int]]:
    """Per operation the cost of every row that was trained or kept; a bank without models reports no costs."""
    costs: dict[str, list[int]] = {operation: [] for operation in (*STEPS, "dispatch")}
    for report in reports:
        for operation, values in costs.items():
            of_rows = zip(report.status, getattr(report, operation), strict=False)
            kept = _KEPT if operation in ("feature", "dispatch") else (RowStatus.TRAINED,)
            values.extend(cost for status, cost in of_rows if status in kept)
    return costs


def _distribution(
    name: str, counts: Sequence[int], clock: PayloadClock, *, repeatable: bool = False
) -> Iterator[Measurement]:
    because = "" if counts else "no row was trained"
    per_packet = name == "timing.link"
    yield Measurement(f"{name}.count", len(counts), "reports" if per_packet else "rows", repeatable=not per_packet)
    for statistic, value in summary([clock.counts(count) for count in counts]).items():
        yield Measurement(f"{name}.{statistic}", value, clock.unit, clock.kind, repeatable, because)


def _row_times(counts: Sequence[int], clock: PayloadClock) -> Iterator[Measurement]:
    """Time to work on one row: its features, predictions, training and dispatch, without the link."""
    statistics = summary(counts)
    for statistic in ROW_PERCENTILES:
        count = statistics[statistic]
        value = count / clock.counts_per_s if count is not None and clock.counts_per_s else None
        because = clock.note if count is not None or clock.kind is None else "no row was trained"
        yield Measurement(f"time.row_s.{statistic}", value, "s", clock.kind, repeatable=False, because=because)


def _epochs(epochs: Sequence[EpochTrained], clock: PayloadClock) -> Iterator[Measurement]:
    """Cost of one model's epochs: all its mini-batches, without the order of the rows."""
    by_model: dict[str, list[int]] = {}
    for entry in epochs:
        for model in entry.models:
            by_model.setdefault(model.name, []).append(model.train)
    for name, costs in by_model.items():
        counts = [clock.counts(cost) for cost in costs]
        yield Measurement(f"timing.epoch.{name}.count", len(counts), "epochs")
        for statistic, value in (("min", min(counts)), ("mean", sum(counts) / len(counts)), ("max", max(counts))):
            yield Measurement(f"timing.epoch.{name}.{statistic}", value, clock.unit, clock.kind, clock.repeatable)
        longest = max(counts) / clock.counts_per_s if clock.counts_per_s else None
        yield Measurement(f"time.epoch_s.{name}.max", longest, "s", clock.kind, repeatable=False, because=clock.note)


def _per_model(trace: Sequence[Entry], clock: PayloadClock) -> Iterator[Measurement]:
    last = {report.start: report for report in entries_of(trace, StatisticsReported)}
    sums: dict[tuple[str, str], list[OperationSum]] = {}
    for report in last.values():
        for model in report.models:
            for operation in STEPS:
                if operation in model.operations:
                    sums.setdefault((model.name, operation), []).append(model.operations[operation])
    for (model_name, operation), parts in sums.items():
        whole = combine(parts)
        name = f"timing.model.{model_name}.{operation}"
        yield Measurement(f"{name}.count", whole.count, "calls")
        values: dict[str, float] = {
            "min": clock.counts(whole.minimum),
            "mean": clock.mean_counts(whole.sum, max(1, whole.count)),
            "max": clock.counts(whole.maximum),
        }
        because = "" if whole.count else "no row was trained"
        for statistic, value in values.items():
            measured = value if whole.count else None
            yield Measurement(f"{name}.{statistic}", measured, clock.unit, clock.kind, clock.repeatable, because)
