"""A table that was not made for the bench: imported by its command line, run, and judged."""

import csv
import math
import shlex
from pathlib import Path

import pytest

from bench.telemetry import load_recording
from tests.system.command_line import check_error, read_verdicts, run_bench

FEATURES = ("mean", "std", "kurtosis", "skew", "n_peaks", "smooth10_n_peaks")
SAID = (
    "--features", ",".join(FEATURES), "--unit", "*=1", "--range", "*=observed",
    "--label", "anomaly", "--class", "nominal=0", "--class", "anomaly=1", "--positive", "1",
    "--period", "5", "--hold-out", "300", "--licence", "MIT, (c) 2024 KP Labs",
)  # fmt: skip


def test_ops_sat_telemetry_segments_are_imported_and_trained_on(opssat_ad_data: Path, tmp_path: Path) -> None:
    """Features of real telemetry segments of OPS-SAT and whether an expert called them anomalous (OPSSAT-AD)."""
    table, out = opssat_ad_data / "train.csv", tmp_path / "opssat-ad"
    ended = run_bench(tmp_path, "import", "csv", table, *SAID, "--out", out)
    assert (ended.status, ended.err) == (0, "")
    with table.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    recording = load_recording(out)
    assert recording.row_count + 300 == len(lines)
    assert recording.known_labels.tolist() == [int(line["anomaly"]) for line in lines[:-300]]
    for index, name in enumerate(FEATURES):
        assert abs(float(lines[7][name]) - float(recording.values[7, index])) <= abs(float(lines[7][name])) * 2**-24
    next_words = ended.out.splitlines()[-1].removeprefix("next: bench ").split()
    ended = run_bench(tmp_path, *next_words, "--target", "host", "--out", tmp_path / "run")
    assert ended.status == 0, ended
    verdicts = read_verdicts(tmp_path / "run")
    assert verdicts["run.rows"]["value"] == len(lines) - 300
    assert verdicts["accuracy.rows_refused"]["value"] == 0
    reached = verdicts["accuracy.evaluation.arow.balanced_accuracy"]["value"]
    assert reached is not None
    print(f"OPSSAT-AD: AROW trained on {recording.row_count} segments, balanced accuracy {reached:.3f} on 300 others")


@pytest.mark.parametrize("parts", [3, 16])
def test_many_classes_are_imported_and_trained_on_as_the_command_says(tmp_path: Path, *, parts: int) -> None:
    """One class for each of equal parts of a circle, which weights for each of them tell apart."""
    angles = [2 * math.pi * row / 96 for row in range(96)]
    lines = [f"{math.cos(angle):.3f},{math.sin(angle):.3f},{row * parts // 96}" for row, angle in enumerate(angles)]
    (tmp_path / "circle.csv").write_text("\n".join(("x,y,part", *lines)) + "\n")
    classes = [word for part in range(parts) for word in ("--class", f"part {part}={part}")]
    words = "--features x,y --units 1,1 --range *=-1:1 --label part --positive 1 --period 1 --evaluation circle.csv"
    ended = run_bench(tmp_path, "import", "csv", "circle.csv", *words.split(), *classes, "--out", "a circle")
    assert (ended.status, ended.err) == (0, "")
    next_words = shlex.split(ended.out.splitlines()[-1].removeprefix("next: bench "))
    assert next_words == ["run", "first-epochs", "--recording", "a circle"]
    ended = run_bench(tmp_path, *next_words, "--target", "host", "--out", tmp_path / "run")
    assert ended.status == 0, ended
    verdicts = read_verdicts(tmp_path / "run")
    assert verdicts["parity.onnx"]["value"] == 0
    reached = verdicts["accuracy.evaluation.logistic.balanced_accuracy"]["value"]
    assert reached is not None
    assert reached > 2 / parts, "two classes alone, each told from all the others, give as much"


def test_what_a_table_does_not_say_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "heater.csv").write_text("temperature,state\n20.5,0\n40,1\n")
    words = ("import", "csv", "heater.csv", "--features", "temperature", "--label", "state", "--out", "heater")
    ended = run_bench(tmp_path, *words)
    check_error(
        ended,
        "heater.csv does not say: the unit of temperature; the range of temperature; the meaning of label 0 (1 rows)",
        hint="add --unit temperature=UNIT --range temperature=LOW:HIGH --class MEANING=0 --class MEANING=1",
    )
    assert not (tmp_path / "heater").exists()


def test_nothing_is_overwritten_but_a_recording(tmp_path: Path) -> None:
    (tmp_path / "heater.csv").write_text("temperature,state\n20.5,0\n40,1\n")
    (tmp_path / "heater").mkdir()
    (tmp_path / "heater" / "notes.txt").write_text("mine")
    ended = run_bench(tmp_path, "import", "csv", "heater.csv", "--out", "heater")
    check_error(ended, "heater: exists and is not only a recording (it holds notes.txt)", hint="another output folder")
