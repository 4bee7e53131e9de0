"""How long `bench --help` takes, beside a Python that does nothing.

Both are started in turns, as processes of the same interpreter; the difference is taken within each turn.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tools.benchmarks.common import SPREAD_HEAD, Spread, make_parser, print_method, print_table


def seconds(command: list[str]) -> float:
    """From the start of a process to its end."""
    begun = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def main() -> int:
    """Measure and print."""
    options = make_parser(__doc__, runs=11, of="turns").parse_args()
    print_method(f"{options.runs} turns; seconds")
    bench = str(Path(sys.executable).parent / "bench")
    pairs = []
    for _ in range(options.runs):
        bare = seconds([sys.executable, "-c", "pass"])
        pairs.append((bare, seconds([bench, "--help"])))
    rows = {
        "python -c pass": [bare for bare, _ in pairs],
        "bench --help": [shown for _, shown in pairs],
        "difference": [shown - bare for bare, shown in pairs],
    }
    print_table(["", *SPREAD_HEAD], [[name, *Spread.of(values).cells(".3f")] for name, values in rows.items()])
    print("\ntarget: median difference at most 0.3 s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
