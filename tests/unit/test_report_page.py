"""The pictures of a run's page: what is drawn is what was measured, for every kind of run and however hostile."""

import math
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import bench.report
from bench.measure import RunContext, measure
from bench.report.accuracy import courses_of
from bench.report.cost import floats
from bench.report.data import sort_run
from bench.report.page import report_page
from bench.report.plot import COLUMNS, Axes, band, columns, line, plot
from bench.report.scale import Scale, fit, fit_costs
from bench.trace import (
    BytesCorrupted,
    CheckpointsKept,
    ConsolePrinted,
    Entry,
    EpochTrained,
    EventReported,
    LinkCounted,
    LinkCut,
    LinkResumed,
    ModelDumped,
    ModelEpoch,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    RunStarted,
    SamplesTrained,
    TargetFailed,
)
from tests.unit.judged_runs import judged, with_verdicts
from tests.unit.made_runs import make_recording, make_run, trained
from tests.unit.test_report import HOSTILE, check_all, check_page

STYLE = Path(bench.report.__file__).with_name("page.css")
NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=50)


def drawn(text: str) -> list[float]:
    """Every number in the paths of a page."""
    return [float(found) for d in re.findall(r' d="([^"]*)"', text) for found in re.findall(r"-?\d+(?:\.\d+)?", d)]


@given(NUMBERS)
@example([1.7120886998688722e308])
def test_whatever_is_drawn_lies_in_or_near_the_plane(values: list[float]) -> None:
    found = np.array(values)
    axes = Axes(fit(range(len(values))), fit(values), "x", "y", "title")
    text = plot(axes, line(axes, np.arange(float(len(values))), found, "s0"))
    assert all(math.isfinite(number) and -1000 <= number <= 2000 for number in drawn(text))
    assert not re.search(r"nan|inf", text.lower())


@given(NUMBERS)
def test_a_scale_holds_its_values_and_its_marks(values: list[float]) -> None:
    scale = fit(values)
    assert scale.low < scale.high
    assert len(scale.marks()) <= 12
    finite = [value for value in values if math.isfinite(value) and abs(value) < 1e300]
    if finite and all(math.isfinite(value) for value in values if abs(value) < math.inf) and max(finite) < 1e300:
        places = scale.places(np.array(finite))
        assert ((places > -1e-6) & (places < 1 + 1e-6)).all() or scale == Scale(0.0, 1.0)


def test_costs_of_several_orders_of_magnitude_have_a_logarithmic_scale() -> None:
    scale = fit_costs(np.array([10.0, 1000.0, 100_000.0]))
    assert scale.log
    assert list(scale.marks()) == [10.0, 100.0, 1000.0, 10_000.0, 100_000.0]
    assert not fit_costs(np.array([10.0, 20.0])).log
    assert fit_costs(np.array([0.0])).low < 0 < fit_costs(np.array([0.0])).high


def test_a_single_spike_is_seen_among_a_million() -> None:
    values = np.full(1_000_000, 7.0)
    values[123_456] = 9.0
    middle, low, high = columns(values)
    assert len(middle) == len(low) == len(high) == COLUMNS
    assert high.max() == 9.0
    assert low.min() == 7.0
    assert abs(middle[high.argmax()] - 123_456) <= 1_000_000 / COLUMNS


def test_no_values_have_no_columns() -> None:
    assert [len(part) for part in columns(np.empty(0))] == [0, 0, 0]
    axes = Axes(Scale(0, 1), Scale(0, 1), "", "", "")
    assert band(axes, np.empty(0), np.empty(0), np.empty(0), "s0") == ""


def test_a_count_that_no_double_holds_becomes_a_large_one() -> None:
    assert floats([1, 10**400]).tolist() == [1.0, 1e300]


def test_the_course_ends_where_the_measure_does() -> None:
    """The running figure after the last row is accuracy.prequential.M.balanced_accuracy."""
    made = make_run(make_recording(rows=400, ends=(200, 400)))
    reports = [entry for entry in made.trace if isinstance(entry, SamplesTrained)]
    courses = courses_of(reports, made.recording, names=["arow_3D", "rda_2D"], window=30)
    figures = {one.name: one.value for one in measure(made.trace, RunContext(made.recording))}
    for name, course in courses.items():
        assert course.running[-1] == pytest.approx(figures[f"accuracy.prequential.{name}.balanced_accuracy"])
        assert course.rows[-1] == 400
        assert len(course.rows) <= 161


def test_the_recent_figure_is_that_of_the_last_rows_of_each_class() -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    source = random.Random(seed)
    recording = make_recording(rows=120, ends=(120,))
    digits = [source.choice("01") for _ in range(120)]
    [course] = courses_of([trained(0, digits, [1] * 120)], recording, names=["m"], window=10).values()
    recalls = []
    for label, digit in ((-1, "0"), (1, "1")):
        rows = [row for row in range(120) if recording.known_labels[row] == label][-10:]
        recalls.append(sum(digits[row] == digit for row in rows) / len(rows))
    assert course.recent[-1] == pytest.approx(sum(recalls) / 2)


