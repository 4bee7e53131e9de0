"""Recordings of every form through the whole bench: arrays, readings that are no number, no labels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.telemetry import Policy, Recording, save_recording
from tests.system.command_line import (
    Ended,
    check_error,
    read_trace,
    read_verdicts,
    run_bench,
    sun_sensor,
    write_scenario,
)

ROWS = 120
LINK_ONLY = 'name = "link"\ntitle = "no models"\ntarget = "host"\n'


def some_rows() -> Recording:
    return replace(sun_sensor().rows(0, ROWS), evaluation=None)


def unlabelled() -> Recording:
    return replace(some_rows(), labels=None, label_meanings={}, positive_label=None)


def run_on(tmp_path: Path, recording: Path, *, scenario: Path | None = None) -> Ended:
    """Run a scenario, the small one unless another is given."""
    chosen = scenario or write_scenario(tmp_path / "small.toml")
    return run_bench(tmp_path, "run", chosen, "--recording", recording, "--out", tmp_path / "run")


def test_arrays_run_as_text_does_and_are_judged_again_from_the_run_folder(tmp_path: Path) -> None:
    recording = save_recording(some_rows(), tmp_path / "rows", samples="npz")
    ended = run_on(tmp_path, recording)
    assert ended.status == 0, ended
    copied = {path.name for path in (tmp_path / "run" / "recording").iterdir()}
    assert copied == {"recording.toml", "samples.npz"}
    verdicts = (tmp_path / "run" / "verdicts.json").read_bytes()
    for path in recording.iterdir():
        path.unlink()
    assert run_bench(tmp_path, "judge", tmp_path / "run").status == 0
    assert (tmp_path / "run" / "verdicts.json").read_bytes() == verdicts


@pytest.mark.parametrize("samples", ["csv", "npz"])
def test_readings_that_are_no_number_are_refused_by_the_payload_one_by_one(tmp_path: Path, samples: str) -> None:
    values = some_rows().values.copy()
    bad = {0: np.nan, 7: np.inf, 8: -np.inf, 63: np.nan, ROWS - 1: np.nan}
    for row, reading in bad.items():
        values[row, row % 6] = reading
    recording = replace(some_rows(), values=values, policy=Policy(not_finite="stream"))
    save_recording(recording, tmp_path / "rows", samples="npz" if samples == "npz" else "csv")
    ended = run_on(tmp_path, tmp_path / "rows")
    assert ended.status == 0, ended
    verdicts = read_verdicts(tmp_path / "run")
    assert verdicts["accuracy.rows_refused"]["value"] == len(bad)
    assert verdicts["run.rows"]["value"] == ROWS
    judged = [verdict["outcome"] for name, verdict in verdicts.items() if name.startswith("parity.plain")]
    assert judged.count("PASS") >= 3  # the references leave out the same rows
    counted = [verdicts[f"accuracy.prequential.arow_3D.{count}"]["value"] for count in ("tp", "fn", "fp", "tn")]
    assert sum(counted) == ROWS - len(bad)
    events = [entry for entry in read_trace(tmp_path / "run") if entry["kind"] == "event_reported"]
    assert [entry["number"] for entry in events] == sorted(bad)


def test_readings_outside_their_range_are_trained_on(tmp_path: Path) -> None:
    values = some_rows().values.copy()
    values[5, 0] = 7.5
    recording = replace(some_rows(), values=values, policy=Policy(out_of_range="stream"))
    ended = run_on(tmp_path, save_recording(recording, tmp_path / "rows"))
    assert ended.status == 0, ended
    assert read_verdicts(tmp_path / "run")["accuracy.rows_refused"]["value"] == 0


class TestWithoutLabels:
    def test_a_learner_that_needs_them_is_named(self, tmp_path: Path) -> None:
        ended = run_on(tmp_path, save_recording(unlabelled(), tmp_path / "rows", samples="npz"))
        message = "model arow_3D: learner arow needs labels to train, and recording sun-sensor has none"
        check_error(ended, message, hint="add a label to every row, and [labels] and positive_label")
        assert not (tmp_path / "run").exists()

    def test_the_link_is_exercised_without_models(self, tmp_path: Path) -> None:
        scenario = tmp_path / "link.toml"
        scenario.write_text(LINK_ONLY)
        ended = run_on(tmp_path, save_recording(unlabelled(), tmp_path / "rows"), scenario=scenario)
        assert ended.status == 0, ended
        verdicts = read_verdicts(tmp_path / "run")
        assert verdicts["run.completed"]["value"] == 1
        assert verdicts["run.rows"]["value"] == ROWS
        assert verdicts["accuracy.rows_refused"]["value"] == 0
        assert not [name for name in verdicts if name.startswith(("accuracy.prequential", "accuracy.evaluation"))]
