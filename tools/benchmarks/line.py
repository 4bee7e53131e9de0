"""The native payload behind a line of 115200 and 921600 baud, and what the bench's own work costs.

A pty pair on each side of a relay that passes bytes on at baud/10 per second, each way, as a UART with 8N1 does: a
byte is handed on once the time that it takes on the line is over, and what waits is at most 4096 bytes (then the
sender is held up). The relay is a process of its own.
  wire      wire bytes of first transmissions per second, from the first byte written to the last row's report, against
            baud/10
  goodput   bytes of sample records alone per second
  CPU       processor time of the bench's process for each MB of wire bytes sent, against pyserial through the same
            relay: Serial.write of as many bytes in chunks of 1024, then Serial.read of as many bytes as the bench
            received, from a peer that only counts
No model is created. Bench and pyserial take turns.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pty
import select
import subprocess
import sys
import time
import tty
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import serial

from bench.build import build_firmware
from bench.telemetry import Recording
from bench.trace import LinkMeasured
from bench.transport import make_serial
from tools.benchmarks.common import (
    SPREAD_HEAD,
    Spread,
    long_recording,
    make_parser,
    print_method,
    print_table,
    stream_without_models,
)

_BAUDS = (115_200, 921_600)
_SECONDS = 4.0
_BITS_PER_BYTE = 10
_WAITING_BYTES = 4096
_TICK_S = 0.0005
_CHUNK = 1024
_RECORD_BYTES = 30
"""time_ms u32, label i16, six f32."""


@dataclass
class _Way:
    """One direction of the line."""

    source: int
    sink: int
    rate: float
    waiting: bytearray = field(default_factory=bytearray)
    owed: float = 0.0
    """Bytes that the line could have carried since it last did; none are saved up while nothing waits."""

    def pass_on(self, elapsed_s: float) -> None:
        """Carry what fits into `elapsed_s`."""
        self.owed += elapsed_s * self.rate
        if not self.waiting:
            self.owed = 0.0
        count = min(int(self.owed), len(self.waiting))
        if count:
            with contextlib.suppress(BlockingIOError):
                count = os.write(self.sink, self.waiting[:count])
                del self.waiting[:count]
                self.owed -= count

    def take(self) -> None:
        """Take what the sender has written, as far as there is room."""
        room = _WAITING_BYTES - len(self.waiting)
        if room > 0:
            with contextlib.suppress(BlockingIOError):
                self.waiting += os.read(self.source, room)


def relay(left: int, right: int, rate: float) -> None:
    """Pass bytes between two descriptors at `rate` per second until the process is ended."""
    ways = (_Way(left, right, rate), _Way(right, left, rate))
    then = time.monotonic()
    while True:
        busy = any(way.waiting for way in ways)
        open_ways = [way.source for way in ways if len(way.waiting) < _WAITING_BYTES]
        # While bytes are on the line the wait is one tick; a sender must not wake us more often than that.
        select.select([] if busy else open_ways, [], [], _TICK_S if busy else None)
        now = time.monotonic()
        for way in ways:
            way.pass_on(now - then)
            way.take()
        then = now


@contextlib.contextmanager
def line(baud: int) -> Iterator[tuple[str, str]]:
    """Device paths of the two ends of a line."""
    pairs = [pty.openpty(), pty.openpty()]
    for master, slave in pairs:
        tty.setraw(slave)
        os.set_blocking(master, False)
    process = multiprocessing.get_context("fork").Process(
        target=relay, args=(pairs[0][0], pairs[1][0], baud / _BITS_PER_BYTE), daemon=True
    )
    process.start()
    try:
        yield os.ttyname(pairs[0][1]), os.ttyname(pairs[1][1])
    finally:
        process.kill()
        process.join()
        for pair in pairs:
            for descriptor in pair:
                os.close(descriptor)


@dataclass(frozen=True)
class Streamed:
    """What the bench did on a line."""

    link: LinkMeasured
    cpu_s: float


def measure_bench(elf: Path, recording: Recording, *, baud: int) -> Streamed:
    """Stream the recording through a line of `baud`."""
    cpu: deque[float] = deque()
    with line(baud) as (ours, theirs), subprocess.Popen([str(elf), "--pty", theirs]) as payload:
        try:
            with make_serial(ours, baud=baud) as transport:
                link = stream_without_models(
                    transport,
                    recording,
                    target_name="host",
                    around=lambda work: cpu.append(_cpu_seconds(work)),
                )
        finally:
            payload.kill()
    return Streamed(link, cpu[0])


def _cpu_seconds(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def measure_pyserial(sent: int, received: int, *, baud: int) -> float:
    """Processor seconds that pyserial needs for as many bytes."""
    command = [sys.executable, "-c", _PEER]
    with (
        line(baud) as (ours, theirs),
        serial.Serial(ours, baudrate=baud, timeout=60, write_timeout=60) as port,
        # The peer stays until its stdin ends: bytes that it wrote last would be lost with its descriptor.
        subprocess.Popen([*command, theirs, str(sent), str(received)], stdin=subprocess.PIPE),
    ):
        begun = time.process_time()
        for start in range(0, sent, _CHUNK):
            port.write(bytes(min(_CHUNK, sent - start)))
        if len(port.read(received)) != received:
            raise SystemExit(f"pyserial did not read {received} bytes within 60 s")
        return time.process_time() - begun


# Reads as many bytes as it is told and then answers with as many as it is told.
_PEER = """
import os, sys
path, receive, send = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
tty = os.open(path, os.O_RDWR | os.O_NOCTTY)
while receive > 0:
    receive -= len(os.read(tty, 65536))
