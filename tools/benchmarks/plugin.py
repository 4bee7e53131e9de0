"""What the pytest plugin costs: loaded but unused, and for each test.

Loaded but unused: pytest on one empty test, as a process, with the plugin and without it (-p no:NAME), in turns; the
difference is taken within each turn. With --peers, labgrid's and pytest-embedded's are measured in the same turns, each
in a virtual environment of its own that is made in a temporary folder and removed: their packages replace some of ours.

Elapsed time, and time of the processor, which other work on the machine disturbs less.

Each test: a pytest on 101 tests that share a payload; what pytest takes for one with all its fixtures and reports, the
median of all but the first, which starts the payload. `empty` uses nothing; `telecommand` uses hil_payload, which
begins the payload anew, and sends one more; `train` trains a model on 60 rows, judges the run and keeps its folder.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.telemetry import load_recording, save_recording
from tools.benchmarks.common import (
    CHECKOUT,
    SPREAD_HEAD,
    Spread,
    make_parser,
    positive,
    print_method,
    print_table,
)

PEERS: Final = {
    "labgrid": ("labgrid", "labgrid==26.0.1"),
    "pytest-embedded": ("pytest_embedded", "pytest-embedded==2.9.3"),
}
"""Name for `-p no:`, and what pip installs."""
OURS: Final = "hil"
EMPTY: Final = "def test_empty(): pass\n"
MANY: Final = 101
CONFTEST: Final = """
import json, time, pytest
TOOK = []

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    begun = time.perf_counter()
    result = yield
    TOOK.append((time.perf_counter() - begun) * 1000)
    return result

def pytest_sessionfinish():
    with open("took.json", "w") as file:
        json.dump(TOOK[1:], file)
"""
TESTS: Final = {
    "empty": "def test_it(n): pass\n",
    "telecommand": "def test_it(n, hil_payload): hil_payload.reset()\n",
    "train": "def test_it(n, hil_payload, hil_recording):\n"
    '    hil_payload.train(hil_recording("rows"), models=[Model("arow", features="orbitai-3d")])\n',
}
HEAD: Final = "import pytest\nfrom bench.api import Model\n@pytest.mark.parametrize('n', range(COUNT))\n"
ROWS: Final = (780, 840)
"""Of the sun sensors; both labels occur."""
MOST_LOADED_MS: Final = 15
MOST_PER_TEST_MS: Final = 5


@dataclass(frozen=True)
class Plugin:
    """One that is installed for `python`."""

    name: str
    python: Path
    block: str
    """Its name for `-p no:`."""
    others: tuple[str, ...] = ()
    """Plugins beside it that are left out of both."""


@dataclass(frozen=True)
class Cost:
    """Milliseconds."""

    elapsed: float
    processor: float

    def minus(self, other: Cost) -> Cost:
        """What was added."""
        return Cost(self.elapsed - other.elapsed, self.processor - other.processor)


def install_peer(name: str, folder: Path) -> Plugin | None:
    """A virtual environment of its own with that plugin; None, and why, where that cannot be made."""
    block, requirement = PEERS[name]
    python = folder / name / "bin" / "python"
    for words in (
        [sys.executable, "-m", "venv", str(folder / name)],
        [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", requirement, "pytest"],
    ):
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            said = (ended.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"{name} is left out, as it could not be installed: {said}\n")
            return None
    return Plugin(name, python, block)


def run_pytest(python: Path, folder: Path, *words: str) -> Cost:
    """One pytest process, all of whose tests pass."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HIL_", "PYTEST_"))}
    begun, used = time.monotonic(), _processor_s()
    ended = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    cost = Cost((time.monotonic() - begun) * 1000, (_processor_s() - used) * 1000)
    if ended.returncode != 0:
        raise SystemExit(f"pytest {' '.join(words)} did not pass:\n{ended.stdout}{ended.stderr}")
    return cost


