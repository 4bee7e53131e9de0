"""What recording the link costs, with the payload as a native process: the fastest link there is.

Pairs, each of two fresh processes, in turns with the recording first or last:
  rows         a session streams rows to a payload without models; seconds until the last row's report.
  round trips  telecommands that the payload answers at once, one after the other; seconds for all of them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.clock import MonotonicClock
from bench.session import Recorder
from bench.session.dialogue import Dialogue
from bench.target import load_target
from bench.telemetry import Recording
from bench.transport import LINK, LinkWriter, RecordingTransport, Transport, make_process
from firmware_if.messages import AreYouAlive
from tools.benchmarks.common import (
    SPREAD_HEAD,
    Spread,
    build_payload,
    long_recording,
    make_parser,
    positive,
    print_method,
    print_table,
    stream_without_models,
)

_HOST = "host"


def seconds_of_rows(transport: Transport, recording: Recording) -> float:
    """Stream them all."""
    taken: list[float] = []

    def timed(stream: Callable[[], None]) -> None:
        begun = time.perf_counter()
        stream()
        taken.append(time.perf_counter() - begun)

    stream_without_models(transport, recording, target_name=_HOST, around=timed)
    return taken[0]


def seconds_of_round_trips(transport: Transport, count: int) -> float:
    """Ask `count` times."""
    clock = MonotonicClock()
    dialogue = Dialogue(transport, clock=clock, recorder=Recorder(clock), target_name=_HOST)
    dialogue.connect(10.0, starting=True)
    begun = time.perf_counter()
    for _ in range(count):
        dialogue.demand(AreYouAlive())
    return time.perf_counter() - begun


def measured(elf: Path, work: Callable[[Transport], float], *, recorded: bool) -> float:
    """Seconds of `work` on a fresh process."""
    with ExitStack() as stack:
        transport: Transport = make_process(elf)
        if recorded:
            clock = MonotonicClock()
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            writer = LinkWriter(stack.enter_context((Path(folder) / LINK).open("xb")), started=clock.now())
            transport = RecordingTransport(transport, clock=clock, sink=writer)
        return work(stack.enter_context(transport))


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=15, of="pairs")
    parser.add_argument("--rows", type=positive, default=100_000, help="default: %(default)s")
    parser.add_argument("--round-trips", type=positive, default=5000, help="default: %(default)s")
    options = parser.parse_args()
    elf = build_payload(load_target(_HOST))
    recording = long_recording(options.rows)
    works: dict[str, Callable[[Transport], float]] = {
        "rows": lambda transport: seconds_of_rows(transport, recording),
        "round trips": lambda transport: seconds_of_round_trips(transport, options.round_trips),
    }
    print_method(
        "native process", f"{options.runs} interleaved pairs, {options.rows} rows and {options.round_trips} round trips"
    )
    cells = []
    for name, work in works.items():
        ratios = []
        for number in range(options.runs):
            order = (True, False) if number % 2 else (False, True)
            seconds = {recorded: measured(elf, work, recorded=recorded) for recorded in order}
            ratios.append(seconds[True] / seconds[False])
        cells.append([f"{name}: recorded / not", *Spread.of(ratios).cells(".3f")])
    print_table(["", *SPREAD_HEAD], cells)
    return 0


if __name__ == "__main__":
    sys.exit(main())
