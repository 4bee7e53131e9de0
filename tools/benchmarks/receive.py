"""The receive path of the bench on a pty, beside raw reads and writes of the same bytes.

A process of its own writes telemetry frames as fast as the pty takes them; each carries the largest piece of a model's
state that fits into a frame. They are read to the last byte, in turns, by
  raw         os.read on the pty, as many bytes as it gives
  frames      SerialTransport and Deframer: every frame's COBS and CRC-32
  connection  SerialTransport and Connection: also sequence numbers, packets with their CRC-16, messages, and the
              acknowledgements that go back meanwhile
Then a peer sends back what it is sent, one frame at a time, and the time until it is there again is taken by
  raw         os.write and os.read, which blocks
  frames      SerialTransport with enframe and Deframer
A ratio is of two figures of the same turn.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import select
import statistics
import sys
import time
import tty
from collections.abc import Callable, Iterator
from typing import Final

from bench.transport import SerialTransport, make_serial
from firmware_if.connection import Connection
from firmware_if.events import PacketReceived
from firmware_if.framing import MAX_PACKET_BYTES, Deframer, Frame, Header, enframe
from firmware_if.messages import FINGERPRINT, VERSION, AreYouAlive, FrameType, Hello, MemoryDump
from firmware_if.octets import Writer
from firmware_if.packets import ACKNOWLEDGE_ALL, crc16, pack_telecommand
from tools.benchmarks.common import SPREAD_HEAD, Spread, make_parser, print_method, print_table

_FRAMES: Final = 32_000
_ROUND_TRIPS: Final = 2_000
_NONCE: Final = 0x48494C
_CREDIT: Final = 8192
_READ_BYTES: Final = 1 << 16
_BAUD: Final = 921_600
"""Means nothing to a pty."""
_ASK: Final = b"\0"
_PATIENCE_S: Final = 30.0
# Telemetry [6,6] of apid 0x2A5 at uptime 0, but for its sequence count and length.
_TM_HEAD: Final = bytes.fromhex("200606000000002e000000000000")


def telemetry_frames(count: int) -> list[bytes]:
    """Frames of a session with _NONCE, numbered from 0."""
    data = random.Random(1).randbytes(MAX_PACKET_BYTES)  # noqa: S311 - any bytes will do
    fields = Writer()
    room = MAX_PACKET_BYTES - 6 - len(_TM_HEAD) - 2 - 10
    MemoryDump(0, 1, 0, data[:room], crc16(data[:room])).write(fields)
    body = _TM_HEAD + fields.getvalue()
    frames = []
    for number in range(count):
        head = (0x0AA5).to_bytes(2, "big") + (0xC000 | number & 0x3FFF).to_bytes(2, "big")
        packet = head + (len(body) + 1).to_bytes(2, "big") + body
        header = Header(FrameType.DATA, 0, _NONCE, number % 0x10000, 0, _CREDIT)
        frames.append(enframe(header, packet + crc16(packet).to_bytes(2, "big")))
    return frames


def hello_frame() -> bytes:
    """The answer to the first question of a connection with _NONCE."""
    writer = Writer()
    Hello(0x48494C31, VERSION, FINGERPRINT, bytes(16), 1, 1, 0, 4096, _CREDIT, 1024, "pty").write(writer)
    return enframe(Header(FrameType.HELLO, 0, _NONCE, 0, 0, _CREDIT), writer.getvalue())


def write_when_asked(descriptor: int, data: bytes) -> None:
    """Write once something has come, and throw away what comes meanwhile, for ever."""
    left, asked = memoryview(data), False
    while True:
        readable, writable, _ = select.select([descriptor], [descriptor] if asked and left else [], [])
        if readable:
            asked = bool(os.read(descriptor, _READ_BYTES))
        if writable:
            left = left[os.write(descriptor, left) :]


def echo(descriptor: int) -> None:
    """Send back what comes."""
    os.set_blocking(descriptor, True)
    while True:
        os.write(descriptor, os.read(descriptor, _READ_BYTES))


@contextlib.contextmanager
def peer(work: Callable[..., None], *data: bytes) -> Iterator[str]:
    """Yield the path of a pty at whose other end a process does `work`."""
    controller, device = os.openpty()
    tty.setraw(device)
    os.set_blocking(controller, False)
    process = multiprocessing.get_context("fork").Process(target=work, args=(controller, *data), daemon=True)
    process.start()
    try:
        yield os.ttyname(device)
    finally:
        process.kill()
        process.join()
        os.close(controller)
        os.close(device)


def read_raw(path: str, size: int) -> float:
    """Seconds for `size` bytes."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        begun = time.perf_counter()
        os.write(descriptor, _ASK)
        while size > 0:
            size -= len(os.read(descriptor, _READ_BYTES))
        return time.perf_counter() - begun
    finally:
        os.close(descriptor)


