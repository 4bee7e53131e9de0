"""Suggested limits are passed by the run that they come from, and say what was measured and why there is room."""

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from bench.measure import Measurement
from bench.scenario import Limit
from bench.suggest import Suggestions, suggest_limits, suggestions_text
from bench.verdict import PASS, exit_status, judge

COMPLETED = Measurement("run.completed", 1, "1")
TARGETS = ("qemu-zynq-a9",)
RUN = (
    COMPLETED,
    Measurement("run.requests_refused", 0, "requests"),
    Measurement("events.medium", 0, "events"),
    Measurement("timing.train.p99", 1973, "instructions", "instructions"),
    Measurement("timing.train.max", 2000, "instructions", "instructions"),
    Measurement("timing.predict.max", None, "instructions", "instructions", because="no row was predicted"),
    Measurement("memory.stack_peak_bytes", 1024, "bytes"),
    Measurement("memory.arena_used_bytes", 769, "bytes"),
    Measurement("memory.data_used_bytes", 0, "bytes"),
    Measurement("accuracy.prequential.m.balanced_accuracy", 0.7, "1", interval=(0.65, 0.75)),
    Measurement("accuracy.evaluation.m.balanced_accuracy", 0.9, "1", interval=(0.8799, 0.92)),
    Measurement("accuracy.prequential.n.balanced_accuracy", 0.8, "1", interval=(0.78, 0.82)),
    Measurement("parity.plain.m", 0, "values"),
    Measurement("parity.plain", 0, "states"),
    Measurement("parity.error.plain.m", 0.5, "1"),
    Measurement("parity.reference", None, "states", because="the recording carries no reference models"),
    Measurement("link.errors", 0, "frames", repeatable=False),
)


def suggested(*changed: Measurement, limits: tuple[Limit, ...] = ()) -> Suggestions:
    """Suggest limits for the run with some figures changed."""
    figures = {measurement.name: measurement for measurement in (*RUN, *changed)}
    return suggest_limits(judge(tuple(figures.values()), limits), targets=TARGETS)


def bounds(suggestions: Suggestions) -> dict[str, tuple[float | None, float | None, float | None]]:
    return {limit.measure: (limit.at_least, limit.at_most, limit.equal) for limit in suggestions.limits}


def test_every_kind_of_figure_has_the_margin_that_is_stated() -> None:
    found = suggested()
    assert bounds(found) == {
        "parity.plain*": (None, None, 0),
        "run.requests_refused": (None, None, 0),
        "events.medium": (None, None, 0),
        "link.errors": (None, None, 0),
        "accuracy.evaluation.m.balanced_accuracy": (0.87, None, None),
        "accuracy.prequential.n.balanced_accuracy": (0.78, None, None),
        "memory.stack_peak_bytes": (None, 1280, None),
        "memory.arena_used_bytes": (None, 1024, None),
        "timing.train.p99": (None, 2171, None),
        "timing.train.max": (None, 2200, None),
    }
    assert found.left == []
    for limit in found.limits:
        assert "measured" in limit.because or "were 0" in limit.because
        assert limit.targets == (TARGETS if limit.measure.startswith(("timing", "memory")) else None)
        assert limit.clock == ("instructions" if limit.measure.startswith("timing") else None)


def test_the_run_passes_every_limit_that_it_suggests() -> None:
    verdicts = judge(RUN, suggested().limits)
    assert exit_status(verdicts) == 0
    assert {verdict.outcome for verdict in verdicts if verdict.limit} == {PASS}


def test_once_the_limits_are_there_nothing_is_suggested_again() -> None:
    assert suggested(limits=tuple(suggested().limits)) == Suggestions()


@pytest.mark.parametrize(
    ("changed", "measure", "left"),
    [
        (
            Measurement("parity.plain.m", 3, "values", because="2 of 5"),
            "parity.plain*",
            "parity.plain.m is 3, and should",
        ),
        (Measurement("parity.plain.m", None, "values", because="no twin"), "parity.plain*", "is unmeasured: no twin"),
        (Measurement("link.errors", 2, "frames"), "link.errors", "it was 2, and is best 0"),
        (
            Measurement("timing.train.max", 900, "ns", "host", repeatable=False),
            "timing.train.max",
            "the host clock does not repeat what it counts",
        ),
        (
            replace(RUN[10], value=0.5, interval=(0.4, 0.6)),
            "accuracy.evaluation.m.balanced_accuracy",
            "0.5, as low as 0.4, is no better than a coin",
        ),
    ],
)
def test_what_should_not_be_a_limit_is_left_out_with_the_reason(changed: Measurement, measure: str, left: str) -> None:
    found = suggested(changed)
    assert measure not in bounds(found)
    assert len(found.left) == 1
    assert found.left[0].startswith(f"{measure}: ")
    assert left in found.left[0]


def test_cycles_have_a_wider_margin_than_instructions() -> None:
    cycles = Measurement("timing.train.max", 2000, "cycles", "cycles", repeatable=False)
    assert bounds(suggested(cycles))["timing.train.max"] == (None, 2500, None)


def test_the_text_is_toml_that_says_the_same_and_may_follow_a_file_without_an_end_of_line() -> None:
    found = suggested(Measurement("link.errors", 2, "frames"))
    text = 'name = "x"' + suggestions_text(found, of="a run of x on y")
    content: dict[str, Any] = tomllib.loads(text)
    assert content["name"] == "x"
    assert [
        Limit(**{**table, "targets": tuple(table["targets"]) if "targets" in table else None})
        for table in content["limits"]
    ] == found.limits
    assert "# Not suggested: link.errors: it was 2, and is best 0\n" in text