def test_more_than_two_classes_average_over_those_that_occurred() -> None:
    recording = replace(
        make_recording(rows=4, ends=(4,)),
        labels=np.array([5, 6, 5, 6], dtype=np.int16),
        label_meanings={5: "a", 6: "b", 7: "c"},
        positive_label=7,
    )
    [course] = courses_of([trained(0, ["0", "0", "0", "1"], [1] * 4)], recording, names=["m"], window=20).values()
    assert course.running.tolist() == [1.0, 0.5, 0.5, 0.75]


def test_every_part_of_a_stream_is_on_the_page() -> None:
    text = report_page(judged(make_run(make_recording(rows=400, ends=(200, 400)))))
    for heading in ("Verdicts", "Balanced accuracy over rows", "Score over a", "train, all models", "Memory map"):
        assert f">{heading}<" in text
    assert "Guest instructions that the emulator counted: no cycles, and no time." in text


def test_batch_mode_draws_losses_and_epochs() -> None:
    made = make_run()
    first = made.trace[0]
    assert isinstance(first, RunStarted)
    epochs: list[Entry] = [
        EpochTrained(epoch, 0.1, [ModelEpoch("arow_3D", 1 / (epoch + 1), 4, 50, 900 + epoch)]) for epoch in range(3)
    ]
    kept = [
        replace(entry, status=[3] * 10, predictions=[""] * 10, updated=[""] * 10)
        if isinstance(entry, SamplesTrained)
        else entry
        for entry in made.trace[1:-1]
    ]  # fmt: skip
    text = report_page(judged(made, trace=[replace(first, mode="batch"), *kept, *epochs, made.trace[-1]]))
    assert ">Loss over epochs<" in text
    assert ">Cost of the epochs<" in text
    assert "Balanced accuracy over rows" not in text


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_breaks_nothing(loss: float) -> None:
    made = make_run()
    first = made.trace[0]
    assert isinstance(first, RunStarted)
    epoch = EpochTrained(0, 0.1, [ModelEpoch("arow_3D", loss, 4, 50, 900)])
    check_all(judged(made, trace=[replace(first, mode="batch"), *made.trace[1:], epoch]))


def test_score_mode_says_that_nothing_was_trained() -> None:
    made = make_run()
    first = made.trace[0]
    assert isinstance(first, RunStarted)
    rest = [entry for entry in made.trace[1:] if not isinstance(entry, SamplesTrained)]
    assert "Nothing was trained" in check_all(judged(made, trace=[replace(first, mode="score"), *rest])).text


def test_models_whose_weights_are_no_numbers_are_named_and_not_drawn() -> None:
    made = make_run()
    spoilt = [
        replace(entry, state={"w": [math.nan] * 6}) if isinstance(entry, ModelDumped) else entry for entry in made.trace
    ]
    page = check_page(judged(trace=spoilt, limits=[]))
    assert "Not drawn: arow_3D" in page.text


def test_without_labels_or_a_deciding_channel_the_page_says_why() -> None:
    made = make_run()
    bare = replace(made.recording, labels=None, positive_label=None, label_meanings={}, evaluation=None)
    run = judged(limits=[])
    page = check_all(replace(run, files=replace(run.files, recording=replace(bare, deciding_channel=None))))
    assert "The recording has no labels" in page.text
    assert "names no deciding channel" in page.text


def test_a_channel_of_one_value_has_no_curve() -> None:
    made = make_run()
    values = made.recording.values.copy()
    values[:, 0] = 1.0
    page = check_page(judged(replace(made, recording=replace(made.recording, values=values)), limits=[]))
    assert "Channel a has one value only" in page.text


def test_an_empty_bank_has_no_models_and_no_costs_of_theirs() -> None:
    made = make_run()
    trace = [entry for entry in made.trace if type(entry).__name__ not in {"ModelCreated", "ModelDumped"}]
    text = report_page(judged(made, trace=trace, limits=[]))
    assert "train, all models" not in text


def test_events_console_and_what_befell_the_line_are_told() -> None:
    made = make_run()
    more: list[Entry] = [
        EventReported("high", HOSTILE, 7, 1.5, t=1.0),
        LinkCut("unplugged", 10.0, t=2.0),
        LinkResumed("/dev/x", 1.0, resumed=True, t=3.0),
        PayloadRestarted(planned=False, reason=HOSTILE, t=3.5),
        CheckpointsKept(64, watchdog=True, t=3.51),
        PowerCut(12, t=3.52),
        PayloadRestarted(planned=False, reason=HOSTILE, power_cut=True, t=3.53),
        PayloadResumed(2, 8, 4, 0, t=3.54),
        BytesCorrupted(3, HOSTILE, t=3.6),
        ConsolePrinted(HOSTILE + "\n", t=3.7),
        TargetFailed("it died", "look at it", t=3.8),
    ]
    page = check_all(judged(trace=[*made.trace[:-1], *more, made.trace[-1]]))
    assert page.text.count("restart by itself") == 1
    for words in ("every 64 rows, a watchdog waits", "after row 12", "start 2 goes on with row 8: 4 rows again"):
        assert words in page.text
    for words in ("restart by itself", "line cut", "line back", "it died", "Console", "knew the session"):
        assert words in page.text


