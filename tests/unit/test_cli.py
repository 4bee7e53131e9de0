"""The command line without a payload: words, exit statuses, and what people read."""

import importlib.metadata
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli import main
from bench.cli.parser import make_parser
from bench.cli.show import format_figure, format_value, show_verdicts
from bench.measure import Measurement
from bench.scenario import Limit
from bench.target import TARGETS, target_names
from bench.verdict import Verdict, judge
from firmware_if.messages import FINGERPRINT, VERSION


def verdict(
    name: str, outcome: str | None = "PASS", *, value: float | None = 0, required: bool = True, why: str = ""
) -> Verdict:
    limit = None if outcome is None else "== 0"
    because = f"for a reason; {why}" if why else "for a reason"
    return Verdict(
        name, outcome, value, limit, "1", None, required=required, repeatable=True, because=because, limit_because=why
    )


def shown(*verdicts: Verdict, terminal: bool = False) -> list[str]:
    """Return the lines printed; on a terminal of 80 columns, or where there is none."""
    console = Console(width=80, no_color=True, force_terminal=terminal, soft_wrap=not terminal)
    with console.capture() as capture:
        show_verdicts(verdicts, console=console)
    return re.sub(r"\x1b\[[0-9;]*m", "", capture.get()).splitlines()


@pytest.mark.parametrize("words", [[], ["rum"], ["run"], ["import", "orbitai", "x"], ["run", "x", "--baud", "fast"]])
def test_a_wrong_word_ends_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: bench" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["rum"], "did you mean 'run'?"),
        (["import", "cvs"], "did you mean 'csv'?"),
        (["run", "sun-sensor", "--prot", "/dev/ttyUSB0"], "unknown option --prot: did you mean '--port'?"),
        (["run", "sun-sensor", "--prot=/dev/ttyUSB0"], "unknown option --prot: did you mean '--port'?"),
        (["verify", "x", "--recording", "y", "--arithmetic", "f23"], "did you mean 'f32'?"),
        (["--versoin"], "did you mean '--version'?"),
        (["run", "sun-sensor", "more"], "unrecognized arguments: more"),
    ],
)
def test_a_mistyped_word_is_answered_by_the_nearest(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err.rstrip().endswith(meant)


def test_a_mistyped_path_is_answered_by_the_file_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    scenarios = Path(__file__).parents[2] / "fixtures" / "scenarios"
    assert main(["run", str(scenarios / "sun-senor.toml")]) == 2
    assert f"hint: did you mean {scenarios / 'sun-sensor.toml'}?" in capsys.readouterr().err
    recordings = scenarios.parent / "telemetry"
    assert main(["run", "sun-sensor", "--recording", str(recordings / "sun-sensors")]) == 2
    assert f"hint: did you mean {recordings / 'sun-sensor'}?" in capsys.readouterr().err


def test_nothing_said_shows_all_that_can_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert capsys.readouterr().err == make_parser().format_help()


def test_the_version_names_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(
        f"bench {importlib.metadata.version('hil-bench')}, contract {VERSION} ({FINGERPRINT:016X}), "
    )


def test_a_rate_without_a_port_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--scan-baud"]) == 2
    assert "hint: add --port" in capsys.readouterr().err


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
    assert lines[0].endswith("none does not exist")
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2


def test_targets_are_listed_with_what_they_count_and_whether_they_can_run_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (TARGETS / "host.toml").read_text()
    start, end = text.index("[transport]"), text.index("[clock_facts]")
    board = text[:start] + '[transport]\nkind = "serial"\nready_s = 5.0\n\n' + text[end:]
    (tmp_path / "my-board.toml").write_text(board.replace('name = "host"', 'name = "my-board"'))
    (tmp_path / "station.toml").write_text(
        '[station.my-board]\ntarget = "my-board.toml"\nport = "/dev/ttyNONE7"\n'
        '[station.qemu-zynq-a9]\nport = "socket://localhost:4000"\n'
    )
    assert main(["targets"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(target_names()) < set(lines)
    assert re.match(r"host +host +can run +Native process", lines["host"])
    assert "instructions  on socket://localhost:4000 at 115200 baud, not tried" in lines["qemu-zynq-a9"]
    assert "there is no /dev/ttyNONE7" in lines["my-board"]


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
    assert "FAIL parity.plain.bad: 3, limit == 0; for a reason" in lines
    assert lines[-1] == "6 PASS, 1 FAIL, 0 UNMEASURED; 0 measurements without a limit"


def test_verdicts_that_did_not_pass_share_a_row_and_each_reason_is_there_once() -> None:
    models = range(12)
    lines = shown(
        *(verdict(f"parity.plain.m{number}", "UNMEASURED", value=None) for number in models),
        *(verdict(f"accuracy.evaluation.m{number}.recall", "FAIL", value=number, why="law") for number in models),
        verdict("accuracy.rows", "FAIL", value=7, why="law"),
        verdict("parity.onnx.m0", "UNMEASURED", value=None),
    )
    assert [line.split() for line in lines[1:5]] == [
        ["UNMEASURED", "parity.plain.*", "(12", "measures)", "-", "==", "0"],
        ["FAIL", "accuracy.evaluation.*.recall", "(12", "measures)", "0", "to", "11", "==", "0"],
        ["FAIL", "accuracy.rows", "7", "==", "0"],
        ["UNMEASURED", "parity.onnx.m0", "-", "==", "0"],
    ]
    assert lines[5:] == [
        "UNMEASURED parity.plain.* (12 measures), parity.onnx.m0: for a reason",
        "FAIL accuracy.evaluation.*.recall (12 measures): 0 to 11, limit == 0; for a reason; reason of the limit: law",
        "FAIL accuracy.rows: 7, limit == 0; as above",
        "0 PASS, 13 FAIL, 13 UNMEASURED; 0 measurements without a limit",
    ]


def test_a_failure_without_any_reason_gives_value_and_limit() -> None:
    measured = [Measurement("run.completed", 1, "1"), Measurement("a", 0.91, "1")]
    failed = judge(measured, [Limit("a", at_least=0.95)])[1]
    assert "FAIL a: 0.91, limit >= 0.95" in shown(failed)


def test_a_run_that_did_not_complete_says_why_first() -> None:
    assert "FAIL run.completed: for a reason" in shown(verdict("run.completed", "FAIL"))


def test_lines_are_whole_where_there_is_no_terminal() -> None:
    long = f"accuracy.evaluation.{'m' * 60}.balanced_accuracy"
    given = (verdict(long), verdict("link.errors", "UNMEASURED", value=None, why="w" * 90))
    lines = shown(*given)
    assert any(line.startswith("PASS") and long in line and line.endswith("0   == 0") for line in lines)
    assert lines == [line.rstrip() for line in lines]
    wrapped = shown(*given, terminal=True)
    assert all(len(line) <= 80 for line in wrapped)
    assert not any(long in line for line in wrapped)


def test_measurements_without_a_limit_are_counted_not_shown() -> None:
    lines = shown(verdict("run.completed"), verdict("run.rows", None, value=7))
    assert not any("run.rows" in line for line in lines)
    assert lines[-1] == "1 PASS, 0 FAIL, 0 UNMEASURED; 1 measurements without a limit"


def test_a_verdict_that_is_not_required_has_a_star() -> None:
    lines = shown(verdict("link.errors", "UNMEASURED", value=None, required=False))
    assert any(line.startswith("UNMEASURED *") for line in lines)
    assert "* not required" in lines


@pytest.mark.parametrize("terminal", [False, True])
def test_names_and_reasons_from_elsewhere_are_text_and_nothing_else(*, terminal: bool) -> None:
    """A run that a stranger has sent may hold anything."""
    lines = shown(
        verdict("parity.[bold].\x1b[2Jm", "FAIL", value=1, why="\x1b]0;title\x07[/nothing]"), terminal=terminal
    )
    assert any("parity.[bold].m" in line for line in lines)
    assert not any(character in "".join(lines) for character in "\x1b\x07")
    assert any("[/nothing]" in line for line in lines)


def test_a_partial_run_says_so_below_its_verdicts() -> None:
    whole, excused = verdict("a"), replace(verdict("b", None), limit="== 0")
    assert "partial" not in "".join(shown(whole))
    last = shown(*(replace(each, partial="rows 0:9 of 20") for each in (whole, excused, verdict("c", None))))[-2:]
    assert last == [
        "1 PASS, 0 FAIL, 0 UNMEASURED; 1 measurements without a limit",
        "partial run, rows 0:9 of 20; not applied: 1 limit that only the whole can be held to",
    ]
