"""Bounded fuzzing of the portable C under both compilers and their sanitizers; its fuzz targets find defects."""

import subprocess
from pathlib import Path

import pytest

from tests.c.wire_native import CHECKOUT, COMPILERS
from tools.fuzz import native
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
    programs = native.build(tmp_path, compiler="gcc", fuzzer=False, replaced=write_defect(name, tmp_path / "sources"))
    target = DEFECTS[name].target
    ran = native.run_bounded(programs, target, runs=RUNS[target], seed=SEED, folder=tmp_path)
    assert ran.returncode == 1, ran.stdout
    assert native.complaint(ran.stderr)
    again = subprocess.run(
        [programs / target, "replay", tmp_path / f"failed-{target}"], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1, "what was found is found again from its file"


def test_every_defect_still_has_its_place(tmp_path: Path) -> None:
    assert {write_defect(name, tmp_path).name for name in DEFECTS} == {defect.source for defect in DEFECTS.values()}


def test_a_defect_without_its_place_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEFECTS, "gone", DEFECTS["frame-crc"].__class__("frame.c", "no such line", "", "line"))
    with pytest.raises(native.FuzzError, match=r"defect gone: frame\.c does not hold 'no such line' once"):
        write_defect("gone", tmp_path)


def test_a_target_that_does_not_compile_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "frame.c"
    broken.parent.mkdir()
    broken.write_text("this is not C\n")
    with pytest.raises(native.FuzzError, match="could not build the targets with gcc:\n"):
        native.build(tmp_path, compiler="gcc", fuzzer=False, replaced=broken)
