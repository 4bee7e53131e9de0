"""The command line without a payload: words, exit statuses, and what people read."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli import main
from bench.cli.parser import make_parser
from bench.cli.show import format_figure, format_value, show_verdicts
from bench.target import target_names
from bench.verdict import Verdict


def verdict(name: str, outcome: str | None = "PASS", *, value: float | None = 0, required: bool = True) -> Verdict:
    limit = None if outcome is None else "== 0"
    return Verdict(name, outcome, value, limit, "1", None, required=required, repeatable=True, because="for a reason")


def shown(*verdicts: Verdict) -> list[str]:
    console = Console(width=100, no_color=True)
    with console.capture() as capture:
        show_verdicts(verdicts, console=console)
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize("words", [[], ["rum"], ["run"], ["import", "orbitai", "x"], ["run", "x", "--baud", "fast"]])
def test_a_wrong_word_ends_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: bench" in capsys.readouterr().err


def test_help_states_every_exit_status() -> None:
    text = make_parser().format_help()
    assert all(f"\n  {status}  " in text for status in (0, 1, 2, 3, 130))


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from bench.cli.parser import make_parser; make_parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"numpy", "rich", "serial", "onnxruntime", "elftools"}.isdisjoint(done.stdout.split())


def test_an_error_is_one_line_and_a_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(tmp_path / "none")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("bench: ")
    assert "is no complete run folder: trace.jsonl is missing" in lines[0]
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2


def test_targets_are_listed_with_what_they_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in target_names())
    assert "instructions" in printed


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "1", "0"),
        (1973, "instructions", "1,973 instructions"),
        (0.91891, "1", "0.9189"),
        (123456.7, "bytes", "123,457 bytes"),
        (None, "bytes", "-"),
    ],
)
def test_figures_are_written_for_people(value: float | None, unit: str, text: str) -> None:
    assert format_value(value, unit) == text
    if value is not None:
        assert text.startswith(format_figure(value))


def test_passed_verdicts_of_a_family_share_a_row_and_others_have_their_own() -> None:
    family = [verdict(f"parity.plain.m{number}") for number in range(5)]
    lines = shown(verdict("run.completed"), *family, verdict("parity.plain.bad", "FAIL", value=3))
    assert any("parity.plain.* (5 measures)" in line and "all 0" in line for line in lines)
    assert any(line.startswith("FAIL") and "parity.plain.bad" in line for line in lines)
    assert "FAIL parity.plain.bad: for a reason" in lines
    assert lines[-1] == "6 PASS, 1 FAIL, 0 UNMEASURED; 0 measurements without a limit"


def test_measurements_without_a_limit_are_counted_not_shown() -> None:
    lines = shown(verdict("run.completed"), verdict("run.rows", None, value=7))
    assert not any("run.rows" in line for line in lines)
    assert lines[-1] == "1 PASS, 0 FAIL, 0 UNMEASURED; 1 measurements without a limit"


def test_a_verdict_that_is_not_required_has_a_star() -> None:
    lines = shown(verdict("link.errors", "UNMEASURED", value=None, required=False))
    assert any(line.startswith("UNMEASURED *") for line in lines)
    assert "* not required" in lines
