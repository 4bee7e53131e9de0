"""Runs of tests enter the history, and are held to a baseline."""

from pathlib import Path

import pytest

from bench.history import open_history
from tests.plugin.lab import TRAIN, Lab, printed


@pytest.fixture
def history(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file that a project's runs enter; its tests stand ready."""
    monkeypatch.delenv("HIL_HISTORY")
    lab.write_rows()
    lab.write("test_it.py", TRAIN)
    return lab.path / "runs" / "history.sqlite"


def set_baseline(history: Path) -> None:
    with open_history(history) as file:
        file.set_baseline("good", [row.id for row in file.runs()])


def test_a_run_like_its_baseline_passes_and_one_that_differs_fails(lab: Lab, history: Path) -> None:
    lab.run("--hil-target", "host").assert_outcomes(passed=1)
    set_baseline(history)
    lab.run("--hil-target", "host", "--hil-baseline", "good").assert_outcomes(passed=1)
    with open_history(history) as file:
        facts = file.facts(file.runs(limit=2)[0].id)
        file.add(type(facts)(**{**vars(facts), "digests": dict.fromkeys(facts.digests, "00")}))
    failed = lab.run("--hil-target", "host", "--hil-baseline", "good")
    failed.assert_outcomes(failed=1)
    assert "baseline good, train on host: not repeatable: arow: another state at row 60" in printed(failed)


def test_without_a_run_to_compare_with_it_is_unmeasured(lab: Lab, history: Path) -> None:
    lab.run("--hil-target", "host").assert_outcomes(passed=1)
    set_baseline(history)
    lab.write("test_it.py", TRAIN.replace('"orbitai-3d"', '"orbitai-2d"'))
    skipped = lab.run("--hil-target", "host", "--hil-baseline", "good")
    skipped.assert_outcomes(skipped=1)
    assert "has only runs with another recording, models, settings or part" in printed(skipped)
    lab.run("--hil-target", "host", "--hil-baseline", "good", "--hil-require").assert_outcomes(failed=1)
    lab.write("test_it.py", TRAIN.replace("test_train", "test_other"))
    assert "has no such run" in printed(lab.run("--hil-target", "host", "--hil-baseline", "good"))


def test_a_baseline_that_is_none_is_an_error_and_so_is_a_history_that_is_off(
    lab: Lab, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--hil-target", "host", "--hil-baseline")
    nowhere = lab.run(*words, "good")
    assert nowhere.ret == pytest.ExitCode.USAGE_ERROR
    assert "no baseline good: there is no history" in printed(nowhere)
    assert not history.exists()
    lab.run(*words[:2]).assert_outcomes(passed=1)
    set_baseline(history)
    typo = lab.run(*words, "god")
    assert typo.ret == pytest.ExitCode.USAGE_ERROR
    assert "no baseline god in" in printed(typo)
    assert "did you mean 'good'?" in printed(typo)
    monkeypatch.setenv("HIL_HISTORY", "off")
    off = lab.run(*words, "good")
    assert off.ret == pytest.ExitCode.USAGE_ERROR
    assert "the history that holds it is switched off" in printed(off)


def test_a_damaged_history_fails_one_test_and_is_named_in_the_end(lab: Lab, history: Path) -> None:
    history.parent.mkdir()
    history.write_text("no database " * 100)
    lab.write("test_it.py", TRAIN + TRAIN.replace("test_train", "test_again"))
    result = lab.run("--hil-target", "host")
    result.assert_outcomes(failed=1, passed=1)
    assert "hil: 2 runs did not enter the history" in printed(result)
    assert history.read_text().startswith("no database")