while send > 0:
    send -= os.write(tty, bytes(min(send, 1024)))
sys.stdin.read()
"""


def main() -> int:
    """Measure and print."""
    options = make_parser(__doc__, runs=5, of="runs at each rate").parse_args()
    elf = build_firmware("host").elf
    print_method(f"{options.runs} runs at each rate, about {_SECONDS:g} s of streaming each")
    head = ["", *SPREAD_HEAD]
    for baud in _BAUDS:
        rate = baud / _BITS_PER_BYTE
        recording = long_recording(int(rate * _SECONDS / _RECORD_BYTES))
        streamed: list[Streamed] = []
        pyserial: list[float] = []
        for _ in range(options.runs):
            streamed.append(measure_bench(elf, recording, baud=baud))
            counts = streamed[-1].link.counts
            sent = counts["bytes_sent"]
            pyserial.append(measure_pyserial(sent, counts["bytes_received"], baud=baud) / sent * 1e6)
        print_table(head, _rows(streamed, pyserial, rate))
        print(f"at {baud} baud; frames resent: {sum(one.link.counts['frames_resent'] for one in streamed)}\n")
    print("target: median wire / (baud/10) at least 0.95")
    return 0


def _rows(streamed: list[Streamed], pyserial: list[float], rate: float) -> list[list[str]]:
    wire = [one.link.counts["first_transmission_bytes"] / one.link.seconds / rate for one in streamed]
    good = [one.link.sample_record_bytes / one.link.seconds / rate for one in streamed]
    cpu = [one.cpu_s / one.link.counts["bytes_sent"] * 1e6 for one in streamed]
    return [
        ["wire / (baud/10)", *Spread.of(wire).cells(".4f")],
        ["goodput / (baud/10)", *Spread.of(good).cells(".4f")],
        ["CPU s/MB, bench", *Spread.of(cpu).cells(".3f")],
        ["CPU s/MB, pyserial", *Spread.of(pyserial).cells(".3f")],
        ["CPU bench / pyserial", *Spread.of([a / b for a, b in zip(cpu, pyserial, strict=True)]).cells(".2f")],
    ]


if __name__ == "__main__":
    sys.exit(main())
