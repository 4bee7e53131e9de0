"""A first scenario without limits gets some from its first run, and passes them in the next."""

from pathlib import Path

import pytest

from tests.system.command_line import check_error, read_verdicts, run_bench, save_rows

WITHOUT = """
name = "mine"
title = "a first scenario"
target = "{target}"

[[models]]
learner = "arow"
arithmetic = "flight"
each = {{ one = "orbitai-1d", all = "identity" }}

[[models]]
name = "single"
learner = "scw"
arithmetic = "f32"
features = "identity\""""


@pytest.mark.parametrize(("target", "timed"), [("qemu-zynq-a9", True), ("qemu-mps2-an386", True), ("host", False)])
def test_limits_that_a_run_suggests_are_passed_by_the_next(tmp_path: Path, target: str, *, timed: bool) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text(WITHOUT.format(target=target))
    command = ("run", scenario, "--recording", save_rows(tmp_path / "rows", 0, 600))
    first = run_bench(tmp_path, *command, "--out", "first", "--suggest-limits")
    assert first.status == 0, first
    assert "to have them: cat first/suggested-limits.toml >> SCENARIO.toml" in first.out
    with scenario.open("a") as file:
        file.write((tmp_path / "first" / "suggested-limits.toml").read_text())
    second = run_bench(tmp_path, *command, "--out", "second", "--suggest-limits")
    assert second.status == 0, second
    judged = {name: verdict for name, verdict in read_verdicts(tmp_path / "second").items() if verdict["outcome"]}
    assert {verdict["outcome"] for verdict in judged.values()} == {"PASS"}
    assert {"parity.plain.all", "parity.onnx", "link.errors", "memory.arena_used_bytes"} <= set(judged)
    assert ("timing.train.max" in judged) == timed
    left = (tmp_path / "first" / "suggested-limits.toml").read_text().count("# Not suggested")
    again = "limits suggested: all that one would look for have some" if not left else f"0 limits suggested, {left} not"
    assert again in second.out


def test_judging_suggests_as_well_and_a_pack_that_is_not_kept_shows_them(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text(WITHOUT.format(target="host"))
    run = ("run", scenario, "--recording", save_rows(tmp_path / "rows", 0, 200), "--out", "run")
    assert run_bench(tmp_path, *run, "--suggest-limits").status == 0
    written = tmp_path / "run" / "suggested-limits.toml"
    text = written.read_text()
    written.unlink()
    assert run_bench(tmp_path, "judge", "run", "--suggest-limits").status == 0
    assert written.read_text() == text
    assert run_bench(tmp_path, "pack", "run").status == 0
    assert text in run_bench(tmp_path, "judge", "run.zip", "--suggest-limits").out


def test_a_part_of_a_scenario_and_a_run_that_failed_suggest_nothing(tmp_path: Path) -> None:
    words = ("run", "sun-sensor", "--target", "host", "--suggest-limits")
    message = "--suggest-limits needs a whole run; this one is partial (rows 0:9 of 2880)"
    check_error(run_bench(tmp_path, *words, "--rows", ":9"), message, hint="leave --rows and --models out")
    assert not (tmp_path / "runs").exists()
    scenario = tmp_path / "mine.toml"
    scenario.write_text("speed = 1.0\n" + WITHOUT.format(target="host"))
    rows = save_rows(tmp_path / "rows", 0, 200)
    late = run_bench(
        tmp_path, "run", scenario, "--recording", rows, "--timeout", "0.5", "--suggest-limits", "--out", "run"
    )
    assert late.status == 1, late
    assert "no limits suggested: the run did not complete" in late.out
    assert not (tmp_path / "run" / "suggested-limits.toml").exists()
