"""Clone, folder and CSV of the OrbitAI data become the same recording; a damaged source is refused."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.errors import RecordingError
from bench.importing import import_orbitai
from bench.importing.source import CHANNEL_NAMES, MODEL_NAMES, SAVED_STATE, sweep_by_rule
from bench.telemetry import Segment, load_recording

RUNS = ("mochi-2021-04-16_18-28-31", "mochi-2021-04-17_22-05-41", "mochi-2021-05-05_20-40-07")
T0 = 1618593464649
FOLDER = ("train_stream_april.csv", "runs.csv", "validation_sweep.csv", "models_in_space_april.json")
# (pd1 .. pd6, label) of two April runs
ROWS = (
    ((0.01, 0.0, 0.67, 0.56, 0.0, 0.65), 1),
    ((0.01, 0.0, 0.69, 0.54, 0.0, 0.62), 1),
    ((0.0, 0.26, 0.43, 0.02, 0.0, 1.06), -1),
    ((0.0, 0.26, 0.43, 0.02, 0.0, 1.04), 1),
    ((0.0, 0.22, 0.43, 0.03, 0.0, 1.57), -1),
)
ENDS = (2, 5)


def time_of(row: int) -> int:
    return T0 + 5004 * row + (0 if row < ENDS[0] else 100_000_000)


def state(name: str, run: int) -> dict[str, list[float]]:
    learner, dimension = name.split("_")
    size = int(dimension[0])
    arrays = [array for array in SAVED_STATE[learner] if array != "timestep"]
    numbers = {array: [(run + 1) / (3 + i + at) - 0.3 for i in range(size)] for at, array in enumerate(arrays)}
    return numbers | ({"timestep": [float(ENDS[run])]} if learner == "rda" else {})


def archive(name: str, run: int) -> str:
    """The text that the flight software saved: vectors in its own order, then its scalars."""
    learner, dimension = name.split("_")
    size = int(dimension[0])
    saved = state(name, run)
    arrays = [saved[name] for name in SAVED_STATE[learner] if name != "timestep"]
    vectors = [f"{size} 0 {' '.join(format(x, '.17e') for x in array)}" for array in arrays]
    scalars = {"rda": f"{size} 1e-1 1e-6 {ENDS[run]}", "arow": f"{size} 8e-1", "adam": f"{size}"}
    return " ".join(["0 0", *vectors, scalars.get(learner, f"{size} 1e-1 0")])


def log_line(row: int) -> str:
    values, label = ROWS[row]
    return ",".join([str(time_of(row)), *(f"{v:.6f}" for v in values), str(max(label, 0)), "0.020360", "0.003920"])


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Two April runs and a May run that begins with a new log, in the public repository's layout."""
    root = tmp_path / "clone"
    for run, name in enumerate(RUNS):
        folder = root / "results" / "learning" / name
        (folder / "logs").mkdir(parents=True)
        (folder / "models").mkdir()
        rows = range(ENDS[run]) if run < 2 else (3, 4)
        (folder / "logs" / "training.csv").write_text("".join(log_line(row) + "\n" for row in rows), encoding="utf-8")
        for model in MODEL_NAMES:
            (folder / "models" / model).write_text(archive(model, min(run, 1)), encoding="utf-8")
    (root / "results" / "learning" / "notes").mkdir()
    commands = root / "Mochi" / "tools" / "cmds"
    commands.mkdir(parents=True)
    lines = ["train 1 0.11 0.22 0.33 0.44 0.55 0.7 1615959594572"]
    lines += [f"infer {1 if i < 105 else -1} 0.11 0.22 0.33 0.44 0.55 {i / 100} {T0 + i}" for i in range(158)]
    (commands / "generated_A.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The same data as a folder of tables."""
    root = tmp_path / "tables"
    root.mkdir()
    header = ",".join(CHANNEL_NAMES)
    stream = [f"row,run,timestamp_ms,{header},label"]
    for row, (values, label) in enumerate(ROWS):
        numbers = ",".join(f"{v:.2f}" for v in values)
        stream.append(f"{row},{1 if row < ENDS[0] else 2},{time_of(row)},{numbers},{label}")
    runs = ["run,model_snapshot_dir,first_row,end_row", f"1,{RUNS[0]},0,{ENDS[0]}", f"2,{RUNS[1]},{ENDS[0]},{ENDS[1]}"]
    sweep = [f"timestamp_ms,{header},label"]
    sweep += [f"{T0 + i},0.11,0.22,0.33,0.44,0.55,{i / 100},{1 if i < 105 else -1}" for i in range(158)]
    saved = {
        RUNS[run]: {
            "end_row": ENDS[run],
            "models": {
                name: {key: item[0] if key == "timestep" else item for key, item in state(name, run).items()}
                | {"dim": 1}
                for name in MODEL_NAMES
            },
        }
        for run in range(2)
    }
    for name, lines in zip(FOLDER, (stream, runs, sweep, [json.dumps({"results_learning": saved})]), strict=True):
        (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refused(source: Path, message: str, *, all_runs: bool = False) -> None:
    out = source.parent / "out"
    with pytest.raises(RecordingError, match=re.escape(message)) as caught:
        import_orbitai(source, out, all_runs=all_runs)
    assert caught.value.hint
    assert not out.exists()


def test_clone_and_folder_give_the_same_bytes(clone: Path, tables: Path, tmp_path: Path) -> None:
    one, two = import_orbitai(clone, tmp_path / "one"), import_orbitai(tables, tmp_path / "two")
    names = sorted(path.name for path in one.iterdir())
    assert names == ["evaluation.csv", "recording.toml", "reference_models.json", "samples.csv"]
    assert [name for name in names if (one / name).read_bytes() != (two / name).read_bytes()] == []


def test_the_april_runs_of_a_clone(clone: Path, tmp_path: Path) -> None:
    recording = load_recording(import_orbitai(clone, tmp_path / "out"))
    assert (recording.name, recording.deciding_channel, recording.positive_label) == ("orbitai-april-2021", "pd6", 1)
    assert recording.segments == (Segment(RUNS[0], 0, 2), Segment(RUNS[1], 2, 5))
    assert recording.values.tolist() == np.array([values for values, _ in ROWS], dtype=np.float32).tolist()
    assert recording.known_labels.tolist() == [label for _, label in ROWS]
    assert recording.times_ms.tolist() == [time_of(row) for row in range(5)]
    assert "Permission is hereby granted" in recording.licence
    assert "10.1109/AERO53065.2022.9843402" in recording.provenance
    assert recording.reference_models is not None
    ends = [entry["end_row"] for entry in recording.reference_models["segments"]]
    assert ends == list(ENDS)
    for run, entry in enumerate(recording.reference_models["segments"]):
        assert entry["models"] == {name: state(name, run) for name in MODEL_NAMES}


def test_all_runs_put_a_new_log_behind_the_one_before(clone: Path, tmp_path: Path) -> None:
    recording = load_recording(import_orbitai(clone, tmp_path / "out", all_runs=True))
    assert recording.name == "orbitai-april-may-2021"
    assert [(s.name, s.end_row) for s in recording.segments] == [(RUNS[0], 2), (RUNS[1], 5), (RUNS[2], 7)]
    assert recording.known_labels.tolist() == [label for _, label in (*ROWS, *ROWS[3:])]
    assert recording.reference_models is not None
    assert [entry["end_row"] for entry in recording.reference_models["segments"]] == [2, 5, 7]


def test_the_sweep_of_the_rule_equals_the_repository_s(clone: Path, tmp_path: Path) -> None:
    read = load_recording(import_orbitai(clone, tmp_path / "one")).evaluation
    (clone / "Mochi" / "tools" / "cmds" / "generated_A.txt").unlink()
    made = load_recording(import_orbitai(clone, tmp_path / "two")).evaluation
    assert read is not None
    assert made is not None
    for rows in (made, sweep_by_rule()):
        assert rows.values.tobytes() == read.values.tobytes()
        assert rows.labels.tolist() == read.labels.tolist() == [1] * 105 + [-1] * 53


def test_a_csv_keeps_further_columns_and_cuts_where_run_changes(tables: Path, tmp_path: Path) -> None:
    path = tmp_path / "my stream.csv"
    lines = (tables / FOLDER[0]).read_text(encoding="utf-8").splitlines()
    runs = ["run", "1", "2", "1", "1", "3"]
    cells = [line.split(",") for line in lines]
    names = ["mode", "m1", "m2", "m3", "m4", "m5"]
    table = [",".join([name, run, *cell[2:]]) for name, run, cell in zip(names, runs, cells, strict=True)]
    path.write_text("\n".join(table), encoding="utf-8")
    recording = load_recording(import_orbitai(path, tmp_path / "out"))
    assert [(s.name, s.end_row) for s in recording.segments] == [
        ("run-1", 1),
        ("run-2", 2),
        ("run-1.2", 4),
        ("run-3", 5),
    ]
    assert recording.name == "my-stream"
    assert [(a.name, a.texts) for a in recording.auxiliary] == [("mode", ("m1", "m2", "m3", "m4", "m5"))]
    assert recording.evaluation is None
    assert recording.reference_models is None


def test_an_import_replaces_a_recording_but_no_other_folder(tables: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    import_orbitai(tables, out)
    import_orbitai(tables, out)
    with pytest.raises(RecordingError, match="not only a recording"):
        import_orbitai(tables, tmp_path)


LEARN = Path("results/learning")
APRIL_1, APRIL_2 = LEARN / RUNS[0], LEARN / RUNS[1]
AROW = APRIL_1 / "models" / "arow_3D"
LOG_2 = APRIL_2 / "logs" / "training.csv"
COMMANDS = Path("Mochi/tools/cmds/generated_A.txt")


def remove_runs(clone: Path) -> None:
    for run in RUNS:
        shutil.rmtree(clone / LEARN / run)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: (c / AROW).unlink(), "arow_3D: no such file"),
        (lambda c: (c / AROW).write_text("22 serialization"), "arow_3D: not a saved model: could not convert"),
        (lambda c: (c / AROW).write_text("1 0 3 0"), "not a saved model: it begins with [1.0, 0.0], expected 0 0"),
        (lambda c: (c / AROW).write_text("0 0 2 0 1 1"), "not a saved model: cov has 2 numbers, expected 3"),
        (lambda c: (c / AROW).write_text("0 0 3 0 1 1 1 3 0 1"), "not a saved model: it ends after 10 numbers"),
        (lambda c: edit(c / LOG_2, ",1,0.0", ",5,0.0"), "does not continue that of mochi-2021-04-16_18-28-31"),
        (lambda c: edit(c / LOG_2, "1.060000,0", "1.060000,5"), "line 3: label is 5, expected 1 or 0"),
        (lambda c: edit(c / LOG_2, "1.060000,0,", "1.060000,0,7,"), "line 3 has 11 values, expected 10"),
        (lambda c: edit(c / LOG_2, "1.060000", "1.760000"), "row 2: pd6 is 1.76 rad, outside its range [0.0, 1.57"),
        (lambda c: shutil.rmtree(c / APRIL_1), f"run {RUNS[1]} is silent for 100005 s after row 1"),
        (lambda c: shutil.copytree(c / APRIL_2, c / LEARN / "mochi-2021-04-18_01-17-02"), "end at rows 2, 5, 5"),
        (lambda c: (c / APRIL_1).rename(c / LEARN / "mochi-2021-99-16_18-28-31"), "the folder's name holds no date"),
        (remove_runs, "no run with logs/training.csv and models/"),
        (lambda c: edit(c / COMMANDS, "infer 1 ", "infer -1 "), "infer command 1 has label -1 against the camera rule"),
        (lambda c: (c / COMMANDS).write_text("train 1"), "generated_A.txt: no rows"),
    ],
)
def test_a_damaged_clone_is_refused(clone: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(clone)
    refused(clone, message)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (FOLDER[0], "2,2,16", "3,2,16", "row 3 follows row 1 (line 4)"),
        (FOLDER[0], "2,2,16", "2,1,16", "runs end at rows 3, 5, runs.csv says 2, 5"),
        (FOLDER[0], "pd6", "pd7", "no column 'pd6'"),
        (FOLDER[0], "0.65,1", "0.65,70000", "label 70000 is outside"),
        (FOLDER[1], ",2,5", ",2,1", "the runs end at rows 2, 1, expected rising numbers"),
        (FOLDER[2], "0.55,0.0,1", "0.55,x,1", "pd6 is 'x', not a number"),
        (FOLDER[3], "{", "", "not valid JSON"),
        (FOLDER[3], "arow_3D", "arow_4D", "not the downlinked models: KeyError: 'arow_3D'"),
        (FOLDER[3], '"end_row": 2', '"end_row": 3', "not the downlinked models: ValueError: end_row is 3, expected 2"),
        (FOLDER[3], '"dim": 1}', '"dim": 1}, "x": 1', ""),
    ],
)
def test_a_damaged_folder_is_refused(tables: Path, name: str, old: str, *, new: str, message: str) -> None:
    edit(tables / name, old, new)
    if message:
        refused(tables, message)
    else:
        import_orbitai(tables, tables.parent / "out")


