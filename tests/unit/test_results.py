"""verdicts.json and models.json, as other programs read them."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import RunFolderError
from bench.measure import Measurement, RunContext, measure
from bench.results.models import models_json, number_text, save_models
from bench.results.verdicts import load_verdicts, save_verdicts, verdicts_json
from bench.scenario import Limit
from bench.trace import ModelDumped
from bench.verdict import judge
from tests.unit.made_runs import MODELS, created, make_run

KEYS = {"name", "outcome", "value", "limit", "unit", "clock", "required", "repeatable", "because", "interval"} | {
    "limit_because",
    "partial",
}


def test_verdicts_have_these_keys_and_null_where_there_is_no_limit() -> None:
    made = make_run()
    verdicts = judge(measure(made.trace, RunContext(made.recording)), [Limit("parity.plain", equal=0)])
    objects = json.loads(verdicts_json(verdicts))
    assert len(objects) == len(verdicts)
    assert all(set(item) == KEYS for item in objects)
    by_name = {item["name"]: item for item in objects}
    assert by_name["parity.plain"]["outcome"] == "PASS"
    listed = by_name["accuracy.rows_refused"]
    assert (listed["outcome"], listed["limit"], listed["value"]) == (None, None, 0)


def test_numbers_that_are_not_finite_are_strings() -> None:
    measurements = [Measurement(str(value), value, "1") for value in (math.nan, math.inf, -math.inf)]
    values = [item["value"] for item in json.loads(verdicts_json(judge(measurements, [])))[:3]]
    assert values == ["NaN", "Infinity", "-Infinity"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_the_same_double(value: float) -> None:
    read = float(json.loads(number_text(value)))
    assert read == value
    assert math.copysign(1.0, read) == math.copysign(1.0, value)


def test_numbers_have_17_significant_digits() -> None:
    assert number_text(0.1) == "0.10000000000000001"
    assert [number_text(value) for value in (math.nan, math.inf, -0.0, 3)] == ['"NaN"', '"Infinity"', "-0.0", "3"]


def test_models_are_listed_by_segment_end_and_read_back_exactly() -> None:
    made = make_run()
    segments = json.loads(models_json(made.trace))["segments"]
    assert [(segment["end_row"], list(segment["models"])) for segment in segments] == [
        (30, ["arow_3D", "rda_2D"]),
        (50, ["arow_3D", "rda_2D"]),
    ]
    model = segments[1]["models"]["rda_2D"]
    assert list(model) == ["learner", "features", "arithmetic", "hyperparameters", "updates", "state"]
    snapshot = made.plain.snapshots["rda_2D", 50]
    assert (model["state"], model["updates"]) == (snapshot.state, snapshot.updates)
    assert (model["learner"], model["features"], model["arithmetic"]) == ("rda", "orbitai-2d", "flight")
    assert model["hyperparameters"] == {"eta": 0.1, "lambda": 1e-6}


def test_an_aborted_segment_says_so() -> None:
    trace = [created(0, MODELS[0]), ModelDumped(0, 17, "arow_3D", 3, {"w": [math.nan]}, complete=False)]
    segment = json.loads(models_json(trace))["segments"][0]
    assert (segment["complete"], segment["models"]["arow_3D"]["state"]) == (False, {"w": ["NaN"]})


def test_a_run_without_models_has_no_segments() -> None:
    assert json.loads(models_json([])) == {"segments": []}


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text("old")
    save_models(make_run().trace, path)
    save_verdicts([], tmp_path / "verdicts.json")
    assert json.loads(path.read_text())["segments"]
    assert json.loads((tmp_path / "verdicts.json").read_text()) == []
    assert sorted(item.name for item in tmp_path.iterdir()) == ["models.json", "verdicts.json"]


def test_a_folder_that_takes_no_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "verdicts.json"
    with pytest.raises(RunFolderError, match=r"cannot write .*verdicts\.json: .*No such file") as caught:
        save_verdicts([], path)
    assert caught.value.hint == "is the disk full, or the folder gone?"


def test_verdicts_are_read_back_as_they_were(tmp_path: Path) -> None:
    made = make_run()
    figures = [*measure(made.trace, RunContext(made.recording)), Measurement("odd", -math.inf, "1")]
    verdicts = judge(figures, [Limit("parity.plain", equal=0), Limit("absent", at_most=1, because="a reason")])
    save_verdicts(verdicts, tmp_path / "verdicts.json")
    assert load_verdicts(tmp_path / "verdicts.json") == verdicts
    assert any(verdict.interval for verdict in verdicts)


@pytest.mark.parametrize("text", ["", "[1]", "{}x", '[{"name": "a"}]', '[{"name": 1, "value": 1}]', "\udcff"])
def test_a_file_that_holds_no_verdicts_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "verdicts.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RunFolderError, match="is not what a run writes") as caught:
        load_verdicts(tmp_path / "verdicts.json")
    assert "bench judge" in caught.value.hint


def test_verdicts_that_are_not_there_are_an_error_that_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"cannot read .*verdicts.json: No such file") as caught:
        load_verdicts(tmp_path / "verdicts.json")
    assert "bench judge" in caught.value.hint
