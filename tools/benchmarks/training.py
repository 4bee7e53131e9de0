"""Instructions of the learners on the A9 (QEMU, xilinx-zynq-a9): means over OrbitAI's April, per model.

One `bench run` of the flight scenario; the payload's own sums over all its calls and starts. They repeat exactly with
the same compiler and QEMU. `plain C` is what a plain C implementation of the same formulas in double needs per training
step on the same core, called directly, as a mean over the same stream.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.build import build_firmware
from bench.measure.timing import combine
from bench.trace import OperationSum, StatisticsReported, load_trace
from tools.benchmarks.april import import_april, run_april
from tools.benchmarks.common import print_method, print_table

PLAIN_C = {
    "adam": {"1D": 598, "2D": 630, "3D": 661, "5D": 295},
    "arow": {"1D": 80, "2D": 99, "3D": 118, "5D": 79},
    "nherd": {"1D": 88, "2D": 109, "3D": 134, "5D": 120},
    "pa": {"1D": 63, "2D": 83, "3D": 103, "5D": 147},
    "rda": {"1D": 92, "2D": 125, "3D": 162, "5D": 82},
    "scw": {"1D": 63, "2D": 71, "3D": 82, "5D": 114},
}
ALLOWED = 10
_OPERATIONS = ("train", "predict", "feature")


def model_sums(trace_file: Path) -> dict[str, dict[str, OperationSum]]:
    """Per model and operation, the payload's sums over all its starts."""
    last = {entry.start: entry for entry in load_trace(trace_file) if isinstance(entry, StatisticsReported)}
    names = [model.name for model in next(iter(last.values())).models]
    return {
        name: {
            operation: combine(
                [m.operations[operation] for entry in last.values() for m in entry.models if m.name == name]
            )
            for operation in _OPERATIONS
        }
        for name in names
    }


def row_of(name: str, sums: dict[str, OperationSum]) -> list[str]:
    """One line of the table."""
    means = {operation: one.sum / one.count for operation, one in sums.items()}
    learner, features = name.rsplit("_", 1)
    plain = PLAIN_C.get(learner, {}).get(features)
    against = ["-", "-"] if plain is None else [str(plain), f"{means['train'] - plain:+.1f}"]
    return [
        name,
        f"{means['train']:.1f}",
        *against,
        f"{sums['train'].minimum}",
        f"{sums['train'].maximum}",
        f"{means['predict']:.1f}",
        f"{means['feature']:.1f}",
    ]


def main() -> int:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    compiler = build_firmware("zynq").image.compiler
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        run_april(import_april(Path(folder)), out)
        sums = model_sums(out / "trace.jsonl")
    print_method(f"one run; instructions per call; compiler {compiler}")
    print_table(
        ["model", "train", "plain C", "difference", "min", "max", "predict", "feature"],
        [row_of(name, sums[name]) for name in sorted(sums)],
    )
    print(f"\ntarget: mean train at most plain C + {ALLOWED}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
