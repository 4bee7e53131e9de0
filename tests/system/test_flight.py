"""The flight of OPS-SAT-1 again, through the command line: what came down is compared here by code of its own.

Nothing of the bench's parity measures is used: JSON files are parsed, and doubles compared as their 64 bits.
"""

import csv
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.clock import MonotonicClock
from bench.plan import ConfigureStream, CreateModels, DumpModels, Plan, Restart, RestoreModels, Step, make_plan
from bench.scenario import load_scenario
from bench.session import Recorder, Session, run
from bench.session.open import make_transport
from bench.target import load_target
from bench.telemetry import Recording, Segment, load_recording
from bench.trace import ModelDumped
from tests.system.command_line import read_models, read_verdicts, run_bench
from tests.system.emulated import QEMU_TARGETS, build

DIMENSIONS = ("1D", "2D", "3D", "5D")
SAVED = [f"{flown}_{dimension}" for flown in ("adam", "rda", "arow", "scw", "nherd") for dimension in DIMENSIONS]
"""Came down. Of what was trained without being saved, the flight's library gives the state after the last row."""
MODELS = [*SAVED, *(f"{flown}_{dimension}" for flown in ("pa", "pa1", "pa2") for dimension in DIMENSIONS)]
ENDS = (849, 1698, 2237, 2776, 3315, 3854)
"""Rows trained by the end of each April run (runs.csv)."""
TARGETS = (*QEMU_TARGETS, "host")


def bits(value: Any) -> object:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [struct.pack(">d", number) for number in value]
    return value


def check_state(name: str, state: dict[str, Any], golden: dict[str, Any], *, end_row: int) -> None:
    """ADAM's counter is not compared at a run's end: it was read when the next run had set it to 0."""
    assert state, name
    for array, value in state.items():
        if not (name.startswith("adam") and array == "timestep" and end_row in ENDS):
            where = f"{name} after row {end_row}: {array}"
            assert bits(value) == bits(golden[array]), f"{where} is {value}, flown {golden[array]}"


@pytest.fixture
def recording_folder(orbitai_data: Path, tmp_path: Path) -> Path:
    """Give the recording that `bench import` makes of the public data."""
    folder = tmp_path / "april"
    ended = run_bench(tmp_path, "import", "orbitai", orbitai_data, "--out", folder)
    assert ended.status == 0, ended
    assert "3854 rows in 6 segments" in ended.out
    return folder


@pytest.mark.parametrize("target", TARGETS)
def test_the_flight_gives_the_models_that_came_down(
    orbitai_data: Path, recording_folder: Path, tmp_path: Path, target: str
) -> None:
    out = tmp_path / "run"
    words = ("--target", target, "--recording", recording_folder, "--out", out)
    ended = run_bench(tmp_path, "run", "orbitai-flight", *words)
    assert ended.status == 0, ended.out
    flown = json.loads((orbitai_data / "models_in_space_april.json").read_text())["results_learning"].values()
    references = {entry["end_row"]: entry["models"] for entry in flown}
    golden = json.loads((orbitai_data / "golden_april_as_flown.json").read_text())["models"]
    segments = read_models(out)
    assert tuple(segment["end_row"] for segment in segments) == ENDS
    compared = 0
    for segment in segments:
        for name in SAVED:
            state = segment["models"][name]["state"]
            check_state(name, state, references[segment["end_row"]][name], end_row=segment["end_row"])
            compared += 1
    assert compared == 120
    for name in MODELS:
        assert segments[-1]["models"][name]["updates"] == golden[name]["updates"], name
        check_state(name, segments[-1]["models"][name]["state"], golden[name], end_row=ENDS[-1])
    assert check_published(orbitai_data, out) == len(SAVED) == 20
    print(f"{target}: {compared}/120 flown models, {len(MODELS)}/32 of the flight's library bit-identical, ", end="")
    print(f"{len(SAVED)}/20 published confusion matrices")


