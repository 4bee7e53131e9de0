"""What checkpoints did for a run."""

from dataclasses import replace

from bench.measure import measure
from bench.measure.checkpoints import measure_checkpoints, unplanned_restarts
from bench.measure.measurement import RunContext
from bench.measure.run import why_incomplete
from bench.trace import (
    CheckpointsKept,
    Entry,
    LinkFaultInjected,
    PayloadConnected,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    ProtectionReported,
    RunEnded,
    RunStarted,
    SamplesRepeated,
    SamplesTrained,
)
from tests.unit.made_runs import make_recording, make_run

CONNECTED = PayloadConnected(2, "host", "", "", 1, "host", 0, 0, 0, 0)
RESTARTED = PayloadRestarted(planned=False, reason="why")


def trained(first: int, count: int, prediction: str = "0") -> SamplesTrained:
    costs, bits = [1] * count, ["1"] * count
    return SamplesTrained(first, [0] * count, 1, costs, costs, costs, costs, [prediction] * count, bits)


def repeated(first: int, count: int, prediction: str = "0") -> SamplesRepeated:
    return SamplesRepeated(**vars(trained(first, count, prediction)))


def report(start: int, sequence: int, failed: int = 0) -> ProtectionReported:
    return ProtectionReported(start, {"sequence": sequence, "failed": failed})


def values(trace: list[Entry]) -> dict[str, float | None]:
    return {one.name.removeprefix("checkpoints."): one.value for one in measure_checkpoints(trace)}


TRACE: list[Entry] = [
    RunStarted(1, "s", "t", "r", 40, {}, []),
    CheckpointsKept(8, watchdog=False),
    report(1, 5),
    trained(0, 20),
    report(1, 7),
    PowerCut(20),
    replace(RESTARTED, power_cut=True),
    CONNECTED,
    report(2, 7, failed=1),
    PayloadResumed(2, 16, 4, 0),
    repeated(16, 4),
    trained(20, 4),
    RESTARTED,
    replace(CONNECTED, start=3),
    report(3, 9),
    PayloadResumed(3, 32, 0, 8),
    trained(32, 8),
    report(3, 10, failed=2),
    RunEnded("completed", 32),
]


def test_every_restart_is_accounted_for() -> None:
    assert values(TRACE) == {
        "written": 6,
        "failed": 3,
        "power_cuts": 1,
        "resumed": 2,
        "rows_lost": 4,
        "rows_repeated": 4,
        "results_lost": 8,
        "rows_differing": 0,
    }


def test_a_run_without_checkpoints_says_nothing_of_them() -> None:
    assert list(measure_checkpoints(make_run().trace)) == []


def test_a_row_that_comes_out_otherwise_is_counted() -> None:
    other = [repeated(16, 4, "1") if isinstance(entry, SamplesRepeated) else entry for entry in TRACE]
    assert values(other)["rows_differing"] == 4


def test_a_bank_that_is_made_again_begins_to_count_anew() -> None:
    again: list[Entry] = [*TRACE[:5], CheckpointsKept(8, watchdog=False), report(2, 90), report(2, 91)]
    assert values(again)["written"] == 1 + 2 + 1 + 1


def test_only_restarts_that_nobody_caused_are_unplanned() -> None:
    assert unplanned_restarts(TRACE) == ["why"]
    reset = LinkFaultInjected("to_payload", "reset", 4)
    assert unplanned_restarts([reset, RESTARTED, CONNECTED]) == []
    assert unplanned_restarts([replace(reset, fault="flip"), RESTARTED, CONNECTED]) == ["why"]
    assert unplanned_restarts([PowerCut(1), CONNECTED, RESTARTED]) == ["why"]


def test_rows_whose_results_went_down_with_the_payload_are_not_missing() -> None:
    assert why_incomplete(TRACE) == ""
    without = [replace(entry, unreported_rows=0) if isinstance(entry, PayloadResumed) else entry for entry in TRACE]
    assert why_incomplete(without) == "results of 32 of 40 rows came back"


def test_after_a_restart_only_what_comes_of_the_models_repeats() -> None:
    run = make_run()
    disturbed = [*run.trace[:-1], CheckpointsKept(8, watchdog=False), PayloadResumed(2, 0, 0, 0), run.trace[-1]]
    figures = measure(disturbed, RunContext(make_recording()))
    repeat = {one.name.split(".")[0] for one in figures if one.repeatable}
    assert {"parity", "run"} <= repeat <= {"parity", "run", "accuracy", "memory", "checkpoints"}
    assert {one.name for one in figures if one.repeatable and one.name.startswith("run.")} == {"run.completed"}
