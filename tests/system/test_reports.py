"""Reports as users have them: made by a run, and again from folders and packs; a full disk takes nothing away."""

import json
import subprocess
from pathlib import Path

import pytest

from bench.report import REPORTS
from tests.system.command_line import (
    BENCH,
    DEADLINE_S,
    Ended,
    check_error,
    read_verdicts,
    run_bench,
    save_rows,
    write_scenario,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Give the folder of a small run, and what the command said."""
    place = tmp_path_factory.mktemp("made")
    return place / "run", run_small(place)


def run_small(place: Path, *, limit: str = "") -> Ended:
    """Run sixty rows on the native payload, in `place`."""
    write_scenario(place / "small.toml", more=limit)
    save_rows(place / "rows", 780, 840)
    words = ("run", place / "small.toml", "--recording", place / "rows", "--out", place / "run")
    return run_bench(place, *words)


def with_largest_file(place: Path, kib: int, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the bench where no file may grow beyond some size, as on a disk that is nearly full."""
    return subprocess.run(
        ["sh", "-c", f'ulimit -f {2 * kib} && exec "$@"', "sh", BENCH, *words],  # blocks of 512 bytes
        cwd=place,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def test_a_run_writes_its_reports_and_names_the_page(made: tuple[Path, Ended]) -> None:
    folder, ended = made
    assert ended.status == 0
    assert ended.out.splitlines()[-1] == f"report: {folder / 'report.html'}"
    assert all((folder / name).stat().st_size for name in REPORTS)
    document = json.loads((folder / "report.json").read_text())
    assert (document["outcome"], document["exit_status"], document["run"]["folder"]) == ("PASS", 0, "run")
    assert document["environment"]["recording"].startswith("sun-sensor: ")


def test_a_folder_gives_the_same_reports_again(made: tuple[Path, Ended], tmp_path: Path) -> None:
    folder, _ = made
    ended = run_bench(tmp_path, "report", folder, "--out", tmp_path / "out")
    assert (ended.status, ended.out.strip()) == (0, str(tmp_path / "out" / "report.html"))
    for name in REPORTS:
        assert (tmp_path / "out" / name).read_text() == (folder / name).read_text()


def test_several_runs_have_folders_of_their_own(made: tuple[Path, Ended], tmp_path: Path) -> None:
    folder, _ = made
    run_bench(tmp_path, "pack", folder, "--out", tmp_path / "other.zip")
    ended = run_bench(tmp_path, "report", folder, tmp_path / "other.zip", "--out", tmp_path / "out")
    assert ended.status == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["other", "run"]
    assert json.loads((tmp_path / "out" / "other" / "report.json").read_text())["run"]["folder"] == "other"
    (tmp_path / "history.sqlite").touch()
    (tmp_path / "none").mkdir()
    some = run_bench(
        tmp_path, "report", tmp_path / "none", tmp_path / "history.sqlite", folder, "--out", tmp_path / "some"
    )
    check_error(some, "none is no complete run folder: trace.jsonl is missing", hint="bench run --out")
    assert some.out.splitlines() == [str(tmp_path / "some" / "run" / "report.html")], "one that is none stops no other"
    alone = run_bench(tmp_path, "report", tmp_path / "history.sqlite")
    check_error(alone, "a history is no run", hint="run folders, or packs")
    twice = run_bench(tmp_path, "report", folder, folder, "--out", tmp_path / "twice")
    check_error(twice, "two runs are called run", hint="one by one")


def test_a_pack_holds_no_reports_and_takes_none(made: tuple[Path, Ended], tmp_path: Path) -> None:
    folder, _ = made
    run_bench(tmp_path, "pack", folder, "--out", tmp_path / "run.zip")
    ended = run_bench(tmp_path, "judge", tmp_path / "run.zip", "--out", tmp_path / "unpacked")
    assert ended.status == 0
    assert not any((tmp_path / "unpacked" / name).exists() for name in REPORTS)
    check_error(
        run_bench(tmp_path, "report", tmp_path / "run.zip"), "is a pack, which takes no reports", hint="--out DIR"
    )


def test_judging_again_renews_the_reports(tmp_path: Path) -> None:
    run_small(tmp_path)
    scenario = tmp_path / "run" / "scenario.toml"
    scenario.write_text(scenario.read_text() + '\n[[limits]]\nmeasure = "run.rows"\nat_most = 1\n')
    assert run_bench(tmp_path, "judge", tmp_path / "run").status == 1
    assert json.loads((tmp_path / "run" / "report.json").read_text())["outcome"] == "FAIL"


def test_what_is_no_run_is_one_error(tmp_path: Path) -> None:
    check_error(run_bench(tmp_path, "report", tmp_path / "gone"), "gone does not exist", hint="bench run")


def test_a_full_disk_is_one_error_and_the_reports_that_were_there_stay(
    made: tuple[Path, Ended], tmp_path: Path
) -> None:
    folder, _ = made
    out = tmp_path / "out"
    run_bench(tmp_path, "report", folder, "--out", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    ended = with_largest_file(tmp_path, 16, "report", folder, "--out", out)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0].startswith(f"bench: cannot write {out}/")
    assert ended.stderr.splitlines()[1:] == ["hint: is the disk full, or the folder gone?"]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_disk_that_fills_up_behind_the_verdicts_takes_nothing_of_them(tmp_path: Path) -> None:
    write_scenario(tmp_path / "small.toml")
    save_rows(tmp_path / "rows", 780, 840)
    words = ("run", tmp_path / "small.toml", "--recording", tmp_path / "rows", "--out", tmp_path / "run")
    ended = with_largest_file(tmp_path, 72, *words)
    assert ended.returncode == 2
    assert "0 FAIL" in ended.stdout
    assert "run folder: " in ended.stdout
    assert "report.html: File too large" in ended.stderr
    assert len(read_verdicts(tmp_path / "run")) > 50
    assert run_bench(tmp_path, "judge", tmp_path / "run").status == 0
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]
