"""Whether the run got to its end, its memory, its link, and the whole set of figures."""

from dataclasses import replace

import pytest

from bench.measure import Measurement, RunContext, measure
from bench.measure.link import measure_link
from bench.measure.memory import measure_memory
from bench.measure.run import measure_run
from bench.trace import (
    BytesCorrupted,
    ConsolePrinted,
    Entry,
    EvaluationScored,
    EventReported,
    HousekeepingReported,
    LinkMeasured,
    PayloadRestarted,
    RequestRefused,
    RunEnded,
    RunStarted,
    SamplesTrained,
    TargetFailed,
)
from tests.unit.made_runs import connected, make_recording, make_run, trained

CONTEXT = RunContext(make_recording())


def _rows(count: int) -> SamplesTrained:
    """Results of the first rows of a bank without models."""
    zeros, texts = [0] * count, [""] * count
    return SamplesTrained(0, zeros, 0, zeros, zeros, zeros, zeros, texts, texts)


STARTED = RunStarted(1, "scenario", "target", "made", 50, {}, [])


def test_a_score_run_is_complete_when_every_due_row_was_scored() -> None:
    """Rows of the recording that were not meant to be scored are none that are missing."""
    started = replace(STARTED, rows=3, mode="score")
    scored = [EvaluationScored(row, [[0.5]], ["1"], "recording") for row in (40, 41, 49)]
    ended = RunEnded("completed", 3, "")
    assert by_name(measure_run([started, *scored, ended]))["run.completed"].value == 1
    missing = by_name(measure_run([started, *scored[:2], ended]))["run.completed"]
    assert (missing.value, missing.because) == (0, "results of 2 of 3 rows came back")


def by_name(found: object) -> dict[str, Measurement]:
    return {measurement.name: measurement for measurement in found}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("trace", "because"),
    [
        ([STARTED], "the trace has no end: the run was killed, or is still going"),
        ([STARTED, RunEnded("aborted", 12, "interrupted")], "aborted: interrupted"),
        ([STARTED, TargetFailed("silent for 2 s"), RunEnded("target_failed", 12)], "the target failed: silent for 2 s"),
        ([STARTED, _rows(49), RunEnded("completed", 50)], "results of 49 of 50 rows came back"),
        ([STARTED, _rows(50), RunEnded("completed", 49)], "results of 49 of 50 rows came back"),
        ([STARTED, RunEnded("completed", 50)], "results of 0 of 50 rows came back"),
    ],
)
def test_a_run_that_did_not_get_to_its_end_says_why(trace: list[Entry], because: str) -> None:
    completed = by_name(measure_run(trace))["run.completed"]
    assert (completed.value, completed.because) == (0, because)


def test_a_whole_run_is_completed() -> None:
    assert by_name(measure_run(make_run().trace))["run.completed"].value == 1


def test_what_happened_on_the_way_is_counted() -> None:
    trace = [
        EventReported("low", "SAMPLE_REFUSED", 3, 1.0),
        EventReported("low", "SAMPLE_REFUSED", 4, 1.0),
        EventReported("medium", "NOT_FINITE_STATE", 0, 1.0),
        ConsolePrinted("boot\nhel"),
        ConsolePrinted("lo\n"),
        RequestRefused("CreateModel", "ARENA_FULL", "no room", 8),
        PayloadRestarted(planned=False, reason="new nonce"),
        PayloadRestarted(planned=True, reason="scenario"),
    ]
    found = by_name(measure_run(trace))
    assert [found[f"events.{key}"].value for key in ("count", "low", "medium", "high")] == [3, 2, 1, 0]
    assert found["events.low"].because == "SAMPLE_REFUSED"
    assert found["console.lines"].value == 2
    assert found["run.requests_refused"].because == "CreateModel: ARENA_FULL"
    assert (found["run.unplanned_restarts"].value, found["run.unplanned_restarts"].because) == (1, "new nonce")


def test_memory_comes_from_sections_housekeeping_and_models() -> None:
    sections = {".text": 9000, ".rodata": 500, ".data": 8, ".bss": 100, ".arena": 4096, ".stack": 2048, ".debug": 1}
    found = by_name(measure_memory(make_run().trace, replace(CONTEXT, sections=sections)))
    assert found["memory.text_bytes"].value == 9000
    assert found["memory.ram_static_bytes"].value == 8 + 100 + 4096 + 2048
    assert found["memory.stack_bytes"].value == 2048
    assert found["memory.stack_peak_bytes"].value == 1000
    assert found["memory.handler_stack_bytes"].because == "the firmware has no section .handler_stack"
    assert found["memory.model.arow_3D.arena_bytes"].value == 112
    assert all(one.clock is None for one in found.values())
    assert {name for name, one in found.items() if not one.repeatable} == {"memory.handler_stack_peak_bytes"}


