"""Power cuts at every boundary of every write of the checkpoint store: what was committed is found again, whole."""

import subprocess
from pathlib import Path

import pytest

from tests.c.wire_native import CHECKOUT, COMPILERS, SANITIZED, WARNINGS

CORE = CHECKOUT / "firmware_if" / "c"
DRIVER = CHECKOUT / "tests" / "c" / "store_driver.c"
GEOMETRIES = [(512, 64, 1), (512, 128, 8), (256, 128, 32), (1024, 64, 4)]
"""Bytes, bytes of a sector, bytes programmed at once."""
RECORDS = 4
REMAINS, RAMS = 4, 3


def build(folder: Path, compiler: str, *, store: Path = CORE / "store.c", flags: str = "") -> Path:
    program = folder / "store_driver"
    sources = [str(path) for path in (store, CORE / "frame.c", CORE / "octets.c", DRIVER)]
    words = [compiler, *(flags or f"{WARNINGS} {SANITIZED} -I{CORE}").split(), *sources, "-o", str(program)]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return program


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_every_cut_recovers(tmp_path: Path, compiler: str, geometry: tuple[int, int, int]) -> None:
    program = build(tmp_path, compiler)
    words = [str(program), *map(str, geometry), str(RECORDS)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    cuts, recoveries, before, newer = map(int, ran.stdout.split())
    print(f"{cuts} cuts, {recoveries} recoveries: {before} to the record before, {newer} to the one that was cut")
    assert cuts > REMAINS * RECORDS * 2 * 64
    assert recoveries == RAMS * cuts == before + newer
    assert newer > 0, "the last cut comes after the header stands"


DEFECTS = {
    "no checksums": [("header_crc == hil_crc32(header, CHECKED_BYTES)", "header_crc != 1"), ("&& crc == body_crc", "")],
    "one slot": [("newest(store) == 0 ? 1u : 0u", "0u")],
    "over the newest": [("newest(store) == 0 ? 1u : 0u", "newest(store) == 1 ? 1u : 0u")],
    "not erased": [("store->failed = !storage->erase(storage->context, start + done);", "(void)start;")],
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_careless_store_is_found_out(tmp_path: Path, defect: str) -> None:
    careless = (CORE / "store.c").read_text()
    for right, wrong in DEFECTS[defect]:
        assert careless.count(right) == 1
        careless = careless.replace(right, wrong)
    (tmp_path / "store.c").write_text(careless)
    program = build(tmp_path, "gcc", store=tmp_path / "store.c", flags=f"-std=c11 -I{CORE}")
    ran = subprocess.run([program, "512", "64", "1", "3"], capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout
