"""What `bench campaign` does where Dask is not installed."""

from pathlib import Path

import pytest

from bench.cli import main
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
