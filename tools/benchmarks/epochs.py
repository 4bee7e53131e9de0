"""Instructions of one training epoch of logistic regression on the emulated cores, by size of the mini-batch.

The reference case: 1305 samples of 128 dimensions, two classes (tools/simulate_latents.py), identity features, Adam.
Every model of a target trains on the same data set in one run of `bench run`, with all its verdicts; the figure is the
mean of its epochs, from the stamps around each training step alone. QEMU counts instructions, not cycles. Beside them
stands what was measured in orbit, aboard D-Orbit's ION SCV004, whose processor and compiler were others: seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.telemetry import save_recording
from tools.benchmarks.common import make_parser, print_method, print_table, qemu_targets
from tools.simulate_latents import DIMENSIONS, ROWS, make_recording

BATCHES: Final = (8, 16, 32, 64, 128, 256)
IN_ORBIT_S: Final = {32: 0.201, 256: 0.091}
LIMITS: Final = {("qemu-mps2-an500", "f32", 32): 1_800_000}
_MODEL: Final = """
[[models]]
name = "{arithmetic}_{batch}"
learner = "logistic"
features = "identity"
arithmetic = "{arithmetic}"
hyperparameters = {{ lr = 0.02, batch = {batch} }}
"""


def scenario_text(arithmetic: str, epochs: int) -> str:
    """A scenario with one model for each size of mini-batch; the models must be those of the plain reference."""
    models = "".join(_MODEL.format(arithmetic=arithmetic, batch=batch) for batch in BATCHES)
    head = f'name = "epochs"\ntitle = "epochs"\nmode = "batch"\nepochs = {epochs}\nevaluate = false\n'
    return head + models + '[[limits]]\nmeasure = "parity.plain*"\nequal = 0\n'


def run_target(folder: Path, target: str, arithmetic: str, *, epochs: int) -> dict[str, float]:
    """Measurements of one run, by name; stops the benchmark unless every verdict is PASS."""
    scenario = folder / f"{target}-{arithmetic}.toml"
    scenario.write_text(scenario_text(arithmetic, epochs), encoding="utf-8")
    out = folder / f"{target}-{arithmetic}"
    command = [
        *(str(Path(sys.executable).parent / "bench"), "run", str(scenario), "--target", target),
        *("--recording", str(folder / "recording"), "--out", str(out)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench run ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return {verdict["name"]: verdict["value"] for verdict in json.loads((out / "verdicts.json").read_text())}


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=2, of="epochs")
    parser.add_argument("--target", action="append", choices=qemu_targets(), help="default: all that QEMU runs")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_recording(make_recording(), folder / "recording", samples="npz")
        for target in options.target or qemu_targets():
            for arithmetic in ("f32", "f64"):
                measured = run_target(folder, target, arithmetic, epochs=options.runs)
                for batch in BATCHES:
                    mean = measured[f"timing.epoch.{arithmetic}_{batch}.mean"]
                    limit = LIMITS.get((target, arithmetic, batch))
                    orbit = IN_ORBIT_S.get(batch)
                    rows.append(
                        [
                            *(f"{target} {arithmetic}", str(batch), f"{mean:,.0f}", f"{mean / ROWS:,.0f}"),
                            *(f"{limit:,}" if limit else "-", f"{orbit} s" if orbit else "-"),
                        ]
                    )
    print_method(f"logistic regression, {ROWS} samples of {DIMENSIONS} dimensions, {options.runs} epochs of each model")
    head = [
        "core and arithmetic",
        "batch",
        "instructions/epoch",
        "/sample",
        "wanted at most",
        "one epoch in orbit",
    ]
    print_table(head, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
