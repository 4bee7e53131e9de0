"""What is another between the runs of two nights: figures, models, verdicts, firmware."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.build import FirmwareImage
from bench.nightly.change import Change
from bench.nightly.grown import find_grown
from bench.nightly.outcome import Outcome
from bench.nightly.record import NightRecord
from bench.results.verdicts import save_verdicts
from bench.run_folder import save_run_files
from bench.trace import PayloadConnected, TraceWriter
from bench.verdict import Verdict
from tests.unit.judged_runs import IMAGE, judged
from tests.unit.made_nights import job
from tests.unit.made_runs import make_run

FIRST, SECOND = "20261120-030000-m", "20261121-030000-m"
STEP = "timing.model.arow.train.max"
JOB = "sun-sensor@qemu-zynq-a9"
RUN = "sun-sensor-qemu-zynq-a9-1"
SAME, OTHER = f"the same build as in {FIRST}", f"another build than in {FIRST}"


def figure(name: str, value: float | None, *, repeatable: bool = True, outcome: str | None = None) -> Verdict:
    limit = "<= 118" if outcome else None
    return Verdict(name, outcome, value, limit, "instructions", "instructions", bool(outcome), repeatable, "")


def save_run(root: Path, night: str, build_id: str, *figures: Verdict, image: FirmwareImage = IMAGE) -> Path:
    folder = root / night / "runs" / RUN
    folder.mkdir(parents=True)
    run = judged(make_run())
    save_run_files(folder, replace(run.files, firmware=image))
    with (folder / "trace.jsonl").open("w") as file:
        writer = TraceWriter(file)
        for entry in run.trace:
            writer.write(replace(entry, build_id=build_id) if isinstance(entry, PayloadConnected) else entry)
    save_verdicts(figures, folder / "verdicts.json")
    return folder


def grown(root: Path, *outcomes: Outcome) -> tuple[Change, ...]:
    """Between two nights whose runs had these outcomes."""
    old, new = outcomes or (Outcome.PASS, Outcome.PASS)
    nights = [NightRecord(name, "m", "", (job(JOB, one),)) for name, one in ((FIRST, old), (SECOND, new))]
    return find_grown(nights[1], root / SECOND, [nights[0]])


@pytest.mark.parametrize(
    ("value", "build_id", "kind", "text"),
    [
        (119.0, "b2", "worse", f"{STEP}: 118 -> 119 instructions, +1 (+0.85 %); {OTHER}"),
        (117.0, "b2", "better", f"{STEP}: 118 -> 117 instructions, -1 (-0.85 %); {OTHER}"),
        (119.0, "b1", "not repeatable", f"{STEP}: 118 -> 119 instructions, +1 (+0.85 %); {SAME}"),
    ],
)
def test_one_instruction_more_is_told_with_its_operation(
    tmp_path: Path, value: float, build_id: str, kind: str, text: str
) -> None:
    save_run(tmp_path, FIRST, "b1", figure(STEP, 118.0), figure("link.x", 1.0, repeatable=False))
    save_run(tmp_path, SECOND, build_id, figure(STEP, value), figure("link.x", 2.0, repeatable=False))
    assert grown(tmp_path) == (Change(kind, JOB, text),)


def test_equal_runs_are_no_change(tmp_path: Path) -> None:
    for night, build_id in ((FIRST, "b1"), (SECOND, "b2")):
        save_run(tmp_path, night, build_id, figure(STEP, 118.0), figure("y", float("nan")), figure("z", None))
    assert grown(tmp_path) == ()


def test_another_limit_of_a_job_that_still_fails_is_told(tmp_path: Path) -> None:
    save_run(tmp_path, FIRST, "b1", figure("link.x", 118.0, repeatable=False, outcome="PASS"))
    save_run(tmp_path, SECOND, "b2", figure("link.x", 119.0, repeatable=False, outcome="FAIL"))
    found = grown(tmp_path, Outcome.FAIL, Outcome.FAIL)
    assert found == (Change("worse", JOB, f"link.x: PASS -> FAIL, limit <= 118; {OTHER}"),)
    assert grown(tmp_path, Outcome.PASS, Outcome.FAIL) == (), "the job is a new failure already, with this reason"


def test_many_are_counted(tmp_path: Path) -> None:
    names = [f"timing.model.m{number}.train.max" for number in range(20)]
    save_run(tmp_path, FIRST, "b1", *(figure(name, 0.0) for name in names))
    save_run(tmp_path, SECOND, "b2", *(figure(name, 5.0) for name in names))
    found = grown(tmp_path)
    assert len(found) == 13
    assert found[0].text == f"{names[0]}: 0 -> 5 instructions, +5; {OTHER}"
    assert found[-1] == Change("worse", JOB, f"8 more; {OTHER}")


def test_what_grew_in_the_firmware_is_told_once_for_a_target(tmp_path: Path) -> None:
    save_run(tmp_path, FIRST, "b1")
    larger = replace(
        IMAGE,
        sections={**IMAGE.sections, ".text": 52024},
        symbols={**IMAGE.symbols, ".text": {"main": 120, "arow.c:step": 924}},
    )
    save_run(tmp_path, SECOND, "b2", image=larger)
    assert grown(tmp_path) == (
        Change("firmware", "target", "sections: .text: 52,000 -> 52,024 bytes, +24"),
        Change("firmware", "target", "symbols: .text arow.c:step: 900 -> 924 bytes, +24"),
    )


def test_runs_that_are_gone_or_torn_are_passed_over(tmp_path: Path) -> None:
    before = save_run(tmp_path, FIRST, "b1", figure(STEP, 118.0))
    assert grown(tmp_path) == ()
    save_run(tmp_path, SECOND, "b1", figure(STEP, 119.0))
    assert len(grown(tmp_path)) == 1
    (before / "verdicts.json").write_text("{")
    assert grown(tmp_path) == ()