def test_the_counter_that_the_flight_lost_holds_the_updates_of_the_last_run(
    recording_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ("--target", "host", "--recording", recording_folder, "--out", out)
    run_bench(tmp_path, "run", "orbitai-flight", *words)
    last = read_models(out)[-1]["models"]
    counters = {name: last[name]["state"]["timestep"] for name in SAVED if name.startswith("adam")}
    assert counters == {"adam_1D": 539, "adam_2D": 539, "adam_3D": 539, "adam_5D": 140}


def check_published(orbitai_data: Path, out: Path) -> int:
    """How many published confusion matrices the run's verdicts repeat; every one is asserted."""
    verdicts = read_verdicts(out)
    with (orbitai_data / "published_space_2021-04-18.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        stem = f"accuracy.evaluation.{row['algorithm']}_{row['dimension']}D"
        for count in ("TP", "FN", "FP", "TN"):
            assert verdicts[f"{stem}.{count.lower()}"]["value"] == int(row[count]), f"{stem}.{count}"
        expected = float(row["accuracy_balanced"])
        assert verdicts[f"{stem}.balanced_accuracy"]["value"] == pytest.approx(expected, abs=1e-12), stem
    return len(rows)


def segmented(recording: Recording, ends: list[int]) -> Recording:
    """The first rows as a recording with a segment up to each of `ends`."""
    starts = [0, *ends[:-1]]
    segments = tuple(Segment(f"to-{end}", start, end) for start, end in zip(starts, ends, strict=True))
    return replace(recording.rows(0, ends[-1]), segments=segments, reference_models=None)


def restarted_between_runs(steps: Iterable[Step]) -> Iterator[Step]:
    """Restart the payload after every dump at a run's end."""
    for step in steps:
        yield step
        if isinstance(step, DumpModels) and step.end_row in ENDS:
            yield Restart("a run ends")
            yield ConfigureStream(step.end_row)
            yield RestoreModels()


@pytest.mark.parametrize("name", TARGETS)
def test_the_payload_holds_every_golden_state_on_the_way(orbitai_data: Path, recording_folder: Path, name: str) -> None:
    checkpoints = json.loads((orbitai_data / "golden_trace.json").read_text())["checkpoints"]
    ends = sorted({*map(int, checkpoints), ENDS[0]} - {0})
    recording = segmented(load_recording(recording_folder), ends)
    target = load_target(name)
    scenario = replace(load_scenario("orbitai-flight"), restart_between_segments=False, evaluate=False)
    steps = list(restarted_between_runs(make_plan(scenario, recording, target=target).steps))
    created = next(index for index, step in enumerate(steps) if isinstance(step, CreateModels))
    steps.insert(created + 1, DumpModels(segment=0, end_row=0))  # the state before the first row
    recorder = Recorder(MonotonicClock())
    with make_transport(target, build(target)) as transport:
        session = Session(
            transport,
            recording,
            recorder=recorder,
            clock=MonotonicClock(),
            target_name=name,
            ready_s=target.transport.ready_s,
            speed=None,
        )
        assert run(Plan(tuple(steps)), session, recorder=recorder) == "completed"
    compared = 0
    for dump in (entry for entry in recorder.entries if isinstance(entry, ModelDumped)):
        if str(dump.end_row) in checkpoints:
            golden = checkpoints[str(dump.end_row)][dump.name]
            check_state(dump.name, dump.state, golden, end_row=dump.end_row)
            assert dump.updates == golden["updates"], f"{dump.name} after row {dump.end_row}"
            compared += 1
    assert compared == 44 * len(MODELS) == 1408
    print(f"{name}: {compared}/1408 golden states and update counts bit-identical")


def test_without_a_recording_the_scenario_says_how_to_get_one(tmp_path: Path) -> None:
    ended = run_bench(tmp_path, "run", "orbitai-flight")
    assert ended.status == 2
    assert "bench: scenario orbitai-flight has no recording of its own, and none was given" in ended.err
    assert "hint: bench import orbitai PATH --out DIR" in ended.err
    assert not (tmp_path / "runs").exists()
