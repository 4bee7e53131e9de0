"""A run's state, folded from its trace: the same figures as measured in the end, in bounded memory."""

import math
import random
from dataclasses import replace

import pytest

from bench.measure import RunContext, measure
from bench.monitor.basis import Basis, rows_of
from bench.monitor.codec import decode, encode
from bench.monitor.fold import fold, short
from bench.monitor.histogram import DISTINCT, LARGEST, RELATIVE_ERROR, Histogram, bucket_end, bucket_floor
from bench.monitor.saved import fold_whole
from bench.monitor.series import POINTS, Series
from bench.monitor.state import LOG_LINES, MARKS, MAX_MODELS, TEXT, RunState
from bench.trace import (
    BytesCorrupted,
    ConsolePrinted,
    Entry,
    EpochTrained,
    EventReported,
    HousekeepingReported,
    LinkCounted,
    LinkCut,
    LinkFaultInjected,
    LinkMeasured,
    LinkResumed,
    ModelCreated,
    ModelEpoch,
    PayloadConnected,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    RequestRefused,
    RunEnded,
    RunStarted,
    TargetFailed,
    entry_from_json,
)
from tests.unit.made_runs import MadeRun, connected, make_run, trained


def basis_of(made: MadeRun, **more: object) -> Basis:
    rows = rows_of(made.recording)
    return replace(Basis(segments=2, read_rows=lambda: rows), **more)  # type: ignore[arg-type]


def folded(*entries: Entry, basis: Basis | None = None) -> RunState:
    return fold_whole(entries, basis or Basis())


def test_the_figures_of_a_whole_run_are_those_that_are_measured() -> None:
    made = make_run()
    state = fold_whole(made.trace, basis_of(made))
    measured = {one.name: one.value for one in measure(made.trace, RunContext(made.recording))}
    for place, model in enumerate(state.models):
        assert state.answers.balanced(place) == measured[f"accuracy.prequential.{model.name}.balanced_accuracy"]
        assert state.scored.balanced(place) == measured[f"accuracy.evaluation.{model.name}.balanced_accuracy"]
    for operation, histogram in state.steps.items():
        for percent in (50, 95, 99):
            assert histogram.percentile(percent) == measured[f"timing.{operation}.p{percent}"]
        assert histogram.maximum == measured[f"timing.{operation}.max"]
        assert histogram.mean == measured[f"timing.{operation}.mean"]
    assert state.outcome == "completed"
    assert state.rows == made.recording.row_count


@pytest.mark.parametrize("batch_rows", [1, 7, 50])
def test_the_partition_into_batches_changes_no_figure(batch_rows: int) -> None:
    made, other = make_run(), make_run(batch_rows=batch_rows)
    states = [fold_whole(one.trace, basis_of(one)) for one in (made, other)]
    assert states[0].answers == states[1].answers
    assert states[0].steps == states[1].steps


