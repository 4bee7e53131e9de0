"""What grew between the runs of two nights, figure by figure."""

from pathlib import Path

import pytest

from bench.nightly.change import Change
from bench.nightly.grown import find_grown
from bench.nightly.outcome import Outcome
from bench.nightly.record import NightRecord
from bench.results.verdicts import save_verdicts
from bench.trace import PayloadConnected, RunStarted, TraceWriter
from bench.verdict import Verdict
from tests.unit.made_nights import job

FIRST, SECOND = "20261120-030000-m", "20261121-030000-m"
STEP = "timing.model.arow.train.max"


def figure(name: str, value: float | None, *, repeatable: bool = True) -> Verdict:
    return Verdict(
        name, None, value, None, "instructions", "instructions", required=False, repeatable=repeatable, because=""
    )


def save_run(root: Path, night: str, build_id: str, *figures: Verdict) -> None:
    folder = root / night / "runs" / "a-b-1"
    folder.mkdir(parents=True)
    save_verdicts(figures, folder / "verdicts.json")
    with (folder / "trace.jsonl").open("w") as file:
        writer = TraceWriter(file)
        writer.write(RunStarted(1, "a", "b", "r", 1, {}, []))
        writer.write(PayloadConnected(1, "b", build_id, "f", 1, "instructions", 1, 1, 1, 1))


def grown(root: Path) -> tuple[Change, ...]:
    before, now = (NightRecord(name, "m", "", (job("a@b", Outcome.PASS),)) for name in (FIRST, SECOND))
    # the attempts of made nights name the folder runs/a-b-1
    return find_grown(now, root / SECOND, [before])


@pytest.mark.parametrize(
    ("value", "build_id", "kind", "text"),
    [
        (119.0, "b2", "grew", f"{STEP}: 118 to 119 instructions (+0.85%); another build than in {FIRST}"),
        (117.0, "b2", "shrank", f"{STEP}: 118 to 117 instructions (-0.85%); another build than in {FIRST}"),
        (119.0, "b1", "not repeatable", f"{STEP}: 118 to 119 instructions (+0.85%); the same build"),
    ],
)
def test_one_instruction_more_is_told_with_its_operation(
    tmp_path: Path, value: float, build_id: str, kind: str, text: str
) -> None:
    save_run(tmp_path, FIRST, "b1", figure(STEP, 118.0), figure("link.x", 1.0, repeatable=False))
    save_run(tmp_path, SECOND, build_id, figure(STEP, value), figure("link.x", 2.0, repeatable=False))
    assert grown(tmp_path) == (Change(kind, "a@b", text),)


def test_what_is_equal_or_has_no_figure_is_no_change(tmp_path: Path) -> None:
    save_run(tmp_path, FIRST, "b1", figure(STEP, 118.0), figure("x", None), figure("y", float("nan")), figure("z", 0.0))
    save_run(tmp_path, SECOND, "b2", figure(STEP, 118.0), figure("x", 1.0), figure("y", 1.0), figure("z", 0.0))
    assert grown(tmp_path) == ()


def test_many_are_counted_and_a_share_of_nothing_is_not_said(tmp_path: Path) -> None:
    names = [f"timing.model.m{number}.train.max" for number in range(20)]
    save_run(tmp_path, FIRST, "b1", *(figure(name, 0.0) for name in names))
    save_run(tmp_path, SECOND, "b2", *(figure(name, 5.0) for name in names))
    found = grown(tmp_path)
    assert len(found) == 13
    assert found[0].text == f"{names[0]}: 0 to 5 instructions; another build than in {FIRST}"
    assert found[-1].text == f"8 more figures are others than in {FIRST}"


def test_runs_that_are_gone_or_torn_are_passed_over(tmp_path: Path) -> None:
    save_run(tmp_path, FIRST, "b1", figure(STEP, 118.0))
    assert grown(tmp_path) == ()
    save_run(tmp_path, SECOND, "b1", figure(STEP, 119.0))
    (tmp_path / FIRST / "runs" / "a-b-1" / "verdicts.json").write_text("{")
    assert grown(tmp_path) == ()
