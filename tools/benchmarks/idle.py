"""What an idle payload costs the machine that emulates it: processor time of QEMU, as a share of one core.

Each target that QEMU runs is started as the bench starts it and greeted; then nothing is sent to it. `busy` is a raw
sink of the same port while it takes bytes as fast as it can, for comparison.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.clock import MonotonicClock
from bench.session import Recorder
from bench.session.dialogue import Dialogue
from bench.target import Target, load_target
from bench.transport.process import ProcessTransport
from tools.benchmarks.common import (
    SPREAD_HEAD,
    Spread,
    build_payload,
    build_sink,
    make_parser,
    print_method,
    print_table,
    qemu_targets,
    qemu_transport,
)

_SECONDS = 3.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def processor_s(pid: int) -> float:
    """Processor time that a process has used, its own and the kernel's for it; the kernel counts in 1/100 s."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S  # utime and stime, proc(5)


def share_of(transport: ProcessTransport, work: Callable[[], object]) -> float:
    """Processor time of QEMU per second while `work` goes on."""
    if transport.pid is None:
        raise SystemExit("QEMU is not running")
    before, since = processor_s(transport.pid), time.monotonic()
    work()
    return (processor_s(transport.pid) - before) / (time.monotonic() - since)


def measure_idle(target: Target, elf: Path, seconds: float) -> float:
    """The payload has been greeted, and waits."""
    clock = MonotonicClock()
    with qemu_transport(target, elf) as transport:
        Dialogue(transport, clock=clock, recorder=Recorder(clock), target_name=target.name).connect(10.0, starting=True)
        return share_of(transport, lambda: transport.transfer(b"", seconds))


def measure_busy(target: Target, elf: Path, seconds: float) -> float:
    """The sink has been promised more bytes than it can take in that time."""
    with qemu_transport(target, elf) as transport:
        transport.transfer(b"", 10.0)  # "sink ready"
        transport.transfer(b"\xff\xff\xff\xff", 0.0)

        def send() -> None:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                transport.transfer(bytes(1024), 0.01)

        return share_of(transport, send)


def main() -> int:
    """Measure and print."""
    options = make_parser(__doc__, runs=3, of="turns").parse_args()
    targets = [load_target(name) for name in qemu_targets()]
    images = [(target, build_payload(target), build_sink(target)) for target in targets]
    print_method(f"{options.runs} turns of {_SECONDS:g} s each; processor seconds per second")
    rows: dict[str, list[float]] = {}
    for _ in range(options.runs):
        for target, payload, sink in images:
            rows.setdefault(f"{target.name} idle", []).append(measure_idle(target, payload, _SECONDS))
            rows.setdefault(f"{target.name} busy", []).append(measure_busy(target, sink, _SECONDS))
    print_table(["", *SPREAD_HEAD], [[name, *Spread.of(values).cells(".3f")] for name, values in sorted(rows.items())])
    print("\ntarget: idle at most 0.05 of a core")
    return 0


if __name__ == "__main__":
    sys.exit(main())
