"""What the benchmarks share: recordings of any length, streaming without models, spread, tables."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.build import FIRMWARE, build_firmware, make_variables
from bench.clock import MonotonicClock
from bench.plan import ConfigureStream, Connect, StreamSegment
from bench.session import Recorder, Session
from bench.target import QemuTransportSpec, Target, load_target, target_names
from bench.telemetry import Recording, Segment, load_recording
from bench.trace import LinkMeasured
from bench.transport import Transport, make_qemu
from bench.transport.process import ProcessTransport

CHECKOUT = Path(__file__).resolve().parents[2]
QEMU_TARGET = "qemu-zynq-a9"


def make_parser(doc: str | None, *, runs: int, of: str) -> argparse.ArgumentParser:
    """A parser whose description is the module's docstring, with the option --runs ('how many `of`')."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=positive, default=runs, metavar="N", help=f"{of} (default: {runs})")
    return parser


def add_target(parser: argparse.ArgumentParser) -> None:
    """The option --target, for what runs on any target of QEMU's."""
    parser.add_argument("--target", choices=qemu_targets(), default=QEMU_TARGET, help="default: %(default)s")


def positive(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1 is needed")
    return number


@dataclass(frozen=True)
class Spread:
    """Order statistics of repeated measurements."""

    minimum: float
    lower: float
    median: float
    upper: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Quartiles by linear interpolation between ranks; of a single value they are that value."""
        if len(values) == 1:
            return cls(*[values[0]] * 5)
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
        return cls(min(values), lower, median, upper, max(values))

    def cells(self, form: str) -> list[str]:
        """Median, minimum, quartiles, maximum, each written as `form` says."""
        ordered = (self.median, self.minimum, self.lower, self.upper, self.maximum)
        return [format(value, form) for value in ordered]


SPREAD_HEAD = ["median", "min", "quartile 1", "quartile 3", "max"]


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """First column to the left, all others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())


def print_method(*lines: str) -> None:
    """How it was measured, and on what."""
    for line in lines:
        print(line)
    print(
        f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {qemu_version()}"
    )
    print(f"load average at the start: {os.getloadavg()[0]:.2f} (figures need a quiet machine)")
    print()


def qemu_version() -> str:
    """The first line that QEMU says of itself."""
    try:
        said = subprocess.run(["qemu-system-arm", "--version"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return "no qemu-system-arm"
    return said.splitlines()[0] if said else "qemu-system-arm of unknown version"


def long_recording(rows: int) -> Recording:
    """The sun-sensor recording, repeated to `rows` rows of one segment."""
    recording = load_recording(CHECKOUT / "fixtures" / "telemetry" / "sun-sensor")
    times = -(-rows // recording.row_count)
    return replace(
        recording,
        values=np.tile(recording.values, (times, 1))[:rows],
        labels=np.tile(recording.known_labels, times)[:rows],
        times_ms=np.arange(rows, dtype=np.int64) * 1000,
        segments=(Segment("whole", 0, rows),),
        evaluation=None,
        reference_models=None,
        auxiliary=(),
    )


def stream_without_models(
    transport: Transport, recording: Recording, *, target_name: str, around: Callable[[Callable[[], None]], None]
) -> LinkMeasured:
    """Stream a recording of one segment to a payload without models, as a session does; the link's counts.

    `around` is given the streaming itself to call, so that it can measure it.
    """
    clock = MonotonicClock()
    recorder = Recorder(clock)
    session = Session(
        transport, recording, recorder=recorder, clock=clock, target_name=target_name, ready_s=10.0, speed=None
    )
    session.do(Connect())
    session.do(ConfigureStream(0))
    around(lambda: session.do(StreamSegment(0, 0, recording.row_count)))
    return next(entry for entry in recorder.entries if isinstance(entry, LinkMeasured))


def call(function: Callable[[], None]) -> None:
    """For `stream_without_models` where nothing is measured around it."""
    function()


def qemu_targets() -> tuple[str, ...]:
    """Names of the targets that QEMU runs."""
    return tuple(name for name in target_names() if isinstance(load_target(name).transport, QemuTransportSpec))


def qemu_transport(target: Target, elf: Path) -> ProcessTransport:
    """QEMU as `target` starts it, with `elf`."""
    spec = target.transport
    if not isinstance(spec, QemuTransportSpec):
        raise SystemExit(f"{target.name} is not run by QEMU")
    return make_qemu(spec.binary, spec.machine, elf=elf, arguments=spec.arguments, ready_s=spec.ready_s)


def build_payload(target: Target) -> Path:
    """The payload of `target`, brought up to date."""
    if target.port is None:
        raise SystemExit(f"{target.name} has firmware of its own")
    return build_firmware(target.port, board=target.board, protection=target.has_protection).elf


def build_sink(target: Target) -> Path:
    """The raw sink for `target`, brought up to date; it lies beside the payload."""
    payload = build_payload(target)  # says what is wrong when a compiler is missing
    words = make_variables(target.port or "", target.board, protection=target.has_protection)
    subprocess.run(["make", "--no-print-directory", "-s", "-C", str(FIRMWARE), *words, "APP=sink"], check=True)
    return payload.with_name("sink.elf")
