"""Guards in batch mode: every single upset of a model between two epochs, and values out of range after one."""

import subprocess
from pathlib import Path

import pytest

from tests.c.wire_native import CHECKOUT, COMPILERS, SANITIZED, WARNINGS

FIRMWARE_IF = CHECKOUT / "firmware_if"
PORTABLE = (
    *("bank", "checkpoint", "dataset", "frame", "guard", "link", "meter", "octets", "packet", "protect", "record"),
    *("store", "stream", "wire"),
)
LEARNED = ("learners/logistic.c", "features/identity.c")


def build(folder: Path, compiler: str) -> Path:
    program = folder / "batch_guard_driver"
    sources = [FIRMWARE_IF / "c" / f"{name}.c" for name in PORTABLE] + [FIRMWARE_IF / name for name in LEARNED]
    words = [compiler, *WARNINGS.split(), *SANITIZED.split(), "-DHIL_F32", f"-I{FIRMWARE_IF / 'c'}"]
    words += [*map(str, sources), str(CHECKOUT / "tests" / "c" / "batch_guard_driver.c"), "-lm", "-o", str(program)]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return program


@pytest.mark.parametrize("compiler", COMPILERS)
def test_upsets_between_epochs_are_mended_or_acted_on(tmp_path: Path, compiler: str) -> None:
    ran = subprocess.run([build(tmp_path, compiler)], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    found = dict(line.split(": ", 1) for line in ran.stdout.splitlines())
    unmended = found.pop("upset 1 1 1")
    assert unmended.startswith("896 0 896 0 0 "), "what only counts trains on with what there is"
    assert found == {
        # copies, checksum, action (1 count, 2 roll back, 3 stop): upsets, corrected, corrupt, rolled back, stopped, and
        # how many end as if nothing had happened
        "upset 3 0 2": "2688 2688 0 0 0 2688",
        "upset 3 1 3": "2688 2688 0 0 0 2688",
        "upset 2 1 2": "1792 1792 0 0 0 1792",
        "upset 2 0 2": "1792 0 1792 0 1792 0",  # no copy is the right one, and batch mode has no checkpoints
        "upset 2 0 3": "1792 0 1792 0 1792 0",
        "upset 1 1 3": "896 0 896 0 896 0",
        # upsets of the parameters of a model that nothing guards, such as the rows of a mini-batch: epochs that end
        "plain 192": "192",
        # copies, action: out of range, rolled back, stopped
        "range 1 1": "1 0 0, forgot 0, went back 0, updates 3, trains on 1",
        "range 2 1": "1 0 0, forgot 0, went back 0, updates 3, trains on 1",
        "range 1 2": "1 0 1, forgot 0, went back 0, updates 3, trains on 0",
        "range 2 2": "1 1 0, forgot 12, went back 1, updates 0, trains on 1",
        "range 1 3": "1 0 1, forgot 0, went back 0, updates 3, trains on 0",
        "range 2 3": "1 0 1, forgot 0, went back 0, updates 3, trains on 0",
    }
