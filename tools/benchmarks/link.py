"""Link rate on QEMU (xilinx-zynq-a9), no model created, against a raw sink.

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

from bench.build import build_firmware
from bench.telemetry import Recording
from bench.transport import Transport
from tools.benchmarks.common import (
    QEMU_TARGET,
    SPREAD_HEAD,
    Spread,
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


@dataclass(frozen=True)
class Pair:
    """Bytes per second."""

    wire: float
    goodput: float
    sink: float
    frames_resent: int


def measure_link(elf: Path, recording: Recording) -> tuple[float, float, int]:
    """Wire bytes of first transmissions per second, sample-record bytes per second, frames resent."""
    with qemu_transport(elf) as transport:
        measured = stream_without_models(transport, recording, target_name=QEMU_TARGET, around=call)
    wire = measured.counts["first_transmission_bytes"] / measured.seconds
    return wire, measured.sample_record_bytes / measured.seconds, measured.counts["frames_resent"]


def measure_sink(elf: Path, data: bytes) -> float:
    """Bytes per second that the sink takes."""
    with qemu_transport(elf) as transport:
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


def measure_pair(payload: Path, sink: Path, *, recording: Recording, data: bytes, link_first: bool) -> Pair:
    """One pair; which comes first changes from pair to pair."""
    sink_rate = 0.0 if link_first else measure_sink(sink, data)
    wire, goodput, resent = measure_link(payload, recording)
    return Pair(wire, goodput, sink_rate or measure_sink(sink, data), resent)


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=11, of="pairs")
    parser.add_argument("--rows", type=positive, default=15_000, help="rows per measurement (default: %(default)s)")
    options = parser.parse_args()
    recording = long_recording(options.rows)
    payload, sink = build_firmware("zynq").elf, build_sink("zynq")
    # The bytes of the rows themselves: both carry the same kind of data, and nearly the same amount.
    data = recording.values.tobytes() + recording.known_labels.tobytes() + recording.times_ms.astype("<u4").tobytes()
    print_method(f"{options.runs} interleaved pairs, {options.rows} rows each; figures in kB/s (1000 bytes)")
    pairs = [
        measure_pair(payload, sink, recording=recording, data=data, link_first=number % 2 == 0)
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