def test_percentiles_are_exact_until_there_are_many_values_and_then_within_the_stated_error() -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    source = random.Random(seed)
    values = [int(source.lognormvariate(8, 2)) for _ in range(20_000)]
    histogram = Histogram()
    histogram.add(values[:DISTINCT])
    was_exact = histogram.exact
    for start in range(DISTINCT, len(values), 100):
        histogram.add(values[start : start + 100])
    assert (was_exact, histogram.exact) == (True, False)
    ordered = sorted(values)
    for percent in (1, 50, 95, 99, 100):
        exact = ordered[-(-percent * len(ordered) // 100) - 1]
        found = histogram.percentile(percent)
        assert found is not None
        assert abs(found - exact) <= max(1, RELATIVE_ERROR * exact)
    assert (histogram.minimum, histogram.maximum) == (ordered[0], ordered[-1])
    assert (histogram.count, histogram.total) == (len(values), sum(values))
    assert len(histogram.counts) < 64 * 64


def test_merged_histograms_are_as_if_all_had_been_counted_by_one() -> None:
    for parts in (([1, 5, 5], [2, 9]), (range(3000), [7]), ([7], range(3000)), ([], [3]), ([3], [])):
        whole, merged, other = Histogram(), Histogram(), Histogram()
        whole.add([*parts[0], *parts[1]])
        merged.add(parts[0])
        other.add(parts[1])
        merged.merge(other)
        assert merged == whole


def test_a_bucket_holds_what_falls_into_it_and_no_count_is_out_of_bounds() -> None:
    for value in (0, 1, 127, 128, 129, 1000, LARGEST):
        assert bucket_floor(value) <= value < bucket_end(bucket_floor(value))
    histogram = Histogram()
    histogram.add([-5, 10**30, 10**40])
    assert (histogram.minimum, histogram.maximum, histogram.count) == (0, LARGEST, 3)
    assert Histogram().percentile(50) is None
    assert Histogram().mean is None


def test_a_series_stays_bounded_and_keeps_its_ends() -> None:
    series = Series()
    for step in range(1, 100_001):
        series.add(float(step), step=step)
    assert len(series.points) <= POINTS
    assert series.points == sorted(series.points)
    assert series.points[-1] > 90_000


def test_nothing_in_a_state_grows_with_the_trace() -> None:
    made = make_run()
    basis = basis_of(made)
    state = RunState()
    for entry in made.trace[:-1]:
        fold(state, entry, basis)
    for number in range(2000):
        fold(state, ConsolePrinted(f"line {number}\n", t=float(number)), basis)
        fold(state, ModelCreated(number, f"m{number}", "l", "f", "f32", [], {}, 1, 1, 1, []), basis)
        fold(state, HousekeepingReported(number, {f"v{number}": number, "stack_peak_bytes": number}), basis)
        fold(state, trained(number, ["00"], [number]), basis)
        fold(state, EventReported(f"severity {number}", "e", 1, 0.0), basis)
    assert len(state.log) == LOG_LINES
    assert len(state.models) == MAX_MODELS
    assert state.not_followed == 2000 - (MAX_MODELS - 2)
    assert len(state.marks) <= MARKS
    assert len(state.housekeeping) <= 256
    assert state.peaks["stack_peak_bytes"] == 1999
    assert not any(name.startswith("v") for name in state.peaks)
    assert state.logged >= 2000
    assert set(state.events) == {"other"}


def test_faults_of_the_link_and_the_payload_are_counted_and_told() -> None:
    state = folded(
        LinkCut("the line is gone", 30.0, t=1.0),
        LinkResumed("/dev/x", 2.5, resumed=True),
        BytesCorrupted(7, "noise"),
        RequestRefused("Samples", "X", "no room", 3),
        PayloadRestarted(planned=True, reason="as planned"),
        PayloadRestarted(planned=False, reason="watchdog"),
        TargetFailed("it hangs"),
        RunEnded("target_failed", 0, "it hangs"),
    )
    assert (state.link.cuts, state.link.corrupt_bytes, state.refusals) == (1, 7, 1)
    assert (state.planned_restarts, state.restarts) == (1, 1)
    assert not state.link.is_cut
    assert state.failure == "it hangs"
    assert [line.kind for line in state.log].count("fault") == 5


def test_a_restart_after_a_power_cut_is_none_by_itself() -> None:
    connected = PayloadConnected(2, "host", "", "", 1, "host", 0, 0, 0, 0)
    restarted = PayloadRestarted(planned=False, reason="it said Hello anew")
    state = folded(PowerCut(12), restarted, connected, PayloadResumed(2, 8, 4, 0), restarted)
    assert (state.restarts, state.resumed) == (1, 1)
    assert [line.kind for line in state.log].count("fault") == 1
    state = folded(LinkFaultInjected("to_payload", "reset", 9), restarted)
    assert state.restarts == 0


def test_link_counts_of_segments_are_added_and_the_whole_run_replaces_them() -> None:
    def counted(phase: str, resent: int) -> LinkMeasured:
        return LinkMeasured(phase, 2.0, 0.5, 300, {"frames_resent": resent, "frames_corrupt": 1}, 1000.0)

    so_far = LinkCounted({"frames_resent": 2, "frames_corrupt": 0})
    state = folded(counted("stream a", 1), so_far)
    assert (state.link.resent, state.link.present["frames_resent"]) == (1, 2)
    state = folded(counted("stream a", 1), so_far, counted("stream b", 3), counted("whole", 5))
    assert (state.link.resent, state.link.crc_errors, state.link.present) == (5, 2, {})
    assert (state.link.streamed_bytes, state.link.active_s, state.link.line_bytes_per_s) == (600, 3.0, 1000.0)


def test_console_text_becomes_lines_whatever_pieces_it_comes_in() -> None:
    state = folded(*map(ConsolePrinted, ("bo", "ot\nse", "cond\r\n", "\x1b[31mred\n", "end")), RunEnded("completed", 0))
    assert [line.text for line in state.log] == ["boot", "second", "red", "end"]
    assert state.console_lines == 4
    assert len(folded(*[ConsolePrinted("x" * 1000)] * 100).console_rest) < 2000


def test_epochs_have_losses_updates_and_costs() -> None:
    created = ModelCreated(0, "m", "logistic", "identity", "f32", [0], {}, 1, 1, 1, [])
    start = RunStarted(1, "s", "t", "r", 5, {}, [], "batch")
    epochs = [EpochTrained(n, 0.5, [ModelEpoch("m", loss, 3, 5, 70)]) for n, loss in enumerate((2.0, math.nan, 1.0))]
    state = folded(start, created, *epochs, basis=Basis(epochs=3))
    model = state.models[0]
    assert (model.updates, model.first_loss, model.last_loss, state.epochs) == (9, 2.0, 1.0, 3)
    assert (model.train.count, model.train.percentile(50)) == (3, 70)
    assert math.isnan(model.curve.points[1])


def test_what_a_stranger_writes_is_shortened_and_harmless() -> None:
    lines = (
        '{"t":"NaN","kind":"run_started","format":1,"scenario":"\\u001b[2J%s","target":"\\u202ex","recording":"r",'
        '"rows":-5,"versions":{},"command":[]}' % ("y" * 1000),
        (
            '{"t":"Infinity","kind":"epoch_trained","epoch":1,"seconds":"NaN","models":[{"name":"m","loss":"y","steps":"z",'
            '"rows":null,"train":[]}]}'
        ),
        (
            '{"t":1e308,"kind":"link_measured","phase":"stream","seconds":"Infinity","waiting_s":"NaN",'
            '"sample_record_bytes":1,"counts":{"frames_resent":"x"},"line_bytes_per_s":null}'
        ),
        '{"t":5,"kind":"housekeeping_reported","start":99999999,"values":{"stack_bytes":"x","a":1.5,"b":null}}',
        (
            '{"t":5,"kind":"samples_trained","first_row":-3,"status":[0,0],"link":0,"train":[1,2],"predict":[1,2],'
            '"feature":[1,2],"dispatch":[1,2],"predictions":["é","01234"],"updated":["","1"]}'
        ),
    )
    made = make_run()
    state = RunState()
    for entry in made.trace[:5]:
        fold(state, entry, basis_of(made))
    for line in lines:
        written = entry_from_json(line)
        assert written is not None
        fold(state, written, basis_of(made))
    assert len(state.scenario) == TEXT
    assert "\x1b" not in state.scenario
    assert state.target == "x"
    assert state.due_rows == 0
    assert decode(RunState, encode(state)) == state


def test_texts_are_one_printable_line() -> None:
    assert short("a\nb\tc\x07\x1b[1md") == "a b cd"
    assert len(short("x" * 10_000)) == TEXT


def test_rows_without_labels_or_beyond_the_recording_are_counted_and_not_judged() -> None:
    made = make_run()
    state = folded(
        connected(), *[e for e in made.trace if isinstance(e, ModelCreated)], trained(10**25, ["00", "11"], [5, 6])
    )
    assert (state.rows, state.steps["train"].count, state.answers.balanced(0)) == (2, 2, None) or not state.answers.rows
    refused = folded(
        connected(),
        *[e for e in made.trace if isinstance(e, ModelCreated)],
        trained(0, ["", "11"], [0, 6], status=[1, 0]),
        basis=basis_of(made),
    )
    assert (refused.refused_rows, refused.steps["train"].count, sum(refused.answers.rows)) == (1, 1, 1)
