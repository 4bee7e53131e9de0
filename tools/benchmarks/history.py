"""How long a history of 10 000 runs takes to be asked, and to take one more run.

The runs are one real run of sun-sensor's size (668 figures) over and over, on two targets, a new build every 50, with
new values where figures vary. The whole command is beside a Python that does nothing, started in turns.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.board import Board, make_job
from bench.facts import RunFacts, facts_of
from bench.history import History, open_history
from bench.run_folder import JudgedRun
from bench.scenario import load_scenario
from bench.target import load_target
from tools.benchmarks.common import SPREAD_HEAD, Spread, make_parser, print_method, print_table

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_BUILD_RUNS = 50


def one_run(folder: Path) -> RunFacts:
    """Carry sun-sensor out on the native payload."""
    target = load_target("host")
    with Board(target) as board:
        judged: JudgedRun = board.run(make_job(load_scenario("sun-sensor"), target), folder).judge()
    return facts_of(judged)


def another(facts: RunFacts, number: int, chance: random.Random) -> RunFacts:
    """The run as it would be at another time, on one of two targets, perhaps of a later build."""
    build = number // _BUILD_RUNS
    figures = tuple(
        replace(figure, value=figure.value * chance.uniform(0.9, 1.1))
        if not figure.repeatable and figure.value is not None
        else replace(figure, value=figure.value + build)
        if figure.name == "memory.text_bytes" and figure.value is not None
        else figure
        for figure in facts.figures
    )
    started = (_FIRST + timedelta(minutes=number)).isoformat()
    target = f"target-{number % 2}"
    return replace(
        facts, id=f"{number:016x}", started=started, target=target, build_id=f"{build:032x}", figures=figures
    )


def seconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    begun = time.monotonic()
    function()
    return time.monotonic() - begun


def trend(history: History) -> None:
    """The last twenty values of three measures, as the command asks for them."""
    wanted = {"timing.train.p99", "memory.text_bytes", "link.goodput_bytes_per_s"}
    history.runs(scenario="sun-sensor", target="target-0", limit=20)
    history.trends("sun-sensor", "target-0", chosen=lambda name, _: name in wanted, limit=20)


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=11, of="turns")
    parser.add_argument("--entries", type=int, default=10_000, metavar="N", help="runs in it (default: 10000)")
    options = parser.parse_args()
    print_method(f"{options.entries} runs, {options.runs} turns; seconds")
    chance = random.Random(1)  # noqa: S311 - figures of a benchmark
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "history.sqlite"
        (Path(name) / "run").mkdir()
        facts = one_run(Path(name) / "run")
        rows: dict[str, list[float]] = {
            "add, opened for it": [],
            "query": [],
            "python -c pass": [],
            "bench history": [],
        }
        with open_history(path) as history:
            for number in range(options.entries - options.runs):
                history.add(another(facts, number, chance))

        def add(run: RunFacts) -> None:
            with open_history(path) as history:
                history.add(run)

        command = [sys.executable, "-m", "bench.cli", "history", "sun-sensor", "--history", str(path)]
        for turn in range(options.runs):
            more = another(facts, options.entries - options.runs + turn, chance)
            rows["add, opened for it"].append(seconds(lambda run=more: add(run)))  # type: ignore[misc]
            with open_history(path) as history:
                rows["query"].append(seconds(lambda file=history: trend(file)))  # type: ignore[misc]
            for label, words in (("python -c pass", [sys.executable, "-c", "pass"]), ("bench history", command)):
                rows[label].append(
                    seconds(lambda line=words: subprocess.run(line, stdout=subprocess.DEVNULL, check=True))  # type: ignore[misc]
                )
        print_table(["", *SPREAD_HEAD], [[label, *Spread.of(found).cells(".4f")] for label, found in rows.items()])
        size = path.stat().st_size
        print(f"\nfile: {size / 1e6:.1f} MB, {size / options.entries:.0f} bytes a run")
    print("target: query, and the whole command, below 0.2 s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