def test_memory_that_a_port_does_not_measure_is_unmeasured() -> None:
    reported = HousekeepingReported(1, {"stack_peak_bytes": None, "stack_bytes": None, "arena_bytes": 77})
    found = by_name(measure_memory([reported], CONTEXT))
    assert (found["memory.stack_peak_bytes"].value, found["memory.stack_peak_bytes"].because) == (
        None,
        "this port does not measure it",
    )
    assert found["memory.arena_bytes"].value == 77
    assert found["memory.text_bytes"].because == "the run holds no section table of the firmware"
    assert by_name(measure_memory([], CONTEXT))["memory.stack_peak_bytes"].because == (
        "the payload reported no housekeeping"
    )


def test_a_stack_that_takes_interrupt_frames_has_a_peak_that_need_not_repeat() -> None:
    reported = HousekeepingReported(1, {"stack_peak_bytes": 900, "handler_stack_peak_bytes": 8})
    found = by_name(measure_memory([reported], replace(CONTEXT, interrupt_frame_bytes=36)))
    peak = found["memory.stack_peak_bytes"]
    assert (peak.value, peak.repeatable) == (900, False)
    assert peak.because == "an interrupt at the deepest point, or none, makes up to 36 bytes"
    assert not found["memory.handler_stack_peak_bytes"].repeatable


def test_peaks_are_the_highest_of_all_starts() -> None:
    trace = [HousekeepingReported(start, {"stack_peak_bytes": peak}) for start, peak in ((1, 900), (2, 1200), (3, 100))]
    assert by_name(measure_memory(trace, CONTEXT))["memory.stack_peak_bytes"].value == 1200


def test_link_figures_by_hand() -> None:
    found = by_name(measure_link(make_run().trace, CONTEXT))
    expected = {
        "link.goodput_bytes_per_s": 500.0,
        "link.wire_bytes_per_s": 550.0,
        "link.return_bytes_per_s": 300.0,
        "link.wire_efficiency": 1000 / 1200,
        "link.line_use": 0.55,
        "link.retransmissions": 5,
        "link.errors": 7,
        "link.receive_overruns": 3,
        "link.corrupt_bytes": 0,
        "link.cuts": 0,
        "time.link_s": 2.0,
    }
    assert {name: found[name].value for name in expected} == pytest.approx(expected)
    assert not any(one.repeatable for one in found.values())
    assert found["link.errors"].because == "bench 5, payload 2"


def test_counters_of_several_starts_are_added() -> None:
    reports: list[Entry] = [
        HousekeepingReported(start, {"frames_corrupt": n}) for start, n in ((1, 1), (1, 4), (2, 10))
    ]
    found = by_name(measure_link([*reports, LinkMeasured("whole", 1, 0, 0, {"frames_corrupt": 100}, None)], CONTEXT))
    assert found["link.errors"].value == 114


def test_a_count_that_one_side_did_not_give_is_unmeasured() -> None:
    whole = LinkMeasured("whole", 1, 0, 0, {"frames_corrupt": 1}, None)
    assert by_name(measure_link([whole], CONTEXT))["link.errors"].because == "the payload reported no count"
    reported = HousekeepingReported(1, {"frames_corrupt": 1})
    because = by_name(measure_link([reported], CONTEXT))["link.errors"].because
    assert because == "the run did not get to its final counts"


def test_a_transport_without_rate_has_no_line_use() -> None:
    one = by_name(measure_link([LinkMeasured("stream a", 2, 0, 100, {}, None)], CONTEXT))["link.line_use"]
    assert (one.value, one.because) == (None, "this transport has no line rate")


def test_without_streaming_rates_are_unmeasured() -> None:
    found = by_name(measure_link([BytesCorrupted(340, "no frame")], CONTEXT))
    assert found["link.goodput_bytes_per_s"].because == "no samples were streamed"
    assert (found["link.corrupt_bytes"].value, found["link.corrupt_bytes"].because) == (340, "no frame")


def test_compute_time_is_the_payloads_and_on_an_emulator_assumed() -> None:
    trace: list[Entry] = [connected(), trained(0, ["0"], [5])]
    assumed = by_name(measure_link(trace, replace(CONTEXT, assumed_instructions_per_s=1e3)))["time.compute_s"]
    assert assumed.value == pytest.approx(0.05)
    assert assumed.clock == "instructions"
    assert assumed.because.startswith("assumed: ")
    cycles = by_name(measure_link([connected("cycles", 100), *trace[1:]], CONTEXT))["time.compute_s"]
    assert cycles.value == pytest.approx(0.5)
    assert cycles.clock == "cycles"
    silent = by_name(measure_link([connected("cycles", 0), *trace[1:]], CONTEXT))["time.compute_s"]
    assert silent.because == "the payload does not say how fast its cycles clock ticks"


def test_every_figure_has_a_name_of_its_own_and_a_reason_where_it_has_no_value() -> None:
    made = make_run()
    for trace in (made.trace, made.trace[:1], [], made.trace[:-1]):
        found = measure(trace, RunContext(made.recording))
        names = [one.name for one in found]
        assert len(set(names)) == len(names)
        assert all(one.because for one in found if one.value is None)


def test_measuring_is_a_function_of_its_input() -> None:
    made = make_run()
    assert measure(made.trace, RunContext(made.recording)) == measure(list(made.trace), RunContext(made.recording))
