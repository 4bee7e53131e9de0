"""Instructions of a training step, by learner, arithmetic, number of features and core, as QEMU counts them.

Every step changes the model; means over 16 steps on random rows, called directly. `each` is what a feature costs
between 32 and 128 of them. Mini-batch learners: one batch of 32 rows. `dot` and `axpy` (y += a*x) are those of
firmware_if/c/linear.h in f32, beside CMSIS-DSP's arm_dot_prod_f32. Its sources come with the Python package cmsisdsp,
which pip downloads once into the user's cache; without them, the line is left out.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.build import FIRMWARE, make_variables
from bench.target import Target, load_target
from tools.benchmarks.common import build_payload, print_method, print_table, qemu_targets, qemu_transport

DIMENSIONS = (3, 5, 32, 128)
APP_DIR = Path(__file__).with_name("firmware")
CMSIS_VERSION = "1.10.3"
_LINE = re.compile(r"^(\w+) (\S+) (\w+)" + r" (\d+)" * 5 + "\r?$", re.MULTILINE)
_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Limit:
    """Instructions that an AROW step in f32 may take: so many for each of d features, and so many beside."""

    each: float
    beside: int

    def at(self, dimension: int) -> float:
        return self.each * dimension + self.beside


A9_FEW, A9_MANY = Limit(19, 65), Limit(9, 60)
CORTEX_M = Limit(20, 30)
CORTEX_M_BLOCKS = Limit(9.5, 30)
"""About what blocks of eight registers can reach; a wish, no bound."""
_MANY = 32


def limits(target: Target) -> dict[str, dict[int, float]]:
    """Bounds for AROW in f32 on a target's core, by what they are called and number of features."""
    if target.port == "zynq":
        return {"at most": {d: (A9_MANY if d >= _MANY else A9_FEW).at(d) for d in DIMENSIONS}}
    return {
        "at most": {d: CORTEX_M.at(d) for d in DIMENSIONS},
        "in blocks": {d: CORTEX_M_BLOCKS.at(d) for d in DIMENSIONS},
    }


@dataclass(frozen=True)
class Cost:
    """Of one call, in instructions."""

    kind: str
    name: str
    arithmetic: str
    dimension: int
    calls: int
    mean: int
    minimum: int
    maximum: int


def build(target: Target, *, cmsis: Path | None = None) -> Path:
    """The measuring program for a target, brought up to date."""
    payload = build_payload(target)  # says what is wrong when a compiler is missing
    words = [*make_variables(target.port or "", target.board), "APP=kernels", f"APP_DIR={APP_DIR}"]
    more = [f"CMSIS_DSP={cmsis}"] if cmsis else []
    command = ["make", "--no-print-directory", "-s", "-C", str(FIRMWARE), *words, *more]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return payload.parent / ("kernels-cmsis" if cmsis else "kernels") / "kernels.elf"


def count(target: Target, elf: Path) -> list[Cost]:
    """Run the program; what each call cost."""
    said = b""
    until = time.monotonic() + _DEADLINE_S
    with qemu_transport(target, elf) as transport:
        while b"\nend\n" not in said:
            if time.monotonic() > until:
                raise SystemExit(
                    f"{target.name}: {elf} has not ended within {_DEADLINE_S:g} s; it said {said[-200:]!r}"
                )
            said += transport.transfer(b"", 0.1).received
    return [
        Cost(kind, name, arithmetic, *map(int, numbers))
        for kind, name, arithmetic, *numbers in _LINE.findall(said.decode())
    ]


def fetch_cmsis() -> Path | None:
    """Folder of CMSIS-DSP's sources in the user's cache; None, said why, when they cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hil-bench"
    folder = cache / f"cmsisdsp-{CMSIS_VERSION}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    package = f"cmsisdsp=={CMSIS_VERSION}"
    words = ["download", "-q", "--no-deps", "--no-binary", "cmsisdsp", "-d", str(cache), package]
    ended = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    archive = cache / f"cmsisdsp-{CMSIS_VERSION}.tar.gz"
    if ended.returncode != 0 or not archive.is_file():
        print(f"no CMSIS-DSP: pip could not download {package}: {(ended.stderr.splitlines() or ['no reason'])[-1]}")
        return None
    with tarfile.open(archive) as packed:
        packed.extractall(cache, filter="data")
    return folder


def rows_of(costs: Iterable[Cost]) -> dict[tuple[str, str], dict[int, Cost]]:
    """Costs by (name, arithmetic) and number of features."""
    rows: dict[tuple[str, str], dict[int, Cost]] = {}
    for cost in costs:
        rows.setdefault((cost.name, cost.arithmetic), {})[cost.dimension] = cost
    return rows


def cells(by_dimension: Mapping[int, float]) -> list[str]:
    """One number for each of DIMENSIONS, then what a feature costs."""
    few, many = DIMENSIONS[-2:]
    numbers = [f"{by_dimension[d]:,.0f}" if d in by_dimension else "-" for d in DIMENSIONS]
    each = (by_dimension[many] - by_dimension[few]) / (many - few) if {few, many} <= by_dimension.keys() else None
    return [*numbers, f"{each:.2f}" if each is not None else "-"]


def print_costs(target: Target, costs: list[Cost]) -> None:
    """The tables of one core."""
    head = [f"d = {d}" for d in DIMENSIONS]
    table: list[list[str]] = []
    learners = [cost for cost in costs if cost.kind in ("train", "batch")]
    for (name, arithmetic), by_dimension in sorted(rows_of(learners).items()):
        table.append([name, arithmetic, *cells({d: cost.mean for d, cost in by_dimension.items()})])
        if (name, arithmetic) == ("arow", "f32"):
            table += [["", word, *cells(bounds)] for word, bounds in limits(target).items()]
    print_table([target.name, "arithmetic", *head, "each"], table)
    print()
    vectors = [
        [word, *cells({cost.dimension: cost.mean for cost in costs if cost.kind == kind})]
        for kind, word in (("dot", "dot"), ("cmsis", "arm_dot_prod_f32"), ("axpy", "axpy"))
        if any(cost.kind == kind for cost in costs)
    ]
    print_table([f"{target.name}, f32", *head, "each"], vectors)
    print()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=qemu_targets(), action="append", help="may be repeated (default: all)")
    parser.add_argument("--no-cmsis", action="store_true", help="do not fetch or measure CMSIS-DSP")
    options = parser.parse_args()
    targets = [load_target(name) for name in options.target or qemu_targets()]
    cmsis = None if options.no_cmsis else fetch_cmsis()
    print_method(
        "one run of each; instructions per call, which repeat exactly with the same compiler and QEMU",
        f"CMSIS-DSP of cmsisdsp {CMSIS_VERSION}, -Ofast -DARM_MATH_LOOPUNROLL" if cmsis else "without CMSIS-DSP",
    )
    for target in targets:
        print_costs(target, count(target, build(target, cmsis=cmsis)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
