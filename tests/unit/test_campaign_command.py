"""What `bench campaign` says, and what it does where Dask is not installed."""

import shutil
from pathlib import Path

import pytest
from rich.progress import Progress

from bench.cli import main
from bench.cli.campaign_progress import MOST_UNSURE, TimeLeft
from tests.unit.made_campaigns import campaign_text


@pytest.fixture
def without_dask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bench.cli.campaign_command.find_spec", lambda _: None)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.toml").write_text(campaign_text())


@pytest.mark.usefixtures("without_dask")
def test_workers_that_were_asked_for_are_an_error_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaign", "toy.toml", "--workers", "2"]) == 2
    printed = capsys.readouterr().err
    assert "bench: Dask distributed is not installed" in printed
    assert "hint: pip install 'hil-bench[workers]'" in printed


@pytest.mark.usefixtures("without_dask")
def test_else_it_runs_in_one_process_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaign", "toy.toml"]) == 0
    assert "note: one core only" in capsys.readouterr().out


def injected(folder: Path, text: str) -> Path:
    """Work off a campaign of the toy; its folder."""
    (folder / "toy.toml").write_text(text)
    main(["campaign", str(folder / "toy.toml"), "--workers", "1", "--out", str(folder / "out")])
    return folder / "out"


def test_a_repetition_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = injected(tmp_path, campaign_text()) / "rows.jsonl"
    lines = rows.read_bytes().splitlines(keepends=True)
    rows.write_bytes(b"".join(line for line in lines if b'"repeat":true' not in line))
    capsys.readouterr()
    assert main(["campaign", str(rows.parent)]) == 3
    assert "NOT COMPLETE: 1 of 1 repetitions are not done" in capsys.readouterr().out


@pytest.mark.parametrize("more", [[], ["--list"]])
@pytest.mark.parametrize("out", ["/proc/x", "a-file", "a-file/below"])
def test_an_out_that_cannot_be_written_is_named_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, more: list[str]
) -> None:
    (tmp_path / "toy.toml").write_text(campaign_text(opener="open_broken_toy"))
    (tmp_path / "a-file").write_text("mine")
    folder = tmp_path / out
    assert main(["campaign", str(tmp_path / "toy.toml"), "--workers", "1", "--out", str(folder), *more]) == 2
    printed = capsys.readouterr().err
    assert f"bench: cannot write to {folder}: " in printed
    assert "hint: choose another --out" in printed


def test_a_report_that_cannot_be_written_is_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = injected(tmp_path, campaign_text())
    assert main(["campaign", str(folder), "--out", "/proc/x"]) == 2
    assert "bench: cannot write to /proc/x: " in capsys.readouterr().err


def test_what_no_outcome_says_is_unmeasured_and_without_a_bound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = injected(tmp_path, campaign_text())
    (folder / "rows.jsonl").write_bytes(b"")
    capsys.readouterr()
    assert main(["campaign", str(folder), "--against", str(folder)]) == 3
    said = capsys.readouterr().out
    assert "failure        unmeasured per device-day (0 to " in said
    assert "not told apart: no ratio (0 to no bound), unmeasured per device-day (no interval)" in said
    assert not {"nan", "inf"} & set(said.replace("(", " ").split())


def test_against_a_campaign_that_is_not_complete_is_not_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = injected(tmp_path, campaign_text())
    half = tmp_path / "half"
    shutil.copytree(folder, half)
    rows = (half / "rows.jsonl").read_bytes().splitlines(keepends=True)
    (half / "rows.jsonl").write_bytes(b"".join(rows[: len(rows) // 2]))
    capsys.readouterr()
    assert main(["campaign", str(folder), "--against", str(folder), "--out", str(tmp_path / "compared")]) == 0
    assert main(["campaign", str(folder), "--against", str(half), "--out", str(tmp_path / "compared")]) == 3
    said = capsys.readouterr().out
    assert f"{folder} is the folder of a campaign: nothing is injected" in said


def test_ctrl_c_before_there_are_rows_does_not_speak_of_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "toy.toml").write_text(campaign_text(opener="open_stopped_toy"))
    assert main(["campaign", str(tmp_path / "toy.toml"), "--workers", "1", "--out", str(tmp_path / "out")]) == 130
    printed = capsys.readouterr()
    assert "stopped; no fault was injected yet, and the same command goes on" in printed.out
    assert "rows.jsonl" not in printed.out
    assert printed.err == ""


def test_what_takes_long_at_the_start_is_named_and_faults_are_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    injected(tmp_path, campaign_text(injections=5))
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "preparing the golden run, or fetching it: up to a minute"
    assert said[1].startswith("30 faults, 1 of them twice; fault list ")


def test_the_time_that_is_left_is_told_when_it_can_be() -> None:
    now = 0.0
    with Progress(TimeLeft(), get_time=lambda: now, disable=True) as bar:
        task = bar.add_task("injecting", total=1000, completed=500, before=500)
        for done in (*range(501, 500 + MOST_UNSURE), 500 + MOST_UNSURE):
            assert str(TimeLeft().render(bar.tasks[0])) == "-:--:--"
            now += 1.0
            bar.update(task, completed=done)
        assert str(TimeLeft().render(bar.tasks[0])) == "0:07:50"


def test_a_folder_that_is_to_inject_is_answered_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["campaign", str(tmp_path), "--replay", "link.1.0"]) == 2
    assert f"hint: to inject give its file: {tmp_path / 'campaign.toml'} --out {tmp_path}" in capsys.readouterr().err
