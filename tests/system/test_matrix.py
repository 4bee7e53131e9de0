"""`bench matrix` as users have it: from a run folder, from the history when the folder is gone, and from a pack."""

import csv
import shutil
from pathlib import Path

import pytest

from tests.system.command_line import Ended, check_error, run_bench, save_rows, write_scenario

SHOWN = '[[limits]]\nmeasure = "run.rows"\nequal = 60\nrequirements = ["PL-FUN-010"]\n'
FILE = (
    '[[requirement]]\nid = "PL-FUN-010"\ntext = "It trains."\n\n[[requirement]]\nid = "PL-TIM-010"\ntext = "In time."\n'
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a run, its pack, and the history."""
    made = tmp_path_factory.mktemp("made")
    write_scenario(made / "small.toml", more=SHOWN)
    save_rows(made / "rows", 780, 840)
    words = ("run", made / "small.toml", "--recording", made / "rows", "--out", made / "runs" / "one")
    assert run_bench(made, *words, "--history", made / "history.sqlite").status == 0
    assert run_bench(made, "pack", made / "runs" / "one", "--out", made / "one.hilpack").status == 0
    (made / "requirements.toml").write_text(FILE)
    return made


def matrix(place: Path, *words: str | Path) -> Ended:
    return run_bench(place, "matrix", *words, "--out", place / "matrix", "--history", place / "history.sqlite")


@pytest.mark.parametrize("run", ["runs", "runs/one", "one.hilpack", "last", "small@last"])
def test_whatever_names_a_run_is_evidence(place: Path, run: str) -> None:
    ended = matrix(place, run)
    assert ended.status == 0, ended
    assert ended.out.splitlines()[:2] == ["verified    PL-FUN-010", "1 requirement: 1 verified"]
    [line] = csv.DictReader((place / "matrix" / "matrix.csv").read_text().splitlines())
    assert (line["requirement"], line["test"], line["target"], line["verdict"]) == (
        "PL-FUN-010",
        "small",
        "host",
        "PASS",
    )
    assert "PL-FUN-010" in (place / "matrix" / "matrix.html").read_text()


def test_a_run_whose_folder_is_gone_is_still_evidence(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place, tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved" / "runs")
    ended = matrix(tmp_path / "moved", "last", "--requirements", place / "requirements.toml")
    assert ended.status == 3, ended
    assert ended.out.splitlines()[:3] == [
        "verified    PL-FUN-010",
        "open        PL-TIM-010  no evidence",
        "2 requirements: 1 open, 1 verified",
    ]


def test_a_word_that_names_nothing_is_one_error(place: Path) -> None:
    check_error(matrix(place, "smal@last"), "nothing is called 'smal@last' in", hint="small")
    check_error(matrix(place, "runs/two"), "runs/two does not exist", hint="give run folders")
