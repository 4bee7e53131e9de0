"""Bounded fuzzing of the portable C under both compilers and their sanitizers; its fuzz targets find defects."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.c import wire_native
from tests.c.wire_native import CHECKOUT, COMPILERS
from tools.fuzz import __main__ as command
from tools.fuzz import native, seeds
from tools.fuzz.defects import DEFECTS, write_defect

SEED = 20210401
RUNS = {"line": 25_000, "requests": 25_000, "checkpoint": 50_000, "wire": 100_000}
"""200,000 inputs under each compiler; mutated seeds, equal every time."""
ONCE_FOUND = CHECKOUT / "tests" / "c" / "fuzz" / "found"


@pytest.fixture(scope="module", params=COMPILERS)
def programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return native.build(tmp_path_factory.mktemp("fuzz"), compiler=request.param, fuzzer=False)


@pytest.mark.parametrize("target", native.TARGETS)
def test_nothing_breaks_a_law(programs: Path, tmp_path: Path, target: str) -> None:
    ran = native.run_bounded(programs, target, runs=RUNS[target], seed=SEED, folder=tmp_path)
    found = tmp_path / f"failed-{target}"
    assert ran.returncode == 0, f"{native.complaint(ran.stderr)}\n{found.read_bytes().hex()}\n{ran.stderr[-3000:]}"
    print(f"{target}: {ran.stdout.strip()}")


@pytest.mark.parametrize("name", ["frame-too-short", "record-memory-length"])
def test_a_defect_is_found(tmp_path: Path, name: str) -> None:
    """Two of those that `python -m tools.fuzz defects` puts in: a length check and a check of what storage holds."""
    target = DEFECTS[name].target
    replaced = write_defect(name, tmp_path / "sources")
    programs = native.build(tmp_path, compiler="gcc", fuzzer=False, targets=[target], replaced=replaced)
    ran = native.run_bounded(programs, target, runs=RUNS[target], seed=SEED, folder=tmp_path)
    assert ran.returncode == 1, ran.stdout
    assert native.complaint(ran.stderr)
    again = subprocess.run(
        [programs / target, "replay", tmp_path / f"failed-{target}"], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1, "what was found is found again from its file"


@pytest.mark.parametrize("path", sorted(ONCE_FOUND.iterdir()), ids=lambda path: path.name)
def test_what_was_found_once_stays_mended(programs: Path, path: Path) -> None:
    """Inputs that found something: so far, each of the defects that were put in."""
    target = path.name.split("-")[0]
    ran = subprocess.run([programs / target, "replay", path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_coverage_guided_run_finds_a_defect_and_replays_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = ["--out", str(tmp_path)]
    assert command.main(["native", "--runs", "500", "--target", "checkpoint", *out]) == 0
    assert re.search(
        r"checkpoint +5\d\d +\d+ +[\d,]+/s +\d{3} of \d{4} +\d+ MB +nothing found\n", capfd.readouterr().out
    )
    monkeypatch.setattr(command, "DEFECTS", {"slot-body-crc": DEFECTS["slot-body-crc"]})
    assert command.main(["defects", *out]) == 0
    assert re.search(r"slot-body-crc .*FUZZ: broken law at checkpoint\.c:.*\n1 of 1 found\n", capfd.readouterr().out)
    (found,) = (tmp_path / "defects" / "slot-body-crc" / "found").iterdir()
    assert command.main(["replay", *out, str(found)]) == 0, "it broke a law of the defect's build alone"
    assert f"{found}: 1 input replayed\n" in capfd.readouterr().out


def test_a_file_that_is_not_there_is_not_something_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "requests-crash-*"
    assert command.main(["replay", "--out", str(tmp_path), str(missing)]) == 2
    assert f"{missing}: no such file" in capsys.readouterr().err


def test_both_sides_agree_on_what_was_gathered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds.write_seeds("line", tmp_path / "corpus" / "line")
    assert command.main(["agree", "--out", str(tmp_path)]) == 0
    assert re.search(r"39 lines with \d{3} telecommands: both accept the same", capsys.readouterr().out)
    monkeypatch.setattr(wire_native, "describe_telecommand", lambda _: "something else")
    assert command.main(["agree", "--out", str(tmp_path)]) == 1
    assert re.search(r"corpus/line/adam-f32\npython: .*something else.*\nc:  ", capsys.readouterr().err)


def test_a_program_that_ends_without_an_input_is_told(tmp_path: Path) -> None:
    (tmp_path / "wire").write_text("#!/bin/sh\necho out of order >&2\nexit 7\n")
    (tmp_path / "wire").chmod(0o755)
    with pytest.raises(seeds.FuzzError, match="wire ended with 7 and left no input:\nout of order"):
        native.fuzz(tmp_path, "wire", runs=1, seed=1, folder=tmp_path)


def test_an_input_of_no_target_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other-input"
    other.write_bytes(b"")
    assert command.main(["replay", "--out", str(tmp_path), str(other)]) == 2
    said = capsys.readouterr().err
    assert "other-input: its name does not begin with a target: line, requests, checkpoint, wire" in said


def test_a_message_without_a_number_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "MESSAGES", {})
    with pytest.raises(seeds.FuzzError, match=r"tests/c/rewrite\.c and the contract differ: \['Accepted', "):
        seeds.write_seeds("wire", tmp_path)


def test_every_defect_still_has_its_place(tmp_path: Path) -> None:
    assert {write_defect(name, tmp_path).name for name in DEFECTS} == {defect.source for defect in DEFECTS.values()}


def test_a_defect_without_its_place_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEFECTS, "gone", DEFECTS["frame-crc"].__class__("frame.c", "no such line", "", "line"))
    with pytest.raises(seeds.FuzzError, match=r"defect gone: frame\.c does not hold 'no such line' once"):
        write_defect("gone", tmp_path)


def test_a_target_that_does_not_compile_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "frame.c"
    broken.parent.mkdir()
    broken.write_text("this is not C\n")
    with pytest.raises(seeds.FuzzError, match="could not build the targets with gcc:\n"):
        native.build(tmp_path, compiler="gcc", fuzzer=False, replaced=broken)