def _processor_s() -> float:
    """Of all children that have ended, and theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rows_of(name: str, costs: Sequence[Cost], form: str) -> list[list[str]]:
    """Two lines of a table."""
    return [
        [name, *Spread.of([cost.elapsed for cost in costs]).cells(form)],
        ["  of the processor", *Spread.of([cost.processor for cost in costs]).cells(form)],
    ]


def measure_loaded(plugins: Sequence[Plugin], folder: Path, turns: int) -> None:
    """Print what each costs in a project that does not use it."""
    (folder / "test_empty.py").write_text(EMPTY, encoding="utf-8")
    added: dict[str, list[Cost]] = {plugin.name: [] for plugin in plugins}
    bare: dict[str, list[Cost]] = {plugin.name: [] for plugin in plugins}
    for turn in range(turns + 1):
        for plugin in plugins:
            others = [word for other in plugin.others for word in ("-p", f"no:{other}")]
            words = {False: (*others, "-p", f"no:{plugin.block}"), True: (*others,)}
            cost = {
                loaded: run_pytest(plugin.python, folder, *words[loaded]) for loaded in (turn % 2 == 0, turn % 2 == 1)
            }
            if turn:  # the first fills caches
                added[plugin.name].append(cost[True].minus(cost[False]))
                bare[plugin.name].append(cost[False])
    rows = [row for name, costs in added.items() for row in rows_of(f"{name}, loaded but unused", costs, ".1f")]
    rows += [row for name, costs in bare.items() for row in rows_of(f"pytest without {name}", costs, ".1f")]
    print_table(["ms", *SPREAD_HEAD], rows)
    medians = {name: Spread.of([cost.processor for cost in costs]).median for name, costs in added.items()}
    for name, median in medians.items():
        if name != OURS:
            ratio = median / max(medians[OURS], 1.0)
            print(f"{name} / {OURS}: {ratio:.0f}, of the processor (ours taken for at least 1 ms)")
    print(f"target: {OURS} at most {MOST_LOADED_MS} ms\n")


def measure_tests(target: str, folder: Path, turns: int) -> None:
    """Print what each kind of test costs on that target."""
    medians: dict[str, list[float]] = {kind: [] for kind in TESTS}
    for _ in range(turns):
        for kind, body in TESTS.items():
            path = folder / f"test_{kind}.py"
            path.write_text(HEAD.replace("COUNT", str(MANY)) + body, encoding="utf-8")
            run_pytest(Path(sys.executable), folder, "--hil-target", target, path.name)
            medians[kind].append(statistics.median(json.loads((folder / "took.json").read_text(encoding="utf-8"))))
    rows = [[f"{target}, {kind}", *Spread.of(values).cells(".2f")] for kind, values in medians.items()]
    print_table(["ms for each test", *SPREAD_HEAD], rows)
    print(f"target: telecommand on host at most {MOST_PER_TEST_MS} ms\n")


def write_project(folder: Path) -> None:
    """Write a configuration file, a recording that it knows, and what takes the time."""
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nhil_recordings = recordings\n", encoding="utf-8")
    (folder / "recordings").mkdir()
    recording = load_recording(CHECKOUT / "fixtures" / "telemetry" / "sun-sensor").rows(*ROWS)
    save_recording(replace(recording, evaluation=None), folder / "recordings" / "rows")


def make_options() -> argparse.Namespace:
    """What to measure."""
    parser = make_parser(__doc__, runs=11, of="turns")
    parser.add_argument("--peers", action="store_true", help="also labgrid and pytest-embedded; needs a network")
    parser.add_argument("--targets", nargs="*", default=["host", "qemu-zynq-a9"], help="default: host, qemu-zynq-a9")
    parser.add_argument(
        "--test-runs", type=positive, default=5, metavar="N", help="turns for each kind of test (default: 5)"
    )
    return parser.parse_args()


def main() -> int:
    """Measure and print."""
    options = make_options()
    print_method(
        f"{options.runs} turns on one empty test, {options.test_runs} on {MANY} tests of each kind; milliseconds"
    )
    with tempfile.TemporaryDirectory(prefix="hil-plugin-") as name:
        folder = Path(name) / "project"
        folder.mkdir()
        peers = [install_peer(peer, Path(name)) for peer in PEERS] if options.peers else []
        ours = Plugin(OURS, Path(sys.executable), OURS, others=("hypothesispytest", "xdist"))
        (Path(name) / "empty").mkdir()
        measure_loaded([ours, *(peer for peer in peers if peer)], Path(name) / "empty", options.runs)
        write_project(folder)
        for target in options.targets:
            measure_tests(target, folder, options.test_runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
