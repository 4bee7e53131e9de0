"""Limits against measurements."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure import Measurement
from bench.scenario import Limit
from bench.verdict import FAIL, PASS, UNMEASURED, Verdict, exit_status, judge, limit_text

COMPLETED = Measurement("run.completed", 1, "1")


def outcome(measurement: Measurement, limit: Limit) -> Verdict:
    return next(verdict for verdict in judge([COMPLETED, measurement], [limit]) if verdict.name == measurement.name)


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        (400, Limit("a", at_most=400), PASS),
        (401, Limit("a", at_most=400), FAIL),
        (0.5, Limit("a", at_least=0.5), PASS),
        (0.4, Limit("a", at_least=0.5, at_most=1), FAIL),
        (1.1, Limit("a", at_least=0.5, at_most=1), FAIL),
        (0, Limit("a", equal=0), PASS),
        (1, Limit("a", equal=0), FAIL),
        (None, Limit("a", equal=0), UNMEASURED),
        (math.nan, Limit("a", at_most=400), FAIL),
        (math.inf, Limit("a", at_least=0), FAIL),
        (-math.inf, Limit("a", at_most=0), FAIL),
        (math.nan, Limit("a", equal=math.nan), FAIL),
        (1, Limit("a"), UNMEASURED),
    ],
)
def test_bounds_are_inclusive_and_nothing_but_a_finite_value_within_passes(
    value: float | None, limit: Limit, expected: str
) -> None:
    assert outcome(Measurement("a", value, "1", because="why"), limit).outcome == expected


@given(st.one_of(st.none(), st.floats()), st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_pass_means_measured_finite_and_within(value: float | None, low: float, high: float) -> None:
    if outcome(Measurement("a", value, "1"), Limit("a", at_least=low, at_most=high)).outcome == PASS:
        assert value is not None
        assert math.isfinite(value)
        assert low <= value <= high


@pytest.mark.parametrize(
    ("clock", "limit_clock", "because"),
    [
        ("host", "instructions", "the limit is meant for the instructions clock, the figure is in host time"),
        ("instructions", "cycles", "the limit is meant for the cycles clock, the figure is in instructions time"),
        ("host", None, "the limit names no clock, the figure is in host time"),
        (None, "host", "the limit is meant for the host clock, the figure is no time"),
    ],
)
def test_a_limit_for_another_clock_is_never_applied(clock: str | None, limit_clock: str | None, because: str) -> None:
    verdict = outcome(Measurement("a", 1, "ns", clock), Limit("a", at_most=5, clock=limit_clock))
    assert (verdict.outcome, verdict.because) == (UNMEASURED, because)


def test_a_limit_for_the_same_clock_is_applied() -> None:
    assert outcome(Measurement("a", 1, "x", "cycles"), Limit("a", at_most=5, clock="cycles")).outcome == PASS


def test_a_pattern_judges_every_name_that_matches_and_no_other() -> None:
    measurements = [COMPLETED, *(Measurement(name, 0, "values") for name in ("parity.plain.a", "parity.plain.b", "x"))]
    verdicts = judge(measurements, [Limit("parity.plain.*", equal=0)])
    assert [(v.name, v.outcome) for v in verdicts] == [
        ("run.completed", PASS),
        ("parity.plain.a", PASS),
        ("parity.plain.b", PASS),
        ("x", None),
    ]


def test_a_limit_that_matches_nothing_is_unmeasured_and_names_the_nearest() -> None:
    verdicts = judge([COMPLETED, Measurement("timing.train.p99", 1, "x")], [Limit("timing.trian.p99", at_most=5)])
    verdict = verdicts[-1]
    assert (verdict.name, verdict.outcome, verdict.required) == ("timing.trian.p99", UNMEASURED, True)
    assert verdict.because == "this run has no measurement of this name; did you mean 'timing.train.p99'?"
    assert exit_status(verdicts) == 3


def test_what_a_run_that_was_stopped_lacks_is_told_by_its_end_and_not_by_a_name() -> None:
    stopped = Measurement("run.completed", 0, "1", because="aborted: stopped by Ctrl-C")
    verdict = judge([stopped], [Limit("accuracy.evaluation.arow_3D.f1", at_least=0.5)])[-1]
    assert verdict.outcome == UNMEASURED
    assert verdict.because == "the run did not get to its end, where this is measured"


def test_a_run_that_did_not_complete_fails_whatever_the_scenario_asks() -> None:
    verdicts = judge([Measurement("run.completed", 0, "1", because="the target failed: silent")], [])
    assert [(v.name, v.outcome, v.required, v.because) for v in verdicts] == [
        ("run.completed", FAIL, True, "the target failed: silent")
    ]
    assert exit_status(verdicts) == 1
    assert exit_status(judge([], [])) == 3


def test_a_value_without_limit_is_listed_and_not_judged() -> None:
    verdict = judge([COMPLETED, Measurement("a", math.nan, "1")], [])[1]
    assert (verdict.outcome, verdict.limit, verdict.required) == (None, None, False)


def test_a_verdict_carries_the_measurement_and_both_reasons() -> None:
    measurement = Measurement("a", 3, "s", "host", repeatable=False, because="measured so", interval=(2, 4))
    verdict = outcome(
        measurement, Limit("a", at_least=1, at_most=2.5, clock="host", required=False, because="data sheet")
    )
    assert verdict == Verdict(
        "a",
        FAIL,
        3,
        ">= 1 and <= 2.5",
        "s",
        "host",
        required=False,
        repeatable=False,
        because="measured so; data sheet",
        interval=(2, 4),
        limit_because="data sheet",
    )
    assert verdict.cause == "measured so"


def test_limits_read_as_people_write_them() -> None:
    assert limit_text(Limit("a", equal=0)) == "== 0"
    assert limit_text(Limit("a", at_most=400)) == "<= 400"


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([(PASS, True), (None, False)], 0),
        ([(PASS, True), (UNMEASURED, False), (FAIL, False)], 0),
        ([(PASS, True), (UNMEASURED, True)], 3),
        ([(FAIL, True), (UNMEASURED, True)], 1),
        ([], 0),
    ],
)
def test_exit_status_follows_the_required_verdicts(outcomes: list[tuple[str | None, bool]], status: int) -> None:
    verdicts = [
        Verdict("a", one, 1, "== 1", "1", None, required=required, repeatable=True, because="")
        for one, required in outcomes
    ]
    assert exit_status(verdicts) == status
