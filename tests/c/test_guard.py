"""Every single and double upset of a guarded memory: mended where it can be, told where not, never passed over."""

import subprocess
from pathlib import Path

import pytest

from tests.c.wire_native import CHECKOUT, COMPILERS, SANITIZED, WARNINGS

CORE = CHECKOUT / "firmware_if" / "c"
PORTABLE = ("guard", "bank", "frame", "octets", "meter", "wire")
BITS = 24 * 8
PAIRS = BITS * (BITS - 1) // 2
CHECKSUM = 32 + 32 * 31 // 2
"""Single and double upsets of the checksum itself."""


@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_upset_is_seen_and_mended_where_it_can_be(tmp_path: Path, compiler: str) -> None:
    program = tmp_path / "guard_driver"
    sources = [str(CORE / f"{name}.c") for name in PORTABLE] + [str(CHECKOUT / "tests" / "c" / "guard_driver.c")]
    words = [compiler, *WARNINGS.split(), *SANITIZED.split(), f"-I{CORE}", *sources, "-lm", "-o", str(program)]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    ran = subprocess.run([program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = {(n[0], n[1]): tuple(n[2:]) for line in ran.stdout.splitlines() if (n := [int(w) for w in line.split()])}
    one = BITS + PAIRS
    assert found == {  # copies, checksum: upsets, mended, beyond, unseen, wrong
        (1, 1): (one + CHECKSUM, 0, one + CHECKSUM, 0, 0),
        (2, 0): (2 * one, 0, 2 * one, 0, 0),
        (2, 1): (2 * one + CHECKSUM, 2 * one + CHECKSUM, 0, 0, 0),
        (3, 0): (3 * one, 3 * one, 0, 0, 0),
        (3, 1): (3 * one + CHECKSUM, 3 * one + CHECKSUM, 0, 0, 0),
    }
