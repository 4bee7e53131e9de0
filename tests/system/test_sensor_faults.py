"""What a payload does with readings of broken sensors, on the host and on an emulated core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.sensor_faults import FAULTS
from tests.system.command_line import ROOT, read_trace, read_verdicts, run_bench, save_rows, write_scenario

TARGETS = ("host", "qemu-mps2-an500")
TABLES = {
    "stuck": 'channels = ["pd1"]\nevery = 60\nlength = [5, 20]',
    "dropout": "every = 60\nlength = [1, 5]",
    "nan": 'channels = ["pd2", "pd3"]\nevery = 30',
    "spike": 'channels = ["pd4"]\nevery = 30\nsize = 20.0',
    "drift": 'channels = ["pd1", "pd5"]\nevery = 40\nlength = [10, 40]\nsize = 0.5',
    "mixed": "every = 30",
    "out-of-order": "every = 30\nseconds = 60.0",
}
ROWS = 300
_TRAINED, _NOT_FINITE = 0, 1


def run_with(folder: Path, target: str, table: str) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The trace and the verdicts of a run of 300 rows with these faults."""
    save_rows(folder / "rows", 0, ROWS)
    scenario = write_scenario(folder / "broken.toml", more=f"\n[[sensor_faults]]\n{table}\n")
    words = ("--recording", folder / "rows", "--target", target, "--out", "run")
    ended = run_bench(folder, "run", scenario, *words)
    assert ended.status == 0, ended
    assert "sensor faults are in them: sensor-faults.json" in ended.out
    return read_trace(folder / "run"), read_verdicts(folder / "run")


def statuses(trace: list[dict[str, Any]]) -> list[int]:
    """Of each row, in order."""
    return [status for entry in trace if entry["kind"] == "samples_trained" for status in entry["status"]]


def faults_in(trace: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in trace if entry["kind"] == "sensor_fault_injected"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_payload_refuses_what_is_no_number_and_trains_on_the_rest(tmp_path: Path, target: str, fault: str) -> None:
    trace, verdicts = run_with(tmp_path, target, f'fault = "{fault}"\n{TABLES[fault]}')
    faults = faults_in(trace)
    assert len(faults) >= 3
    listed = json.loads((tmp_path / "run" / "sensor-faults.json").read_text())
    assert [{key: entry[key] for key in listed[0]} for entry in faults] == listed
    missing = sum(entry["rows"] for entry in faults if fault == "dropout")
    refused = sorted(entry["streamed_row"] for entry in faults) if fault == "nan" else []
    expected = [_NOT_FINITE if row in refused else _TRAINED for row in range(ROWS - missing)]
    assert statuses(trace) == expected
    events = [(entry["event"], entry["number"]) for entry in trace if entry["kind"] == "event_reported"]
    assert events == [("sample_refused", row) for row in refused]
    assert verdicts["accuracy.rows_refused"]["value"] == len(refused)
    assert verdicts["parity.plain"]["value"] == 0  # what it trained on, it trained as the plain reference did


@pytest.mark.parametrize("target", TARGETS)
def test_a_spike_beyond_float32_is_refused_as_no_number(tmp_path: Path, target: str) -> None:
    table = 'fault = "spike"\nchannels = ["pd4"]\nrows = [100, 103]\nsize = 1e39'
    trace, verdicts = run_with(tmp_path, target, table)
    assert [row for row, status in enumerate(statuses(trace)) if status] == [100, 101, 102]
    assert set(statuses(trace)[100:103]) == {_NOT_FINITE}
    assert verdicts["parity.plain"]["value"] == 0


def test_the_run_folder_judges_itself_without_the_recording_as_it_was(tmp_path: Path) -> None:
    tables = "\n[[sensor_faults]]\n".join(f'fault = "{fault}"\n{TABLES[fault]}' for fault in FAULTS)
    _, verdicts = run_with(tmp_path, "host", tables)
    (tmp_path / "rows").rename(tmp_path / "elsewhere")
    ended = run_bench(tmp_path, "judge", "run")
    assert ended.status == 0, ended
    assert read_verdicts(tmp_path / "run") == verdicts
    page = (tmp_path / "run" / "report.html").read_text()
    for fault in FAULTS:
        assert f"sensor fault, {fault}" in page


def test_rows_that_are_refused_are_in_no_data_set(tmp_path: Path) -> None:
    text = (ROOT / "fixtures" / "scenarios" / "sun-sensor-epochs.toml").read_text()
    table = '\n[[sensor_faults]]\nfault = "nan"\nchannels = ["pd1"]\nevery = 100\n'
    (tmp_path / "epochs.toml").write_text(text + table)
    ended = run_bench(tmp_path, "run", "epochs.toml", "--target", "host", "--rows", ":1000", "--out", "run")
    assert ended.status == 0, ended
    refused = [row for row, status in enumerate(statuses(read_trace(tmp_path / "run"))) if status == _NOT_FINITE]
    assert refused == [entry["streamed_row"] for entry in faults_in(read_trace(tmp_path / "run"))]
    assert len(refused) > 3
    verdicts = read_verdicts(tmp_path / "run")
    assert verdicts["accuracy.rows_refused"]["value"] == len(refused)
    assert verdicts["parity.plain"]["value"] == 0


def test_a_part_of_the_rows_has_its_own_faults(tmp_path: Path) -> None:
    save_rows(tmp_path / "rows", 0, ROWS)
    table = '\n[[sensor_faults]]\nfault = "nan"\nchannels = ["pd1"]\nrows = [10, 12]\n'
    scenario = write_scenario(tmp_path / "broken.toml", more=table)
    words = ("--recording", tmp_path / "rows", "--target", "host", "--rows", "100:200", "--out", "run")
    ended = run_bench(tmp_path, "run", scenario, *words)
    assert ended.status == 0, ended
    assert [row for row, status in enumerate(statuses(read_trace(tmp_path / "run"))) if status] == [10, 11]
