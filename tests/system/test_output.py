"""Standard output that is closed, full or no terminal: the run goes on, and what is printed can be searched."""

from pathlib import Path

import pytest

from tests.system.command_line import read_trace, run_bench, save_rows, write_scenario

SHORT = ("bash", "-c", '"$@" | head -n 1; exit "${PIPESTATUS[0]}"', "bash")
FULL = ("bash", "-c", '"$@" >/dev/full', "bash")
TOGETHER = ("bash", "-c", '"$@" 2>&1 | head -n 1; exit "${PIPESTATUS[0]}"', "bash")


@pytest.fixture
def words(tmp_path: Path) -> tuple[str | Path, ...]:
    scenario = write_scenario(tmp_path / "short.toml")
    recording = save_rows(tmp_path / "recording", 0, 300)
    return ("run", scenario, "--recording", recording, "--target", "host", "--out", tmp_path / "run")


@pytest.mark.parametrize(
    ("before", "what"),
    [
        (SHORT, "the output was closed"),
        (FULL, "the output could not be written: No space left on device"),
        (TOGETHER, ""),
    ],
)
def test_a_run_whose_output_is_lost_goes_on_and_is_saved(
    tmp_path: Path, words: tuple[str | Path, ...], before: tuple[str, ...], what: str
) -> None:
    ended = run_bench(tmp_path, *words, before=before)
    assert ended.status == 2, ended
    assert ended.err == (f"bench: {what}; the run goes on and is saved in {tmp_path / 'run'}\n" if what else "")
    assert read_trace(tmp_path / "run")[-1]["outcome"] == "completed"
    assert (tmp_path / "run" / "verdicts.json").exists()


@pytest.mark.parametrize("word", ["targets", "doctor", "--help"])
def test_other_commands_say_in_one_line_that_the_output_is_lost(tmp_path: Path, word: str) -> None:
    ended = run_bench(tmp_path, word, before=FULL)
    assert (ended.status, ended.err) == (2, "bench: the output could not be written: No space left on device\n")
