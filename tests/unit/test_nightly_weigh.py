"""What counts: quarantine entries, outcomes of attempts, and the exit status."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.nightly.matrix import Quarantine
from bench.nightly.outcome import Attempt, Outcome
from bench.nightly.record import ABORTED, JobRecord, NightRecord
from bench.nightly.result import Ending, RunLeft, judge_ending
from bench.nightly.weigh import conclude_job, night_status, weigh_quarantine
from bench.verdict import Verdict

TODAY = dt.date(2026, 11, 21)
TOMORROW = dt.date(2026, 11, 22)
TIMING = Quarantine("slow", TODAY, scenario="a", measure="timing.*")
WHOLE = Quarantine("broken", TODAY, scenario="a")


def job(*outcomes: Outcome, bad: Sequence[str] = (), required: bool = True, name: str = "a@b") -> JobRecord:
    attempts = tuple(
        Attempt(name, number, outcome, bad=dict.fromkeys(bad, "so"), reason=f"{outcome} {number}")
        for number, outcome in enumerate(outcomes, 1)
    )
    return JobRecord(name, required=required, attempts=attempts)


def concluded(record: JobRecord, *entries: Quarantine, today: dt.date = TODAY) -> JobRecord:
    return conclude_job(record, entries, today)


def night(*jobs: JobRecord) -> NightRecord:
    return NightRecord("20261121-030000-m", "m", "2026-11-21T03:00:00", jobs)


def status(*jobs: JobRecord) -> int:
    return night_status(night(*(concluded(one) for one in jobs)))


def test_an_entry_excuses_a_failure_up_to_its_last_day() -> None:
    failed = job(Outcome.FAIL, bad=["run.rows"])
    assert concluded(failed, WHOLE).quarantine == "a@*"
    assert concluded(failed, WHOLE, today=TOMORROW).quarantine == ""
    assert night_status(night(concluded(failed, WHOLE))) == 0
    assert night_status(night(concluded(failed, WHOLE, today=TOMORROW))) == 1


@pytest.mark.parametrize("other", [Outcome.PASS, Outcome.FAIL])
def test_an_error_of_the_bench_is_never_excused_nor_is_a_flake_of_it(other: Outcome) -> None:
    flaky = concluded(job(Outcome.BENCH_ERROR, other), WHOLE)
    assert (flaky.outcome, flaky.quarantine) == (Outcome.FLAKY, "")
    assert night_status(night(flaky)) != 0


def test_an_entry_for_a_measure_excuses_nothing_else() -> None:
    assert concluded(job(Outcome.FAIL, bad=["timing.train.p99"]), TIMING).quarantine == "a@* timing.*"
    assert concluded(job(Outcome.FAIL, bad=["timing.train.p99", "run.completed"]), TIMING).quarantine == ""
    assert concluded(job(Outcome.FAIL), TIMING).quarantine == "", "nothing says what failed"
    flaky = job(Outcome.FAIL, Outcome.PASS, bad=["timing.train.p99"])
    assert concluded(flaky, TIMING).quarantine == "a@* timing.*"
    assert concluded(job(Outcome.FAIL, Outcome.BENCH_ERROR, bad=["timing.train.p99"]), TIMING).quarantine == ""


@pytest.mark.parametrize("outcome", [Outcome.BENCH_ERROR, Outcome.BLOCKED, Outcome.PASS])
def test_no_entry_excuses_the_bench_or_an_absent_board(outcome: Outcome) -> None:
    assert concluded(job(outcome), WHOLE).quarantine == ""


@pytest.mark.parametrize("outcome", [Outcome.BENCH_ERROR, Outcome.BLOCKED])
def test_an_entry_for_a_job_that_was_not_tried_is_not_called_unused(outcome: Outcome) -> None:
    assert weigh_quarantine([WHOLE], night(concluded(job(outcome), WHOLE)), TODAY)[0].state == "active"


def test_what_no_entry_was_needed_for_is_told() -> None:
    passed, failed, missing = concluded(job(Outcome.PASS), WHOLE), concluded(job(Outcome.FAIL), WHOLE), job()
    assert [weigh_quarantine([WHOLE], night(one), TODAY)[0].state for one in (passed, failed, missing)] == [
        "unused",
        "active",
        "active",
    ]
    assert weigh_quarantine([WHOLE], night(failed), TOMORROW)[0].state == "expired"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([job(Outcome.PASS)], 0),
        ([job(Outcome.FAIL), job(Outcome.BENCH_ERROR), job(Outcome.BLOCKED)], 1),
        ([job(Outcome.PASS, Outcome.FAIL)], 1),
        ([job(Outcome.BENCH_ERROR), job(Outcome.UNMEASURED)], 2),
        ([job(Outcome.BENCH_ERROR, Outcome.PASS)], 2),
        ([job(Outcome.BENCH_ERROR, Outcome.UNMEASURED)], 2),
        ([job(Outcome.BENCH_ERROR, Outcome.FAIL)], 1),
        ([job(Outcome.BLOCKED), job(Outcome.PASS)], 3),
        ([job(Outcome.UNMEASURED)], 3),
        ([job(Outcome.FAIL, required=False), job(Outcome.BLOCKED, required=False)], 0),
    ],
)
def test_the_worst_that_counts_decides_the_status(records: list[JobRecord], expected: int) -> None:
    assert status(*records) == expected


@given(st.lists(st.lists(st.sampled_from([o for o in Outcome if o is not Outcome.FLAKY]), min_size=1, max_size=3)))
def test_a_night_is_green_only_if_all_that_is_required_passed(drawn: list[list[Outcome]]) -> None:
    records = [job(*outcomes, name=f"{index}@b") for index, outcomes in enumerate(drawn)]
    assert (status(*records) == 0) == all(set(outcomes) == {Outcome.PASS} for outcomes in drawn)


def test_an_aborted_night_is_not_green() -> None:
    assert night_status(replace(night(), outcome=ABORTED)) == 130


def verdict(name: str, outcome: str | None, *, required: bool = True, value: float | None = 2.0) -> Verdict:
    return Verdict(name, outcome, value, "== 1", "1", None, required, repeatable=True, because="so")


PASSED = RunLeft((verdict("run.completed", "PASS"),))
FAILED = RunLeft((verdict("run.completed", "PASS"), verdict("x", "FAIL")))
OPEN = RunLeft((verdict("x", "UNMEASURED", value=None),))


@pytest.mark.parametrize(
    ("ending", "left", "outcome", "reason"),
    [
        (Ending(0), PASSED, Outcome.PASS, ""),
        (Ending(1), FAILED, Outcome.FAIL, "x: 2, limit == 1 (so)"),
        (Ending(3), OPEN, Outcome.UNMEASURED, "x: UNMEASURED, no figure, limit == 1 (so)"),
        (Ending(1, last_words="KeyError: 1"), RunLeft(), Outcome.BENCH_ERROR, "exit status 1 and without verdicts"),
        (Ending(0), RunLeft(problem="torn"), Outcome.BENCH_ERROR, "torn"),
        (Ending(0), FAILED, Outcome.BENCH_ERROR, "exit status 0 and without verdicts that say so: it printed nothing"),
        (Ending(-11), PASSED, Outcome.BENCH_ERROR, "it ended with SIGSEGV"),
        (Ending(-9, 7.0), FAILED, Outcome.BENCH_ERROR, "still running after 7 s, and was ended"),
        (Ending(130), FAILED, Outcome.BENCH_ERROR, "it was stopped from elsewhere"),
        (
            Ending(2, error={"kind": "BoardBusy", "message": "in use\x1b[1m", "hint": ""}),
            RunLeft(),
            Outcome.BLOCKED,
            "in use",
        ),
        (
            Ending(2, error={"kind": "ConnectError", "message": "silent", "hint": ""}),
            RunLeft(),
            Outcome.BENCH_ERROR,
            "silent",
        ),
        (
            Ending(2, error={"kind": "RunFolderError", "message": "disk full", "hint": ""}),
            FAILED,
            Outcome.FAIL,
            "x: 2, limit == 1 (so); and then: disk full",
        ),
        (
            Ending(2, error={"kind": "RunFolderError", "message": "disk full", "hint": ""}),
            PASSED,
            Outcome.BENCH_ERROR,
            "disk full",
        ),
        (Ending(2), RunLeft(), Outcome.BENCH_ERROR, "it ended with exit status 2"),
    ],
)
def test_how_a_process_ended_and_what_it_left_say_what_the_attempt_was(
    ending: Ending, left: RunLeft, outcome: Outcome, reason: str
) -> None:
    found = judge_ending(ending, left)
    assert found.outcome is outcome
    assert reason in found.reason
    assert "\x1b" not in found.reason


def test_many_reasons_are_counted() -> None:
    left = RunLeft(tuple(verdict(f"x{index}", "FAIL") for index in range(9)))
    assert judge_ending(Ending(1), left).reason.endswith("; and 6 more")
