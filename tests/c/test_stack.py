"""Painting a stack that is in use, under each compiler: what is in use stays as it is, and the peak begins anew."""

import subprocess
from pathlib import Path

import pytest

from tests.c.wire_native import CHECKOUT, COMPILERS, SANITIZED, WARNINGS

KEPT = 41 + 5 + 11
"""Frames of the driver's descents; each counts itself if nobody wrote into it."""
DESCENT = 1024
"""What one step of a descent takes at the least."""


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("flags", ["-O0", "-O2", "-O3 -flto", SANITIZED])
def test_a_stack_in_use_is_painted_below_its_frames_and_another_one_not(
    tmp_path: Path, compiler: str, flags: str
) -> None:
    program = tmp_path / "stack_driver"
    sources = [CHECKOUT / "firmware_if" / "c" / "stack.c", CHECKOUT / "tests" / "c" / "stack_driver.c"]
    words = [compiler, *WARNINGS.split(), "-D_GNU_SOURCE", *flags.split(), "-pthread", f"-I{sources[0].parent}"]
    made = subprocess.run([*words, *sources, "-o", program], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    ran = subprocess.run([program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    before, after, deeper, kept, first_used, painted, unmeasured = map(int, ran.stdout.split())
    assert kept == KEPT
    assert after + 30 * DESCENT <= before, "40 steps down, then 4 small ones"
    assert deeper >= after
    assert deeper + 25 * DESCENT <= before, "10 steps down after it was painted"
    assert first_used == 4 * 100, "another one's paint stays until it is painted as idle"
    assert (painted, unmeasured) == (0, 0xFFFFFFFF)
