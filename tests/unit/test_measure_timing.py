"""Timing from rows and from sums kept on the payload."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure import Measurement, RunContext
from bench.measure.timing import combine, measure_timing, percentile, summary
from bench.trace import (
    Entry,
    HousekeepingReported,
    ModelStatistics,
    OperationSum,
    RunStarted,
    SamplesTrained,
    StatisticsReported,
)
from tests.unit.made_runs import connected, make_recording, make_run, trained

CONTEXT = RunContext(make_recording(), masks_interrupts=True)


def figures(trace: list[Entry], context: RunContext = CONTEXT) -> dict[str, Measurement]:
    return {measurement.name: measurement for measurement in measure_timing(trace, context)}


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_enough_values_do_not_exceed(values: list[int], percent: int) -> None:
    enough = Fraction(percent, 100) * len(values)
    brute = min(value for value in values if sum(other <= value for other in values) >= enough)
    assert percentile(sorted(values), percent) == brute


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1], 0), ([1], 101)])
def test_a_percentile_of_nothing_is_refused(values: list[int], percent: int) -> None:
    with pytest.raises(ValueError, match=f"no {percent}th percentile of {len(values)} values"):
        percentile(values, percent)


def test_a_summary_by_hand() -> None:
    assert summary([4, 1, 3, 2]) == {"min": 1, "mean": 2.5, "p50": 2, "p95": 4, "p99": 4, "max": 4}
    assert set(summary([]).values()) == {None}


def test_rows_give_their_distribution() -> None:
    found = figures(make_run().trace)
    train = {key: found[f"timing.train.{key}"].value for key in ("count", "min", "mean", "p50", "p95", "p99", "max")}
    assert train == {"count": 50, "min": 100, "mean": 124.5, "p50": 124, "p95": 147, "p99": 149, "max": 149}
    assert found["timing.dispatch.max"].value == 4 * 149
    assert (found["timing.link.count"].value, found["timing.link.mean"].value) == (5, 7)


def test_only_masked_steps_on_the_instruction_clock_repeat() -> None:
    trace = make_run().trace
    repeat = {name for name, one in figures(trace).items() if one.repeatable and one.clock}
    assert {name.split(".")[1] for name in repeat} == {"train", "predict", "feature", "model"}
    unmasked = figures(trace, replace(CONTEXT, masks_interrupts=False))
    assert not any(one.repeatable for one in unmasked.values() if one.clock)
    cycles = figures([connected("cycles", 480_000_000), *trace[2:]])
    assert cycles["timing.train.p99"].clock == "cycles"
    assert not cycles["timing.train.p99"].repeatable


def test_a_run_in_batch_mode_may_end_before_its_first_epoch() -> None:
    """Rows were kept, and not trained on: they have the cost of two operations only."""
    started = RunStarted(1, "scenario", "target", "made", 50, {}, [], mode="batch")
    kept = SamplesTrained(0, [3] * 10, 7, [], [], [30] * 10, [40] * 10, [""] * 10, [""] * 10)
    found = figures([started, connected(), kept])
    assert (found["timing.feature.count"].value, found["timing.feature.max"].value) == (10, 30)
    assert not {"timing.train.count", "time.row_s.max"} & set(found)


def test_refused_rows_cost_nothing_and_are_not_counted() -> None:
    found = figures([connected(), trained(0, ["0", "", "1"], [5, 0, 9], status=[0, 2, 0])])
    assert (found["timing.train.count"].value, found["timing.train.min"].value) == (2, 5)


def test_host_counts_are_shown_in_nanoseconds() -> None:
    trace = [connected("host", 10_000_000), trained(0, ["0"], [5])]
    found = figures([*trace, statistics(1, OperationSum(2, 3, 9, 13))])
    assert (found["timing.train.max"].value, found["timing.train.max"].unit) == (500, "ns")
    assert found["timing.model.m.train.max"].value == 900
    assert found["timing.model.m.train.mean"].value == pytest.approx(650)
    assert found["time.row_s.max"].value == pytest.approx(50 / 10_000_000)


def test_row_times_on_an_emulator_are_assumed_or_unmeasured() -> None:
    trace = [connected(), trained(0, ["0"], [5])]
    without = figures(trace)["time.row_s.max"]
    assert (without.value, without.because) == (None, "the target assumes no instruction rate")
    assumed = figures(trace, replace(CONTEXT, assumed_instructions_per_s=1e6))["time.row_s.max"]
    assert assumed.value == pytest.approx(50e-6)
    assert (assumed.clock, assumed.because) == ("instructions", "assumed: 1e+06 instructions per second")


def test_without_rows_every_figure_is_unmeasured_with_a_reason() -> None:
    for found in (figures([connected()]), figures([])):
        for name, one in found.items():
            assert one.value == 0 if name.endswith(".count") else (one.value is None and one.because)


def statistics(start: int, sums: OperationSum) -> StatisticsReported:
    return StatisticsReported(start, [ModelStatistics("m", 1, {"train": sums})], {})


def test_several_starts_are_combined_and_the_last_report_of_a_start_counts() -> None:
    trace = [
        connected(),
        statistics(1, OperationSum(1, 1, 1, 1)),
        statistics(1, OperationSum(3, 10, 30, 60)),
        statistics(2, OperationSum(1, 40, 40, 40)),
        statistics(3, OperationSum(0, 0, 0, 0)),
    ]
    found = figures(trace)
    values = [found[f"timing.model.m.train.{key}"].value for key in ("count", "min", "mean", "max")]
    assert values == [4, 10, 25, 40]


def test_a_model_that_saw_no_row_has_no_cost() -> None:
    one = figures([connected(), statistics(1, OperationSum(0, 0, 0, 0))])["timing.model.m.train.mean"]
    assert (one.value, one.because) == (None, "no row was trained")


@given(st.lists(st.lists(st.integers(0, 1000), min_size=1), min_size=1))
def test_combined_sums_are_the_sums_of_all_values(starts: list[list[int]]) -> None:
    whole = [value for values in starts for value in values]
    sums = [OperationSum(len(values), min(values), max(values), sum(values)) for values in starts]
    assert combine(sums) == OperationSum(len(whole), min(whole), max(whole), sum(whole))


def test_a_bank_without_models_reports_no_costs() -> None:
    found = figures([connected(), SamplesTrained(0, [0, 0], 3, [], [], [], [], [], [])])
    assert found["timing.train.count"].value == found["timing.link.count"].value == 0
    assert math.isfinite(found["timing.link.count"].value or 0)


def test_interrupts_inside_measured_steps_are_summed_over_all_starts() -> None:
    reports = [HousekeepingReported(start, {"interrupts_in_steps": count}) for start, count in ((1, 1), (1, 3), (2, 4))]
    assert figures([connected(), *reports])["timing.interrupts_in_steps"].value == 7
    without = figures([connected()])["timing.interrupts_in_steps"]
    assert (without.value, without.because) == (None, "the payload reported no housekeeping")