@pytest.mark.parametrize("name", FOLDER[1:])
def test_an_incomplete_folder_is_refused(tables: Path, name: str) -> None:
    (tables / name).unlink()
    refused(tables, f"{name}: no such file")


def test_what_is_no_source_is_refused(tables: Path, tmp_path: Path) -> None:
    refused(tmp_path / "absent", "absent: no such file or folder")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "no OrbitAI data in this folder")
    refused(tables, "only a clone of the public repository holds all runs", all_runs=True)


def test_the_flown_april_runs(orbitai_data: Path, tmp_path: Path) -> None:
    recording = load_recording(import_orbitai(orbitai_data, tmp_path / "out"))
    assert [segment.end_row for segment in recording.segments] == [849, 1698, 2237, 2776, 3315, 3854]
    assert np.bincount(recording.known_labels + 1).tolist() == [25, 0, 3829]
    assert recording.evaluation is not None
    assert recording.evaluation.values.tobytes() == sweep_by_rule().values.tobytes()
    assert recording.evaluation.labels.tolist() == sweep_by_rule().labels.tolist()
    saved = json.loads((orbitai_data / "models_in_space_april.json").read_text(encoding="utf-8"))["results_learning"]
    assert recording.reference_models is not None
    count = 0
    for segment, entry in zip(recording.segments, recording.reference_models["segments"], strict=True):
        for name, arrays in entry["models"].items():
            expected = saved[segment.name]["models"][name]
            assert arrays == {key: expected[key] if key != "timestep" else [expected[key]] for key in arrays}
            count += 1
    print(f"{recording.row_count} rows, {count} reference models")
    assert count == 120
