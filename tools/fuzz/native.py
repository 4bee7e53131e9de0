"""Targets of tests/c/fuzz: building them, and running one for so many inputs."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.c.wire_native import CHECKOUT
from tools.fuzz.seeds import FuzzError, write_dictionary, write_seeds

FOLDER = CHECKOUT / "tests" / "c" / "fuzz"
MOST_BYTES = {"line": 2048, "requests": 1024, "checkpoint": 1024, "wire": 1100}
"""Of an input, by target; libFuzzer's seeds may be longer, and are cut."""
TARGETS = tuple(MOST_BYTES)
HANG_S = 10
MEMORY_MB = 1024


@dataclass(frozen=True)
class Fuzzed:
    """What came of one target. `edges` are those reached, of `edges_there` in the program."""

    target: str
    executions: int
    seconds: float
    edges: int
    edges_there: int
    memory_mb: int
    failed: Path | None
    said: str

    @property
    def line(self) -> str:
        """One line of the summary."""
        rate = self.executions / self.seconds if self.seconds else 0.0
        outcome = "nothing found" if self.failed is None else f"FOUND {self.failed}"
        return (
            f"{self.target:<11} {self.executions:>11,} {self.seconds:>8.0f} {rate:>9,.0f}/s "
            f"{self.edges:>5} of {self.edges_there:<6} {self.memory_mb:>5} MB  {outcome}"
        )


def build(
    folder: Path,
    *,
    compiler: str = "clang",
    fuzzer: bool = True,
    targets: Sequence[str] = TARGETS,
    replaced: Path | None = None,
) -> Path:
    """Build targets; the folder that holds the programs. `replaced` stands in for the C source of its name."""
    name = f"{compiler}-{'libfuzzer' if fuzzer else 'bounded'}"
    words = ["make", "--silent", "--no-print-directory", "-j2", "-C", str(FOLDER), f"BUILD={folder / name}"]
    words += [f"CC={compiler}", f"TARGETS={' '.join(targets)}", *(["FUZZER=1"] if fuzzer else [])]
    out = folder / name
    if replaced is not None:
        out = folder / f"{name}-{replaced.parent.name}"
        words += [f"CORE_SOURCE={replaced}", f"OUT={out}"]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise FuzzError(f"could not build the targets with {compiler}:\n{made.stderr}")
    return out


def fuzz(programs: Path, target: str, *, runs: int, seed: int, folder: Path) -> Fuzzed:
    """Run one target with libFuzzer, from its seeds and what earlier runs in `folder` have found."""
    corpus, found = folder / "corpus" / target, folder / "found"
    seeds = folder / "seeds" / target
    for needed in (corpus, found):
        needed.mkdir(parents=True, exist_ok=True)
    write_seeds(target, seeds)
    write_dictionary(folder / "words.dict")
    before = set(found.glob("*"))
    words = [
        programs / target, f"-runs={runs}", f"-seed={seed}", f"-max_len={MOST_BYTES[target]}", f"-timeout={HANG_S}",
        f"-rss_limit_mb={MEMORY_MB}", f"-dict={folder / 'words.dict'}", f"-artifact_prefix={found}/{target}-",
        "-print_final_stats=1", "-reload=0", corpus, seeds,
    ]  # fmt: skip
    started = time.monotonic()
    ran = subprocess.run(list(map(str, words)), capture_output=True, text=True, errors="replace", check=False)
    seconds = time.monotonic() - started
    failed = next(iter(sorted(set(found.glob("*")) - before)), None)
    if ran.returncode != 0 and failed is None:
        raise FuzzError(f"{target} ended with {ran.returncode} and left no input:\n{ran.stderr[-4000:]}")
    return Fuzzed(
        target,
        _number(r"stat::number_of_executed_units: *(\d+)", ran.stderr),
        seconds,
        _number(r"cov: (\d+)", ran.stderr),
        _number(r"\((\d+) inline 8-bit counters\)", ran.stderr),
        _number(r"stat::peak_rss_mb: *(\d+)", ran.stderr),
        failed,
        ran.stderr,
    )


def _number(pattern: str, text: str) -> int:
    """The last of such numbers, 0 without one."""
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def complaint(said: str) -> str:
    """The line that says what was wrong, of all that a program said."""
    marks = ("FUZZ:", "runtime error:", "ERROR: AddressSanitizer", "ERROR: libFuzzer", "ERROR: LeakSanitizer")
    return next((line.strip() for line in said.splitlines() if any(mark in line for mark in marks)), "")


def run_bounded(programs: Path, target: str, *, runs: int, seed: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one target with tests/c/fuzz/main.c; the same inputs for the same seed."""
    seeds = write_seeds(target, folder / "seeds" / target)
    failed = folder / f"failed-{target}"
    failed.unlink(missing_ok=True)
    words = [programs / target, runs, seed, failed, *seeds]
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, errors="replace", check=False)