def read_frames(path: str, count: int) -> float:
    """Seconds for `count` frames, each of which must be intact."""
    deframer, outgoing, intact = Deframer(), _ASK, 0
    with make_serial(path, baud=_BAUD) as transport:
        begun = time.perf_counter()
        while intact < count:
            outgoing, received = _received(transport, outgoing)
            items = list(deframer.feed(received))
            intact += len(items)
            if not all(isinstance(item, Frame) for item in items):
                raise SystemExit(f"not all frames: {items}")
        return time.perf_counter() - begun


def read_connection(path: str, count: int) -> float:
    """Seconds for `count` messages, each of which must come out in order."""
    connection = Connection(lambda: _NONCE)
    connection.open(0.0)
    connection.bytes_to_send(0.0)
    connection.receive_data(hello_frame(), 0.0)
    connection.next_event()
    outgoing, messages = _ASK, 0
    with make_serial(path, baud=_BAUD) as transport:
        begun = time.perf_counter()
        while messages < count:
            outgoing, received = _received(transport, outgoing)
            connection.receive_data(received, time.monotonic())
            connection.handle_deadline(time.monotonic())
            while (event := connection.next_event()) is not None:
                if not isinstance(event, PacketReceived):
                    raise SystemExit(f"not a message: {event}")
                messages += 1
            outgoing += connection.bytes_to_send(time.monotonic())
        return time.perf_counter() - begun


def _received(transport: SerialTransport, outgoing: bytes) -> tuple[bytes, bytes]:
    """What is left of `outgoing`, and what came."""
    done = transport.transfer(outgoing, _PATIENCE_S)
    if not done.written and not done.received:
        raise SystemExit(f"nothing came for {_PATIENCE_S:g} s")
    return outgoing[done.written :], done.received


def trip_raw(path: str, count: int) -> list[float]:
    """Seconds of each round trip of a small frame."""
    frame = question()
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        times = []
        for _ in range(count):
            begun = time.perf_counter()
            os.write(descriptor, frame)
            missing = len(frame)
            while missing:
                missing -= len(os.read(descriptor, _READ_BYTES))
            times.append(time.perf_counter() - begun)
        return times
    finally:
        os.close(descriptor)


def trip_frames(path: str, count: int) -> list[float]:
    """The same, from the packet to the frame that came back."""
    header, body = Header(FrameType.DATA, 1, _NONCE, 0, 0, 0), question_packet()
    deframer, times = Deframer(), []
    with make_serial(path, baud=_BAUD) as transport:
        for _ in range(count):
            begun = time.perf_counter()
            outgoing, frame = enframe(header, body), None
            while frame is None:
                outgoing, received = _received(transport, outgoing)
                frame = next(iter(deframer.feed(received)), None)
            times.append(time.perf_counter() - begun)
            if not isinstance(frame, Frame) or frame.body != body:
                raise SystemExit(f"came back as {frame}")
    return times


def question_packet() -> bytes:
    return pack_telecommand(AreYouAlive(), 0, acknowledgements=ACKNOWLEDGE_ALL)[0]


def question() -> bytes:
    return enframe(Header(FrameType.DATA, 1, _NONCE, 0, 0, 0), question_packet())


def main() -> int:
    """Measure and print."""
    options = make_parser(__doc__, runs=9, of="turns").parse_args()
    print_method(f"{options.runs} turns; {_FRAMES} frames of telemetry, {_ROUND_TRIPS} round trips")
    stream = b"".join(telemetry_frames(_FRAMES))
    rates: dict[str, list[float]] = {"raw": [], "frames": [], "connection": []}
    trips: dict[str, list[float]] = {"raw": [], "frames": []}
    ways: dict[str, Callable[[str], float]] = {
        "raw": lambda path: read_raw(path, len(stream)),
        "frames": lambda path: read_frames(path, _FRAMES),
        "connection": lambda path: read_connection(path, _FRAMES),
    }
    for _ in range(options.runs):
        for name, way in ways.items():
            with peer(write_when_asked, stream) as path:
                rates[name].append(len(stream) / way(path) / 1e6)
        for name, trip in (("raw", trip_raw), ("frames", trip_frames)):
            with peer(echo) as path:
                trips[name].append(statistics.median(trip(path, _ROUND_TRIPS)) * 1e3)
    print_table(["MB/s", *SPREAD_HEAD], _rows(rates, ".1f"))
    print()
    print_table(["round trip, ms", *SPREAD_HEAD], _rows(trips, ".3f"))
    print("\ntargets: frames at least 30 MB/s, a round trip through frames at most 0.2 ms")
    return 0


def _rows(values: dict[str, list[float]], form: str) -> list[list[str]]:
    """Each way's values, and the ratios to the raw ones of the same turn."""
    rows = [[name, *Spread.of(found).cells(form)] for name, found in values.items()]
    for name in list(values)[1:]:
        ratios = [one / raw for one, raw in zip(values[name], values["raw"], strict=True)]
        rows.append([f"{name} / raw", *Spread.of(ratios).cells(".2f")])
    return rows


if __name__ == "__main__":
    sys.exit(main())
