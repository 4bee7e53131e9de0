"""Link rate of a target that QEMU runs, no model created, against a raw sink.

Pairs, each of two fresh QEMU processes with the same arguments, in turns the link or the sink first:
  link  the reference payload; a session streams rows. Wire bytes of first transmissions (resent frames, polls and
        acknowledgements do not count) per second from the first byte written to the last row's report.
  sink  firmware with the same UART driver that discards. As many bytes by plain writes; per second from the first byte
        written to the sink's answer.
Goodput: bytes of sample records alone per second.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.target import Target, load_target
from bench.telemetry import Recording
from bench.transport import Transport
from tools.benchmarks.common import (
    QEMU_TARGET,
    SPREAD_HEAD,
    Spread,
    add_target,
    build_payload,
    build_sink,
    call,
    long_recording,
    make_parser,
    positive,
    print_method,
    print_table,
    qemu_transport,
    stream_without_models,
)

_ANSWER_S = 60.0


_ROWS: Final = {QEMU_TARGET: 15_000}
_ROWS_ELSEWHERE: Final = 3_000
"""A UART without a FIFO costs QEMU ten times as much for each byte."""


@dataclass(frozen=True)
class Pair:
    """Bytes per second."""

    wire: float
    goodput: float
    sink: float
    frames_resent: int


def measure_link(target: Target, elf: Path, recording: Recording) -> tuple[float, float, int]:
    """Wire bytes of first transmissions per second, sample-record bytes per second, frames resent."""
    with qemu_transport(target, elf) as transport:
        measured = stream_without_models(transport, recording, target_name=target.name, around=call)
    wire = measured.counts["first_transmission_bytes"] / measured.seconds
    return wire, measured.sample_record_bytes / measured.seconds, measured.counts["frames_resent"]


def measure_sink(target: Target, elf: Path, data: bytes) -> float:
    """Bytes per second that the sink takes."""
    with qemu_transport(target, elf) as transport:
        _await_line(transport, b"sink ready\n")
        begun = time.monotonic()
        left = len(data).to_bytes(4, "little") + data
        while left:
            left = left[transport.transfer(left, _ANSWER_S).written :]
        _await_line(transport, b"sink %d lost 0\n" % len(data))
        return len(data) / (time.monotonic() - begun)


def _await_line(transport: Transport, expected: bytes) -> None:
    said = b""
    until = time.monotonic() + _ANSWER_S
    while not said.endswith(b"\n"):
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise SystemExit(f"the sink has not said {expected!r} within {_ANSWER_S:g} s, but {said!r}")
        said += transport.transfer(b"", left_s).received
    if said != expected:
        raise SystemExit(f"the sink said {said!r} instead of {expected!r}")


@dataclass(frozen=True)
class Images:
    """What runs on a target: the reference payload, and the raw sink."""

    target: Target
    payload: Path
    sink: Path


def measure_pair(images: Images, *, recording: Recording, data: bytes, link_first: bool) -> Pair:
    """One pair; which comes first changes from pair to pair."""
    sink_rate = 0.0 if link_first else measure_sink(images.target, images.sink, data)
    wire, goodput, resent = measure_link(images.target, images.payload, recording)
    return Pair(wire, goodput, sink_rate or measure_sink(images.target, images.sink, data), resent)


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=11, of="pairs")
    add_target(parser)
    parser.add_argument("--rows", type=positive, help="rows per measurement (default: 15000 on zynq, elsewhere 3000)")
    options = parser.parse_args()
    target = load_target(options.target)
    rows = options.rows or _ROWS.get(target.name, _ROWS_ELSEWHERE)
    recording = long_recording(rows)
    images = Images(target, build_payload(target), build_sink(target))
    # The bytes of the rows themselves: both carry the same kind of data, and nearly the same amount.
    data = recording.values.tobytes() + recording.known_labels.tobytes() + recording.times_ms.astype("<u4").tobytes()
    print_method(target.title, f"{options.runs} interleaved pairs, {rows} rows each; figures in kB/s (1000 bytes)")
    pairs = [
        measure_pair(images, recording=recording, data=data, link_first=number % 2 == 0)
        for number in range(options.runs)
    ]
    kilobytes = [
        [name, *Spread.of([getattr(pair, field) / 1000 for pair in pairs]).cells(".1f")]
        for name, field in (("wire, link", "wire"), ("goodput, link", "goodput"), ("sink", "sink"))
    ]
    ratio = Spread.of([pair.wire / pair.sink for pair in pairs])
    good = Spread.of([pair.goodput / pair.sink for pair in pairs])
    print_table(
        ["", *SPREAD_HEAD],
        [*kilobytes, ["wire / sink", *ratio.cells(".3f")], ["goodput / sink", *good.cells(".3f")]],
    )
    print(f"\nframes resent: {sum(pair.frames_resent for pair in pairs)}; target: median wire / sink at least 0.90")
    return 0


if __name__ == "__main__":
    sys.exit(main())
