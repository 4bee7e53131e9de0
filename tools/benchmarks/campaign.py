"""Injections per second: a snapshot ladder against a fresh emulator that breakpoints bring to the same instants.

Faults are drawn evenly over the time grid, the strata and their bits, with one seed; both ways get the same ones, in
turns. The wall clock tells what one worker does on a machine that others use too; `of processor time` divides by what
emulator and bench together took; `undisturbed` is the mean of the least that each fault took in --least
times: what the wall clock would tell on a machine that nobody else uses. The ladder is made before, and its cost told
apart. Every tenth injection is made twice, and must be equal.

With --workers N it measures something else: so many worker processes of a campaign on this machine, as `bench campaign`
starts them, against one, which work off the same faults in turns.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from distributed import Client, LocalCluster, wait

from bench.campaign.cluster import Machines, work_off
from bench.campaign.fault import Fault, Flip, Golden, Observed
from bench.campaign.injector import InjectorSetup
from bench.campaign.machine import Task
from bench.scenario import SCENARIOS
from bench.upset import QemuInjector, open_injector
from tools.benchmarks.common import SPREAD_HEAD, Spread, make_parser, positive, print_method, print_table

STRATA: Final = ("weights", "optimizer", "data", "link", "stack", "code", "globals", "core_registers", "fp_registers")
TARGETS: Final = ("qemu-mps2-an386", "qemu-mps2-an500", "qemu-zynq-a9")
_REPEATED_EVERY: Final = 10
_WANTED_PER_S: Final = 80
_WANTED_RATIO: Final = 10
_WANTED_SPEEDUP: Final = 1.6
_BATCH: Final = 12
"""Tasks handed out together: a campaign of this many faults does so, too."""


def draw_faults(golden: Golden, count: int) -> list[Fault]:
    """The same ones for the same golden run: strata in turns, bits and instants at random."""
    draw = random.Random(1)  # noqa: S311 - no secret
    faults = []
    for number in range(count):
        stratum = STRATA[number % len(STRATA)]
        regions = [region for region in golden.regions if region.stratum == stratum]
        region = draw.choices(regions, [region.bits for region in regions])[0]
        bit = draw.randrange(region.bits)
        element, within = divmod(bit, region.element_bits)
        flip = Flip("memory", region.address + bit // 8, bit % 8)
        if region.space == "register":
            flip = Flip("register", region.address, bit)
        time_ = draw.choice(golden.instants)
        faults.append(Fault(f"{number}", stratum, time_, (flip,), region.name, element, within))
    return faults


def processor_s(pid: int | None) -> float:
    """Of this process, and of the process `pid` with all its threads."""
    own = sum(os.times()[:2])
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except FileNotFoundError:
        return own
    return own + (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def timed(injector: QemuInjector, make: Callable[[Fault], Observed], fault: Fault) -> tuple[Observed, float, float]:
    """What came of it, host seconds, and seconds of processor time where the emulator outlived it."""
    pid, before, began = injector.pid, processor_s(injector.pid), time.perf_counter()
    observed = make(fault)
    took = time.perf_counter() - began
    return observed, took, processor_s(pid) - before if injector.pid == pid else took


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=360, of="injections from the ladder")
    parser.add_argument("--target", choices=TARGETS, default=TARGETS[0], help="default: %(default)s")
    parser.add_argument("--instants", type=positive, default=64, metavar="N", help="rungs (default: 64)")
    parser.add_argument("--fresh-every", type=positive, default=12, metavar="N", help="in turns (default: 12)")
    parser.add_argument("--least", type=positive, default=7, metavar="N", help="of so many times (default: 7)")
    parser.add_argument("--workers", type=positive, default=None, metavar="N", help="measure these against one worker")
    parser.add_argument("--turns", type=positive, default=7, metavar="N", help="of --workers (default: 7)")
    options = parser.parse_args()
    setup = InjectorSetup(SCENARIOS / "sun-sensor-upsets.toml", options.target, STRATA, 0.01, options.instants)
    began = time.perf_counter()
    with open_injector(setup) as injector:
        opened_s = time.perf_counter() - began
        if options.workers is None:
            measure(injector, options, opened_s)
            return 0
        golden = injector.golden()
    measure_workers(setup, golden, options)
    return 0


@contextmanager
def workers_on(setup: InjectorSetup, count: int) -> Iterator[Client]:
    """So many workers of a campaign, each with its machine running."""
    with (
        LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=":0", silence_logs="CRITICAL") as cluster,
        Client(cluster) as client,
    ):
        client.register_plugin(Machines(open_injector, setup))
        yield client


def work(client: Client, faults: list[Fault], digest: str) -> float:
    """Seconds until every fault has its row."""
    tasks = [Task(fault, repeat=False) for fault in faults]
    began = time.perf_counter()
    batches = [
        client.submit(work_off, tasks[start : start + _BATCH], digest, pure=False)
        for start in range(0, len(tasks), _BATCH)
    ]
    wait(batches)
    took = time.perf_counter() - began
    rows = [row for batch in batches for row in batch.result()]
    if len(rows) != len(faults) or any(row.observed is None for row in rows):
        raise SystemExit("not every fault has an outcome")
    return took


def measure_workers(setup: InjectorSetup, golden: Golden, options: argparse.Namespace) -> None:
    """The same faults by one worker and by several, in turns; the first of each way is no part of it."""
    faults = draw_faults(golden, options.runs)
    seconds: dict[int, list[float]] = {1: [], options.workers: []}
    with ExitStack() as stack:
        clients = {count: stack.enter_context(workers_on(setup, count)) for count in seconds}
        for turn in range(options.turns + 1):
            for count, client in clients.items() if turn % 2 else reversed(clients.items()):
                took = work(client, faults, golden.digest)
                if turn:
                    seconds[count].append(took)
    print_method(f"{options.target}, {golden.instructions:,} instructions, {len(faults)} injections a turn, in turns")
    rows = [
        [f"{count} workers, per second", *Spread.of([len(faults) / value for value in found]).cells(".1f")]
        for count, found in seconds.items()
    ]
    ratios = [one / several for one, several in zip(seconds[1], seconds[options.workers], strict=True)]
    rows.append([f"{options.workers} against 1", *Spread.of(ratios).cells(".2f")])
    print_table(["", *SPREAD_HEAD], rows)
    print(f"wanted with 2: {_WANTED_SPEEDUP}; load of the machine {os.getloadavg()[0]:.1f}")


def undisturbed(injector: QemuInjector, faults: list[Fault], *, times: int) -> float:
    """Mean over the faults of the least host seconds that each took."""
    least = [float("inf")] * len(faults)
    for _ in range(times):
        for number, fault in enumerate(faults):
            least[number] = min(least[number], timed(injector, injector.inject, fault)[1])
    return sum(least) / len(least)


def measure(injector: QemuInjector, options: argparse.Namespace, opened_s: float) -> None:
    """Make the injections and print what they took."""
    golden = injector.golden()
    ladder: list[float] = []
    fresh: list[float] = []
    busy: list[float] = []
    unequal = repeated = beside = 0
    outcomes: Counter[tuple[str, str]] = Counter()
    costs = dict.fromkeys(injector.seconds, 0.0)
    for number, fault in enumerate(draw_faults(golden, options.runs)):
        before = dict(injector.seconds)
        observed, took, used = timed(injector, injector.inject, fault)
        ladder.append(took)
        busy.append(used)
        outcomes[observed.system, observed.learner] += 1
        costs = {name: costs[name] + injector.seconds[name] - before[name] for name in costs}
        if number % _REPEATED_EVERY == 0:
            repeated += 1
            unequal += injector.inject(fault) != observed
        if number % options.fresh_every == 0:
            way = injector.way_to(fault.time)  # known beforehand, as its breakpoints are to whoever goes this way
            found, took, _ = timed(injector, partial(injector.inject_afresh, way=way), fault)
            fresh.append(took)
            beside += found != observed
    mean = sum(ladder) / len(ladder)
    print_method(
        f"{options.target}, {golden.instructions:,} instructions, {len(golden.instants)} instants, {len(ladder)} "
        f"injections of one bit in {len(STRATA)} strata; opened in {opened_s:.1f} s"
    )
    rows = [["one injection, ms", *Spread.of([1000 * value for value in ladder]).cells(".1f"), f"{1000 * mean:.1f}"]]
    fresh_mean = sum(fresh) / len(fresh)
    rows.append(
        ["fresh emulator, ms", *Spread.of([1000 * value for value in fresh]).cells(".0f"), f"{1000 * fresh_mean:.0f}"]
    )
    print_table(["", "median", "min", "quartile 1", "quartile 3", "max", "mean"], rows)
    print()
    for name, seconds in costs.items():
        print(f"{name:10s} {1000 * seconds / len(ladder):6.2f} ms")
    print()
    least_s = undisturbed(injector, draw_faults(golden, options.runs), times=options.least)
    print(f"undisturbed: {1000 * least_s:.1f} ms, {1 / least_s:.0f} per second")
    print(f"injections per second: {1 / mean:.0f} by the wall clock, {len(busy) / sum(busy):.0f} of processor time")
    print(f"wanted per second and core: {_WANTED_PER_S}")
    print(f"against a fresh emulator: {fresh_mean / mean:.1f} times (wanted: {_WANTED_RATIO})")
    print(f"fresh ones that came out otherwise: {beside} of {len(fresh)}")
    print(f"repeated: {repeated}, unequal: {unequal}")
    print("; ".join(f"{system} {learner}: {count}" for (system, learner), count in outcomes.most_common()))


if __name__ == "__main__":
    sys.exit(main())
