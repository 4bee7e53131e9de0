"""Faults of sensors: a recording in, another one out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import ConfigurationError, RecordingError
from bench.scenario import load_scenario
from bench.sensor_faults import FAULTS, SensorFaultSpec, sensor_faults_text
from bench.sensor_faults.inject import disturb
from bench.telemetry import Recording, load_recording, save_recording

ROOT = Path(__file__).parents[2]
SUN = load_recording(ROOT / "fixtures" / "telemetry" / "sun-sensor")
SPECS = {
    "stuck": SensorFaultSpec("stuck", ("pd1", "pd3"), every=100, length=(5, 20)),
    "dropout": SensorFaultSpec("dropout", every=150, length=(1, 9)),
    "nan": SensorFaultSpec("nan", ("pd2",), every=80),
    "spike": SensorFaultSpec("spike", ("pd4",), every=80, size=3.0),
    "drift": SensorFaultSpec("drift", ("pd5",), every=200, length=(10, 50), size=-0.5),
    "mixed": SensorFaultSpec("mixed", every=90),
    "out-of-order": SensorFaultSpec("out-of-order", every=90, seconds=4.0),
}


def column(recording: Recording, name: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    values: np.ndarray[tuple[int], np.dtype[np.float32]] = recording.values[:, recording.channel_names.index(name)]
    return values


def test_every_fault_is_tried_here() -> None:
    assert tuple(SPECS) == FAULTS


@pytest.mark.parametrize("fault", FAULTS)
def test_the_same_seed_gives_the_same_recording_and_another_seed_another(fault: str) -> None:
    spec = SPECS[fault]
    one, same, other = (disturb(SUN, [each]) for each in (spec, spec, replace(spec, seed=2)))
    assert one.faults == same.faults
    assert one.recording.values.tobytes() == same.recording.values.tobytes()
    assert one.recording.times_ms.tobytes() == same.recording.times_ms.tobytes()
    assert [(fault.row, fault.rows) for fault in one.faults] != [(fault.row, fault.rows) for fault in other.faults]
    assert len(one.faults) > 5


@pytest.mark.parametrize("added", FAULTS)
def test_a_fault_that_is_added_moves_no_other(added: str) -> None:
    others = [spec for name, spec in SPECS.items() if name != added]
    without = disturb(SUN, others).faults
    with_it = disturb(SUN, [SPECS[added], *others]).faults
    # Rows that are missing shift the stream, but not the rows that a fault is in.
    assert [replace(fault, streamed_row=0) for fault in with_it if fault.fault != added] == [
        replace(fault, streamed_row=0) for fault in without
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_done_is_all_that_was_done(fault: str) -> None:
    spec = SPECS[fault]
    done = disturb(SUN, [spec])
    touched = np.zeros(SUN.row_count, dtype=bool)
    for each in done.faults:
        touched[each.row : each.row + each.rows] = True
    kept = ~touched if fault == "dropout" else np.ones(SUN.row_count, dtype=bool)
    for before, after in ((SUN.values, done.recording.values), (SUN.times_ms, done.recording.times_ms)):
        same = before[kept & ~touched], after[~touched[kept]]
        assert same[0].tobytes() == same[1].tobytes()
    labels = SUN.known_labels[kept]
    assert labels.tobytes() == done.recording.known_labels.tobytes()
    for name in SUN.channel_names:
        if spec.channels and name not in spec.channels:
            assert column(SUN, name).tobytes() == column(done.recording, name).tobytes()
    for each in done.faults:
        expected = each.row if fault != "dropout" else int(kept[: each.row].sum())
        assert each.streamed_row == expected


def at(fault: str, rows: tuple[int, int], **rest: object) -> SensorFaultSpec:
    return replace(SensorFaultSpec(fault, rows=rows), **rest)  # type: ignore[arg-type] # named as the fields are


def test_a_stuck_sensor_repeats_the_reading_of_its_first_row() -> None:
    done = disturb(SUN, [at("stuck", (100, 140), channels=("pd1",))])
    assert (column(done.recording, "pd1")[100:140] == column(SUN, "pd1")[100]).all()
    assert [fault.rows for fault in done.faults] == [40]


def test_missing_rows_leave_a_gap_in_time_and_segments_that_fit() -> None:
    done = disturb(SUN, [at("dropout", (100, 140))]).recording
    assert done.row_count == SUN.row_count - 40
    assert done.times_ms[100] == SUN.times_ms[140]
    assert done.segments[0].end_row == SUN.segments[0].end_row - 40
    assert [segment.rows for segment in done.segments[1:]] == [segment.rows for segment in SUN.segments[1:]]


def test_a_reading_that_is_no_number() -> None:
    done = disturb(SUN, [at("nan", (7, 9), channels=("pd2", "pd6"))])
    assert [row for row in range(SUN.row_count) if not np.isfinite(done.recording.values[row]).all()] == [7, 8]
    assert len(done.faults) == 2


def test_a_spike_is_so_many_spans_up_or_down_in_one_row() -> None:
    done = disturb(SUN, [at("spike", (50, 90), channels=("pd1",), size=2.0)])
    span = float(column(SUN, "pd1").max() - column(SUN, "pd1").min())
    change = (column(done.recording, "pd1") - column(SUN, "pd1"))[50:90] / span
    assert np.allclose(np.abs(change), 2.0, rtol=1e-5)  # float32 has 24 bits
    assert (change < 0).any()
    assert (change > 0).any()


def test_a_spike_beyond_float32_is_infinite() -> None:
    done = disturb(SUN, [at("spike", (50, 51), channels=("pd1",), size=1e39)])
    assert np.isinf(column(done.recording, "pd1")[50])


def test_a_drift_grows_to_its_last_row_and_is_gone_in_the_next() -> None:
    done = disturb(SUN, [at("drift", (100, 201), channels=("pd1",), size=0.5)])
    span = float(column(SUN, "pd1").max() - column(SUN, "pd1").min())
    change = (column(done.recording, "pd1") - column(SUN, "pd1")) / span
    assert np.allclose(change[100:201], 0.5 * np.arange(1, 102) / 101, atol=1e-5)
    assert change[201] == 0


def test_a_drift_of_one_row_is_there_at_once() -> None:
    done = disturb(SUN, [at("drift", (100, 101), channels=("pd1",), size=0.5)])
    assert column(done.recording, "pd1")[100] != column(SUN, "pd1")[100]


def test_a_mixed_row_ends_with_the_readings_of_the_row_before() -> None:
    done = disturb(SUN, [at("mixed", (60, 61))])
    [fault] = done.faults
    split = SUN.channel_names.index(fault.about.split()[2])
    assert (done.recording.values[60, :split] == SUN.values[60, :split]).all()
    assert (done.recording.values[60, split:] == SUN.values[59, split:]).all()
    assert 1 <= split < len(SUN.channels)


def test_a_time_goes_back_before_that_of_the_row_before() -> None:
    done = disturb(SUN, [at("out-of-order", (60, 61), seconds=2.0)])
    assert 1 <= SUN.times_ms[59] - done.recording.times_ms[60] <= 2000
    assert done.recording.values.tobytes() == SUN.values.tobytes()


def test_the_first_row_has_none_before_it_to_be_mixed_with() -> None:
    assert disturb(SUN, [at("mixed", (0, 1)), at("out-of-order", (0, 1), seconds=1.0)]).faults == ()


def test_a_recording_without_faults_is_the_same_one() -> None:
    assert disturb(SUN, []).recording is SUN


def test_a_disturbed_recording_can_be_saved_and_loaded_and_does_not_keep_what_holds_no_longer(tmp_path: Path) -> None:
    done = disturb(replace(SUN, reference_models={"segments": []}), list(SPECS.values()))
    loaded = load_recording(save_recording(done.recording, tmp_path / "disturbed"))
    assert loaded.values.tobytes() == done.recording.values.tobytes()
    assert loaded.times_ms.tobytes() == done.recording.times_ms.tobytes()
    assert loaded.reference_models is None
    assert "on purpose" in loaded.provenance
    with pytest.raises(RecordingError, match="time goes backwards"):
        save_recording(
            replace(done.recording, policy=replace(done.recording.policy, out_of_order="refuse")), tmp_path / "no"
        )


def test_the_list_is_one_fault_a_line() -> None:
    done = disturb(SUN, [SPECS["nan"]])
    text = sensor_faults_text(done.faults)
    assert [entry["row"] for entry in json.loads(text)] == [fault.row for fault in done.faults]
    assert len(text.splitlines()) == len(done.faults) + 2
    assert sensor_faults_text([]) == "[]\n"


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        (at("nan", (0, 1), channels=("pd11",)), "sensor fault nan: recording sun-sensor has no channel 'pd11'", "pd1"),
        (at("dropout", (0, 5000)), "rows 0 to 5000 are not in sun-sensor, which has 2880", "at most 2880"),
        (at("dropout", (0, 2880)), "no row of segment nadir of sun-sensor is left", "shorter length"),
    ],
)
def test_a_fault_that_does_not_fit_the_recording_is_refused(spec: SensorFaultSpec, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        disturb(SUN, [spec])
    assert hint in raised.value.hint


def test_a_channel_without_a_number_has_no_span() -> None:
    values = SUN.values.copy()
    values[:, 0] = np.nan
    with pytest.raises(ConfigurationError, match="a channel without a finite reading, which has no span"):
        disturb(replace(SUN, values=values), [at("spike", (0, 1), channels=("pd1",), size=1.0)])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('fault = "melt"', "fault: is 'melt', expected one of"),
        ('fault = "nan"\nevery = 10', r"channels: missing"),
        ('fault = "nan"\nchannels = []\nevery = 10', "channels: is empty or names one twice"),
        ('fault = "nan"\nchannels = ["pd1"]', "every: missing"),
        ('fault = "nan"\nchannels = ["pd1"]\nevery = 0.5', "every: is 0.5"),
        ('fault = "nan"\nchannels = ["pd1"]\nrows = [5, 5]', r"rows: is \[5, 5\], expected \[first, end\] of rows"),
        ('fault = "stuck"\nchannels = ["pd1"]\nevery = 9\nlength = [0, 5]', r"length: is \[0, 5\]"),
        ('fault = "dropout"\nevery = 9\nlength = [1, 5]\nchannels = ["pd1"]', "channels: unknown key"),
        ('fault = "spike"\nchannels = ["pd1"]\nevery = 9', "size: missing"),
        ('fault = "out-of-order"\nevery = 9\nseconds = 0.0', "seconds: is 0.0"),
        ('fault = "mixed"\nevery = 9\nseed = -1', "seed: is -1"),
    ],
)
def test_a_table_that_says_too_little_or_too_much_is_refused(tmp_path: Path, table: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(f'name = "bad"\ntitle = "bad"\n[[sensor_faults]]\n{table}\n')
    with pytest.raises(ConfigurationError, match=message):
        load_scenario(path)