def test_frames_sent_again_are_marked_when_they_were_counted() -> None:
    made = make_run()
    resent = [LinkCounted({"frames_resent": count}, t=time) for time, count in ((0.2, 0), (0.4, 2), (0.6, 2), (0.8, 3))]
    spread = [replace(entry, t=float(place)) for place, entry in enumerate(made.trace[:-1])]
    text = report_page(judged(trace=[*spread[:5], *resent, *spread[5:], made.trace[-1]]))
    assert "frames were sent again" in text
    assert text.count('class="resent"') == 0  # before the first row: not in the plot
    late = [replace(entry, t=entry.t + 7) for entry in resent]
    text = report_page(judged(trace=[*spread[:9], *late, *spread[9:], made.trace[-1]]))
    assert text.count('class="resent"') == 2


def test_many_events_and_lines_are_counted_and_not_all_shown() -> None:
    made = make_run()
    events = [EventReported("low", f"event-{number}", number, 1.0, t=float(number)) for number in range(5000)]
    printed = [ConsolePrinted("x" * 1000 + f" {number}\n") for number in range(5000)]
    text = report_page(judged(trace=[*made.trace[:-1], *events, *printed]))
    assert len(text) < 600_000
    assert "4,801 more in trace.jsonl" in text
    assert "more in trace.jsonl.</p>" in text
    assert "event-4999" in text


def test_very_many_rows_make_a_page_of_the_same_size() -> None:
    made = make_run()
    first, rest = made.trace[:5], made.trace[5:]
    many: list[Entry] = [
        trained(start, ["01"] * 1000, [100 + start % 977] * 1000, status=[0] * 1000)
        for start in range(0, 200_000, 1000)
    ]
    run = judged(trace=[*first, *rest[-8:]], limits=[])
    run = replace(run, trace=[*first, *many, *rest[-8:]])
    assert len(report_page(run)) < 300_000


def test_counts_beyond_any_double_are_drawn_as_large() -> None:
    made = make_run()
    huge = trained(0, ["01"] * 2, [10**20, -5])
    run = judged(limits=[])
    check_page(replace(run, trace=[*made.trace[:5], huge]))


def test_the_trace_is_sorted_in_order() -> None:
    data = sort_run(judged())
    assert [entry.first_row for entry in data.of(SamplesTrained)] == [0, 10, 20, 30, 40]
    assert data.value("memory.stack_peak_bytes") == 1000
    assert data.value("no.such") is None
    assert data.clock.kind == "instructions"


def test_a_reason_of_one_long_word_does_not_widen_the_table_and_the_bars_are_never_hidden() -> None:
    style = STYLE.read_text()
    assert "overflow-wrap: anywhere" in re.findall(r"\.verdicts tbody th {([^}]*)}", style)[0]
    assert not re.search(r"\.bar\s*{[^}]*display: none", style)


def test_every_column_of_the_verdicts_has_a_heading_and_their_order_is_told() -> None:
    page = check_page(judged())
    assert "verdict measure value limit margin figure and limit" in page.text
    assert "First what failed, then what is unmeasured, then what passed." in page.text


def test_ticks_stand_beside_the_plane_and_the_ends_of_an_axis_have_one() -> None:
    text = plot(Axes(Scale(0.0, 1.0), Scale(0.0, 1.0), "x", "y", "title"))
    ticks = re.findall(r'<text x="(-?\d+)" y="(\d+)" class="tick" text-anchor="end">([^<]*)</text>', text)
    assert [words for _, _, words in ticks] == ["0", "0.25", "0.5", "0.75", "1"]
    assert all(int(x) < 0 for x, _, _ in ticks)
    assert re.search(r"svg\.plot {[^}]*margin-left: \d+px", STYLE.read_text())


def test_an_accuracy_plot_names_the_held_out_and_the_prequential_figure() -> None:
    run = judged(make_run(make_recording(rows=400, ends=(200, 400))))
    running = next(v.value for v in run.verdicts if v.name == "accuracy.prequential.arow_3D.balanced_accuracy")
    held_out = replace(run.verdicts[0], name="accuracy.evaluation.arow_3D.balanced_accuracy", value=0.9189)
    page = check_page(with_verdicts(run, held_out, *run.verdicts))
    assert f"arow_3D held-out 0.9189, prequential {running:.4f}" in page.text


def test_the_bars_of_a_score_plot_are_explained() -> None:
    text = check_page(judged()).text
    assert "standing on the lower edge" in text
    assert "those of the other hang from the upper" in text
