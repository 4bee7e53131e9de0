"""`bench campaign` as its users have it."""

import json
import signal
from pathlib import Path

import pytest

from tests.system.command_line import ROOT, Command, check_error, run_bench, wait_until
from tests.unit.made_campaigns import campaign_text

HERE = {"PYTHONPATH": str(ROOT)}
"""So that the payload of the tests is found."""


def write(folder: Path, text: str, name: str = "toy.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def report_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "report.json").read_text())
    return found


def test_a_campaign_is_drawn_injected_and_reported(tmp_path: Path) -> None:
    path = write(tmp_path, campaign_text(injections=10))
    ended = run_bench(tmp_path, "campaign", path, "--workers", "1", environment=HERE)
    assert ended.status == 0, ended
    folder = tmp_path / "runs" / "campaigns" / "toy"
    assert sorted(path.name for path in folder.iterdir()) == [
        "campaign.toml", "facts.json", "faults.jsonl", "report.html", "report.json", "rows.jsonl"
    ]  # fmt: skip
    assert "at 4.04e-07 upsets per bit and day, with 95 % intervals:" in ended.out
    assert "failure" in ended.out
    first = (folder / "rows.jsonl").read_bytes()
    again = run_bench(tmp_path, "campaign", path, environment=HERE)
    assert again.status == 0
    assert "60 faults, 1 of them twice; 61 of 61 injections are done already" in again.out
    assert (folder / "rows.jsonl").read_bytes() == first


def test_a_list_is_written_and_nothing_injected(tmp_path: Path) -> None:
    ended = run_bench(
        tmp_path, "campaign", write(tmp_path, campaign_text()), "--list", "--out", "out", environment=HERE
    )
    assert ended.status == 0
    assert "72 faults, 1 of them twice; SHA-256 " in ended.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["campaign.toml", "facts.json", "faults.jsonl"]


def test_a_fault_is_replayed_and_held_against_its_row(tmp_path: Path) -> None:
    path = write(tmp_path, campaign_text())
    run_bench(tmp_path, "campaign", path, "--workers", "1", "--out", "out", environment=HERE)
    ended = run_bench(tmp_path, "campaign", path, "--out", "out", "--replay", "weights.1.3", environment=HERE)
    assert ended.status == 0, ended
    assert "weights.1.3: arow_all.w[" in ended.out
    assert "as recorded in out/rows.jsonl" in ended.out
    rows = (tmp_path / "out" / "rows.jsonl").read_text()
    mine = next(line for line in rows.splitlines() if '"weights.1.3"' in line)
    digest = json.loads(mine)["observed"]["digest"]
    (tmp_path / "out" / "rows.jsonl").write_text(rows.replace(mine, mine.replace(digest, "0")))
    ended = run_bench(tmp_path, "campaign", path, "--out", "out", "--replay", "weights.1.3", environment=HERE)
    assert ended.status == 1
    assert "OTHERWISE than recorded" in ended.out
    path.write_text(path.read_text().replace("seed = ", "seed = 9"))
    ended = run_bench(tmp_path, "campaign", path, "--out", "out", "--replay", "weights.1.3", environment=HERE)
    assert ended.status == 3
    assert "NOT COMPARED with out: its list has another fault weights.1.3." in ended.out


def test_more_exposure_than_a_day_has_is_refused_before_anything_is_injected(tmp_path: Path) -> None:
    often = "exposure.runs_per_day = 1e9\nexposure.assumed_instructions_per_s = 1\nseed = "
    path = write(tmp_path, campaign_text())
    path.write_text(path.read_text().replace("seed = ", often, 1))
    ended = run_bench(tmp_path, "campaign", path, "--workers", "1", "--out", "out", environment=HERE)
    check_error(ended, "1e+09 runs of", hint="correct exposure.runs_per_day")
    assert not (tmp_path / "out" / "rows.jsonl").exists()


def test_a_replay_needs_no_campaign_that_was_run(tmp_path: Path) -> None:
    path = write(tmp_path, campaign_text())
    ended = run_bench(tmp_path, "campaign", path, "--replay", "link.1.0", environment=HERE)
    assert ended.status == 0
    assert "recorded" not in ended.out
    ended = run_bench(tmp_path, "campaign", path, "--replay", "lnk.1.0", environment=HERE)
    check_error(ended, "no fault of this list has the id 'lnk.1.0'", hint="did you mean 'link.1'? Ids look like")
    ended = run_bench(tmp_path, "campaign", path, "--replay", "link.1.99", environment=HERE)
    check_error(ended, "no fault of this list has the id 'link.1.99'", hint="its ids go from link.1.0 to link.1.11")


def test_a_campaign_that_the_bench_failed_in_is_not_complete(tmp_path: Path) -> None:
    path = write(tmp_path, campaign_text(opener="open_failing_toy"))
    ended = run_bench(tmp_path, "campaign", path, "--workers", "1", "--out", "out", environment=HERE)
    assert ended.status == 3, ended
    assert "bench error at globals.1." in ended.out
    assert "NOT COMPLETE" in ended.out


def test_a_machine_that_does_not_repeat_is_refused_loudly(tmp_path: Path) -> None:
    path = write(tmp_path, campaign_text(opener="open_flaky_toy"))
    for _ in range(2):
        ended = run_bench(tmp_path, "campaign", path, "--workers", "1", "--out", "out", environment=HERE)
        check_error(ended, "REFUSED: fault ", hint="nothing of this campaign can be trusted")
    assert not (tmp_path / "out" / "report.json").exists()


def test_two_folders_are_compared_and_reported_again(tmp_path: Path) -> None:
    run_bench(tmp_path, "campaign", write(tmp_path, campaign_text()), "--workers", "1", "--out", "a", environment=HERE)
    guarded = write(tmp_path, campaign_text(name="guarded", opener="open_protected_toy"), "guarded.toml")
    words = ("campaign", guarded, "--workers", "1", "--out", "b", "--against", "a")
    ended = run_bench(tmp_path, *words, environment=HERE)
    assert ended.status == 0
    assert "against toy" in ended.out
    ended = run_bench(tmp_path, "campaign", "a", "--against", "b", "--out", "c")
    assert ended.status == 0
    assert "against guarded" in ended.out
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["report.html", "report.json"]
    assert report_of(tmp_path / "c")["list"] == report_of(tmp_path / "a")["list"]


def test_ctrl_c_keeps_the_rows_and_the_same_command_goes_on(tmp_path: Path) -> None:
    path = write(tmp_path, campaign_text(injections=3000))
    rows = tmp_path / "out" / "rows.jsonl"
    with Command(tmp_path, "campaign", path, "--workers", "1", "--out", "out", environment=HERE) as command:
        wait_until(lambda: rows.exists() and rows.stat().st_size > 100_000, "no row was written")
        command.process.send_signal(signal.SIGINT)
        ended = command.end()
    assert ended.status == 130
    assert "out/rows.jsonl is kept, and the same command goes on" in ended.out
    assert rows.read_bytes().endswith(b"\n")
    ended = run_bench(tmp_path, "campaign", "out")
    assert ended.status == 3
    assert "NOT COMPLETE" in ended.out


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("nowhere.toml",), "nowhere.toml: no such file", "did you mean toy.toml?"),
        (("toy.toml", "--workers", "0"), "--workers 0 does not fit", "1 or more"),
        (("toy.toml", "--workers", "2", "--scheduler", "tcp://h:1"), "--workers 2 does not fit", "its own"),
        (
            ("toy.toml", "--scheduler", "tcp://127.0.0.1:1"),
            "no scheduler answers at tcp://127.0.0.1:1",
            "dask scheduler",
        ),
        (("toy.toml", "--scheduler", "nonsense://"), "no scheduler answers at nonsense://", "dask scheduler"),
        ((".", "--list"), ". is the folder of a campaign", "to inject give its file"),
        ((".",), "faults.jsonl cannot be read", "give the folder of a campaign"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_a_hint(
    tmp_path: Path, *, words: tuple[str, ...], message: str, hint: str
) -> None:
    write(tmp_path, campaign_text())
    check_error(run_bench(tmp_path, "campaign", *words, environment=HERE), message, hint=hint)
