"""Parity with the plain references and with the recording's reference models."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.importing import import_orbitai
from bench.learners import PlainModel, run_plain
from bench.measure import Measurement, RunContext, parity
from bench.measure.parity import measure_parity
from bench.measure.states import differing_values, largest_difference, values_outside
from bench.measure.tally import Tally
from bench.telemetry import load_recording
from bench.trace import Entry, ModelCreated, ModelDumped, ModelSkipped, PayloadRestarted, SamplesTrained, SegmentEnded
from firmware_if.reference import State
from tests.unit.made_runs import ENDS, MODELS, MadeRun, make_recording, make_run


def figures(made: MadeRun, trace: list[Entry] | None = None) -> dict[str, Measurement]:
    found = measure_parity(made.trace if trace is None else trace, RunContext(made.recording))
    return {one.name: one for one in found}


def changed(made: MadeRun, *, state: State | None = None, updates: int | None = None) -> list[Entry]:
    """The trace with the first dump of arow_3D changed."""
    trace = list(made.trace)
    place, dump = next((i, entry) for i, entry in enumerate(trace) if isinstance(entry, ModelDumped))
    trace[place] = replace(dump, state=state or dump.state, updates=updates or dump.updates)
    return trace


def test_the_same_bits_are_the_same() -> None:
    assert differing_values({"w": [math.nan, -0.0, 1.0], "t": 3}, {"w": [math.nan, -0.0, 1.0], "t": [3.0]}) == 0


@pytest.mark.parametrize(
    ("seen", "count"),
    [
        ({"w": [0.0, 1.0]}, 1),  # the sign of zero is a bit
        ({"w": [-0.0, math.nextafter(1.0, 2.0)]}, 1),
        ({"w": [-0.0]}, 1),
        ({"w": [-0.0, 1.0, 5.0]}, 1),
        ({}, 2),
        ({"w": [math.nan, math.inf]}, 2),
    ],
)
def test_every_value_that_differs_or_is_missing_is_counted(seen: dict[str, list[float]], count: int) -> None:
    assert differing_values(seen, {"w": [-0.0, 1.0]}) == count


@pytest.mark.parametrize(
    ("seen", "outside", "largest"),
    [
        ([4.0, 1.0], 0, 0.0),
        ([4.0, 1.0 + 4e-3], 0, 1e-3),
        ([4.0, 1.0 + 5e-3], 1, 1.25e-3),
        ([4.0 - 8e-3, 1.0 + 5e-3], 2, 2e-3),
        ([4.0], 1, math.inf),
        ([4.0, 1.0, 1.0], 1, math.inf),
        ([4.0, math.nan], 1, math.inf),
        ([math.inf, 1.0], 1, math.inf),
    ],
)
def test_a_difference_is_judged_by_the_largest_of_its_array(seen: list[float], outside: int, largest: float) -> None:
    expected = {"w": [4.0, 1.0], "cov": [1e9]}
    assert values_outside({"w": seen, "cov": [1e9]}, expected, tolerance=1.1e-3) == outside
    assert largest_difference({"w": seen, "cov": [1e9]}, expected) == pytest.approx(largest, rel=1e-9)


def test_a_tolerance_forgives_no_whole_number_no_absence_and_no_nan() -> None:
    expected: State = {"w": [0.0, 0.0], "t": 1000}
    assert values_outside({"w": [0.0, -0.0], "t": 1001}, expected, tolerance=0.5) == 1
    assert values_outside({"t": 1000}, expected, tolerance=0.5) == 2
    assert values_outside({"w": [0.0, 1e-30], "t": 1000}, expected, tolerance=0.5) == 1
    assert values_outside({"w": [math.nan]}, {"w": [math.nan]}, tolerance=0.5) == 0
    assert largest_difference({"w": [0.0, 1e-30], "t": 1000}, expected) == math.inf
    assert largest_difference({"w": [0.0, -0.0], "t": 1000}, expected) == 0.0


SINGLE = (PlainModel("arow_f32", "arow", "identity", "f32", (0, 1), {"r": 0.8}),)


def test_a_float32_model_is_judged_by_the_tolerance_of_its_learner() -> None:
    made = make_run(models=SINGLE)
    exact = figures(made)
    assert exact["parity.plain.arow_f32"].because == "2 segment ends compared, largest difference 0, tolerance 2e-05"
    assert exact["parity.plain"].because == "2 of 2 states identical or within their tolerance"
    w, cov = (made.plain.snapshots["arow_f32", 30].state[name] for name in ("w", "cov"))
    assert isinstance(w, list)
    for share, outside in ((1e-5, 0), (4e-5, 1)):
        near = [w[0] + share * max(map(abs, w)), w[1]]
        found = figures(made, changed(made, state={"w": near, "cov": cov}))
        assert (found["parity.plain.arow_f32"].value, found["parity.plain"].value) == (outside, outside)
        assert found["parity.error.plain.arow_f32"].value == pytest.approx(share, rel=1e-6)


def test_updates_may_differ_by_the_rows_for_which_training_was_open() -> None:
    """The same sample again and again: after the first step PA is exactly where it stops."""
    recording = make_recording()
    recording = replace(recording, values=np.full_like(recording.values, 0.75))
    models = (PlainModel("pa_f32", "pa", "identity", "f32", (0,), {}),)
    made = make_run(recording, models)
    first, last = (made.plain.snapshots["pa_f32", end] for end in ENDS)
    assert 0 < first.undecided_updates < last.undecided_updates

    def where_updates_differ(more: int) -> float | None:
        trace = [
            replace(entry, updates=last.updates + more)
            if isinstance(entry, ModelDumped) and entry.end_row == ENDS[1]
            else entry
            for entry in made.trace
        ]
        return figures(made, trace)["parity.plain.pa_f32.updates"].value

    assert where_updates_differ(last.undecided_updates) == 0
    assert where_updates_differ(last.undecided_updates + 1) == 1


def test_a_prediction_within_the_tolerance_of_a_tie_is_not_compared() -> None:
    """The second sample lies across the weights that the first has made: its score is rounding alone."""
    recording = make_recording(2, (2,))
    values = np.array([[0.75, 0.5], [0.5, -0.75]], dtype=np.float32)
    made = make_run(replace(recording, values=values, labels=np.array([1, 1], dtype=np.int16)), SINGLE)
    assert made.plain.undecided == {"arow_f32": frozenset({1})}
    trace = [replace(e, predictions=["0", "1"]) if isinstance(e, SamplesTrained) else e for e in made.trace]
    one = figures(made, trace)["parity.plain.arow_f32.predictions"]
    assert (one.value, one.because) == (0, "1 rows compared, 1 undecided within the tolerance")
    trace = [replace(e, predictions=["1", "1"]) if isinstance(e, SamplesTrained) else e for e in made.trace]
    assert figures(made, trace)["parity.plain.arow_f32.predictions"].value == 1


def test_a_faultless_payload_equals_the_plain_references() -> None:
    found = figures(make_run())
    assert found["parity.plain"].value == 0
    assert found["parity.plain"].because == "4 of 4 states identical"
    assert (found["parity.identical.plain"].value, found["parity.compared.plain"].value) == (4, 4)
    for key in ("", ".updates", ".predictions"):
        assert found[f"parity.plain.arow_3D{key}"].value == 0


def test_one_wrong_bit_is_found() -> None:
    made = make_run()
    w, cov = (made.plain.snapshots["arow_3D", 30].state[name] for name in ("w", "cov"))
    assert isinstance(w, list)
    wrong = [math.nextafter(w[0], math.inf), *w[1:]]
    found = figures(made, changed(made, state={"w": wrong, "cov": cov}))
    assert (found["parity.plain.arow_3D"].value, found["parity.plain"].value) == (1, 1)
    assert found["parity.plain"].because == "3 of 4 states identical"


def test_an_array_that_the_reference_lacks_counts() -> None:
    made = make_run()
    state = {**made.plain.snapshots["arow_3D", 30].state, "extra": [1.0]}
    assert figures(made, changed(made, state=state))["parity.plain.arow_3D"].value == 1


def test_a_wrong_update_count_and_a_wrong_prediction_are_found() -> None:
    made = make_run()
    assert figures(made, changed(made, updates=999))["parity.plain.arow_3D.updates"].value == 1
    trace = [
        replace(entry, predictions=["0" + text[1:] for text in entry.predictions])
        if isinstance(entry, SamplesTrained)
        else entry
        for entry in made.trace
    ]
    positives = made.plain.predictions["arow_3D"].count("1")
    assert positives > 0
    assert figures(made, trace)["parity.plain.arow_3D.predictions"].value == positives


def test_an_aborted_segment_is_compared_at_the_row_where_it_stopped() -> None:
    made = make_run()
    stopped = make_run(made.recording.rows(0, 17))
    trace = [replace(e, complete=False) if isinstance(e, ModelDumped) else e for e in stopped.trace]
    found = figures(made, trace)
    assert (found["parity.plain"].value, found["parity.compared.plain"].value) == (0, 2)


def test_a_learner_without_plain_twin_is_unmeasured() -> None:
    made = make_run()
    trace = [
        replace(entry, learner="kalman") if isinstance(entry, ModelCreated) and entry.name == "rda_2D" else entry
        for entry in made.trace
    ]
    found = figures(made, trace)
    assert found["parity.plain.rda_2D"].value is None
    assert "no learner is named 'kalman'" in found["parity.plain.rda_2D.predictions"].because
    assert found["parity.plain"].value is None
    assert "not compared: rda_2D" in found["parity.plain"].because


def test_what_a_restart_loses_the_plain_reference_loses_too() -> None:
    made = make_run()
    name = MODELS[1].name
    losing = replace(MODELS[1], lost_at_restart=("timestep",))
    lost = run_plain([losing], made.recording, rows=50, end_rows=ENDS, restarts={30}).snapshots
    trace: list[Entry] = []
    for entry in made.trace:
        if isinstance(entry, ModelCreated) and entry.name == name:
            trace.append(replace(entry, lost_at_restart=["timestep"]))
        elif isinstance(entry, ModelDumped) and entry.name == name:
            trace.append(replace(entry, state=lost[name, entry.end_row].state))
        else:
            trace.append(entry)
    assert figures(made, trace)[f"parity.plain.{name}"].value != 0
    restarted = [*trace, SegmentEnded(0, 30), PayloadRestarted(planned=True, reason="")]
    assert figures(made, restarted)[f"parity.plain.{name}"].value == 0
    by_itself = [*trace, SegmentEnded(0, 30), PayloadRestarted(planned=False, reason="")]
    assert figures(made, by_itself)[f"parity.plain.{name}"].value != 0


def references(made: MadeRun, *names: str) -> list[dict[str, object]]:
    """Reference models as a recording holds them: numbers in lists."""
    return [
        {
            "end_row": end_row,
            "models": {
                name: {
                    key: value if isinstance(value, list) else [float(value)]
                    for key, value in made.plain.snapshots[name, end_row].state.items()
                }
                for name in names
            },
        }
        for end_row in (30, 50)
    ]


def test_reference_models_equal_to_the_payloads_are_identical() -> None:
    made = make_run()
    found = figures(made.with_references(references(made, "arow_3D", "rda_2D")))
    assert (found["parity.reference"].value, found["parity.reference"].because) == (0, "4 of 4 states identical")
    assert found["parity.reference.rda_2D"].value == 0
    assert found["parity.compared.reference"].value == 4


def test_what_a_reference_leaves_out_is_not_compared() -> None:
    made = make_run()
    left_out = references(made, "rda_2D")
    for entry in left_out:
        models = entry["models"]
        assert isinstance(models, dict)
        del models["rda_2D"]["timestep"]
    made = made.with_references(left_out)
    trace = [
        replace(entry, state={**entry.state, "timestep": 12345})
        if isinstance(entry, ModelDumped) and entry.name == "rda_2D"
        else entry
        for entry in made.trace
    ]
    assert figures(made, trace)["parity.reference.rda_2D"].value == 0


def test_models_of_one_side_alone_are_named_outside_the_compared_ones() -> None:
    made = make_run()
    sides = references(made, "arow_3D")
    for entry in sides:
        models = entry["models"]
        assert isinstance(models, dict)
        models["adam_1D"] = {"w": [1.0]}
        models["scw_1D"] = {"w": [1.0]}
    made = made.with_references(sides)
    found = figures(made, [*made.trace, ModelSkipped("adam_1D", "no learner adam")])
    assert [name for name in found if name.startswith("parity.reference.")] == ["parity.reference.arow_3D"]
    unmatched = {
        name.removeprefix("parity.unmatched.reference."): one.because
        for name, one in found.items()
        if name.startswith("parity.unmatched.")
    }
    assert unmatched == {
        "rda_2D": "the recording carries no reference for it",
        "adam_1D": "not on the payload: no learner adam",
        "scw_1D": "not on the payload",
    }
    assert found["parity.reference"].value == 0


def test_a_missing_segment_end_is_no_pass() -> None:
    made = make_run()
    made = made.with_references(references(made, "arow_3D"))
    trace = [e for e in made.trace if not (isinstance(e, ModelDumped) and e.end_row == 50)]
    found = figures(made, trace)
    one = found["parity.reference.arow_3D"]
    assert (one.value, one.because) == (None, "1 of 2 segment ends compared")
    assert found["parity.reference"].value is None
    assert "not compared: arow_3D at row 50" in found["parity.reference"].because


def test_without_reference_models_parity_with_them_is_unmeasured() -> None:
    one = figures(make_run())["parity.reference"]
    assert (one.value, one.because) == (None, "the recording carries no reference models")


@pytest.mark.parametrize("learner", ["arow", "nherd", "rda"])
def test_plain_references_over_the_flown_stream_equal_the_downlinked_models(
    learner: str, orbitai_data: Path, tmp_path: Path
) -> None:
    recording = load_recording(import_orbitai(orbitai_data, tmp_path / "orbitai"))
    models = tuple(
        PlainModel(
            f"{learner}_{dimension}D",
            learner,
            f"orbitai-{dimension}d",
            "flight",
            (0, 1, 2, 3, 4) if dimension == 5 else (5,),
            {},
        )
        for dimension in (1, 2, 3, 5)
    )
    made = make_run(recording, models, batch_rows=40)
    found = figures(made)
    print({name: one.value for name, one in found.items() if name.count(".") == 2})
    assert found["parity.reference"].value == 0
    assert found["parity.compared.reference"].value == found["parity.identical.reference"].value == 24


def test_an_array_that_the_reference_names_and_the_payload_lacks_is_no_parity() -> None:
    tally = Tally()
    dump = ModelDumped(0, 10, "m", 10, {"w": [1.0]})
    figure = parity._reference_model("m", {10: {"w": [1.0], "cov": [0.5]}}, {("m", 10): dump}, tally=tally)  # noqa: SLF001 - the comparison itself is what is tested
    assert figure.value == 1
    assert parity._reference_model("m", {}, {}, tally=tally).value is None  # noqa: SLF001
