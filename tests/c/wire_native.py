"""The C side of the wire in a process of its own, and the Python side in the same words, to compare the two."""

from __future__ import annotations

import random
import struct
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from firmware_if.errors import WireError
from firmware_if.framing import MAX_PACKET_BYTES, Console, Corrupt, Deframer, Frame, Header, enframe
from firmware_if.messages import MAX_FRAME_BYTES, TELECOMMANDS, TELEMETRY, FrameType, Hello, Message
from firmware_if.octets import Reader, Writer
from firmware_if.packets import crc16, unpack_telecommand

CHECKOUT = Path(__file__).parents[2]
COMPILERS = ("gcc", "clang")
SANITIZED = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
WARNINGS = "-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Werror"
PORTABLE = ("octets", "frame", "packet", "wire", "link", "meter")

MESSAGES: dict[tuple[int, int], type[Message | Hello]] = {(0, 0): Hello, **TELECOMMANDS, **TELEMETRY}
"""Everything that has fields, by [service, subtype]; Hello, the body of a frame, under [0,0]."""


def build(folder: Path, compiler: str, *, flags: str = SANITIZED) -> Path:
    """Compile the driver; raises AssertionError with the compiler's words."""
    program = folder / f"wire_driver_{compiler}"
    sources = [CHECKOUT / "firmware_if" / "c" / f"{name}.c" for name in PORTABLE]
    sources += [CHECKOUT / "tests" / "c" / name for name in ("wire_driver.c", "link_driver.c", "rewrite.c")]
    command = [compiler, *WARNINGS.split(), *flags.split(), *map(str, sources), "-o", str(program)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return program


class Driver:
    """The running driver; `ask` is one request and its answer, line by line."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [self._program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, operation: str, data: bytes = b"") -> list[str]:
        """Lines of the answer; raises AssertionError with what a sanitizer said when the driver is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(operation.encode() + len(data).to_bytes(4, "big") + data)
        self._process.stdin.flush()
        lines = []
        while (line := self._process.stdout.readline().decode()) not in {"\n", ""}:
            lines.append(line.strip())
        if not line:
            _, said = self._process.communicate()
            raise AssertionError(f"the driver ended with {self._process.returncode}: {lines} {said.decode()}")
        return lines

    def transcript(self, pieces: Iterable[bytes]) -> list[str]:
        """Frames and telecommands that the C side finds, the input given in these pieces."""
        self.ask("R")
        return [line for piece in pieces for line in self.ask("F", piece)]


def transcript(pieces: Iterable[bytes]) -> list[str]:
    """Frames and telecommands that the Python side finds, in the driver's words."""
    deframer = Deframer()
    lines = []
    for piece in pieces:
        for item in deframer.feed(piece):
            if isinstance(item, Frame):
                lines += describe_frame(item)
    return lines


def describe_frame(frame: Frame) -> list[str]:
    """A frame and the telecommand in it as the driver prints them."""
    h = frame.header
    again = enframe(h, frame.body).hex()
    numbers = f"{h.type} {h.poll} {h.tag:08x} {h.sequence} {h.ack} {h.credit}"
    lines = [f"frame {numbers} body={frame.body.hex()} again={again}"]
    if h.type == FrameType.DATA:
        lines.append(describe_telecommand(frame.body))
    return lines


def describe_telecommand(packet: bytes) -> str:
    """A telecommand as the driver prints it.

    The payload names the request even when it refuses, and checks the envelope before the message: that order is
    retold here.
    """
    packet_id, sequence = struct.unpack_from(">HH", packet) if len(packet) >= 4 else (0, 0)
    request = f"{packet_id:04x} {sequence:04x}"
    try:
        command = unpack_telecommand(packet)
    except WireError as error:
        if not error.message.startswith(("no message [", *(f"{m.__name__}: " for m in TELECOMMANDS.values()))):
            return f"refused {request}"
        return (
            f"telecommand {request} {packet[6] & 0xF} [{packet[7]},{packet[8]}] {rewrite(packet[7:9], packet[11:-2])}"
        )
    fields = Writer()
    command.message.write(fields)
    key = f"[{command.message.SERVICE},{command.message.SUBTYPE}]"
    return f"telecommand {request} {command.acknowledgements} {key} fields={fields.getvalue().hex()}"


def rewrite(key: Sequence[int], data: bytes) -> str:
    """The fields of message [service, subtype] as read and written again; `not text` where Python alone refuses."""
    known = MESSAGES.get((key[0], key[1]))
    if known is None:
        return "unknown"
    reader, writer = Reader(data), Writer()
    try:
        message = known.read(reader)
        reader.finish()
    except WireError as error:
        return "not text" if "is not UTF-8" in error.message else "malformed"
    message.write(writer)
    return f"fields={writer.getvalue().hex()}"


def agree(python: Sequence[str], c: Sequence[str]) -> bool:
    """Equal line by line; text is checked for being UTF-8 by the bench alone, the payload only compares it."""
    if len(python) != len(c):
        return False
    pairs = zip(python, c, strict=True)
    return all(
        p == q or (p.endswith("not text") and p[: -len("not text")] == q[: len(p) - len("not text")]) for p, q in pairs
    )


def found_by(pieces: Iterable[bytes]) -> list[Frame | Console | Corrupt]:
    """Everything that Python finds; neighbouring console texts joined, for text may come in any portions."""
    deframer = Deframer()
    found: list[Frame | Console | Corrupt] = []
    for item in (item for piece in pieces for item in deframer.feed(piece)):
        if isinstance(item, Console) and found and isinstance(found[-1], Console):
            found[-1] = Console(found[-1].text + item.text)
        else:
            found.append(item)
    return found


# ---------------------------------------------------------------------------------------------------- seeded input
CONSOLE = (b"boot ok\r\n", b"\x1b[31mwarning\x1b[0m: 23 \xc2\xb0C\n", b"\n", b"a prompt without an end> ", b"\n\n")


def random_packet(draw: random.Random) -> bytes:
    """A telecommand packet, mostly well formed outside; fields by chance, or of the right shape."""
    service, subtype = draw.choice([*TELECOMMANDS, (draw.randrange(256), draw.randrange(256))])
    fields = draw.randbytes(draw.choice((0, 0, 2, 5, 6, 10, 12, draw.randrange(200))))
    if draw.random() < 0.3:  # counts and lengths small enough to fit now and then
        fields = bytes(draw.choice((0, 1, 1, 2, 65)) for _ in fields)
    packet_id = 0x1AA5 if draw.random() < 0.95 else draw.randrange(0x10000)
    flags = 0xC000 if draw.random() < 0.95 else 0
    version = 0x20 if draw.random() < 0.95 else draw.randrange(256) & 0xF0
    length = len(fields) + 6 + (draw.random() < 0.03)
    head = struct.pack(
        ">HHHBBBH", packet_id, flags | draw.randrange(0x4000), length, version | draw.randrange(16), service, subtype, 1
    )
    packet = head + fields
    return packet + (crc16(packet) ^ (draw.random() < 0.03)).to_bytes(2, "big")


def fitting_fields(draw: random.Random, key: tuple[int, int]) -> bytes:
    """Bytes that message [service, subtype] takes: as many of a random row as its reader wants."""
    row = bytes(draw.choices((0, 1, 1, 2), k=1200))
    if "rest" in MESSAGES[key].read.__code__.co_names:
        row = row[: draw.randrange(20, 60)]
    reader = Reader(row)
    MESSAGES[key].read(reader)
    return row[: len(row) - reader.remaining]


def random_frame(draw: random.Random) -> bytes:
    """A frame: with a telecommand, with anything, or full and free of zeros."""
    kind = draw.random()
    body = random_packet(draw) if kind < 0.6 else draw.randbytes(draw.randrange(40))
    if kind > 0.97:
        body = bytes(draw.choices(range(1, 256), k=draw.randrange(MAX_PACKET_BYTES - 20, MAX_PACKET_BYTES + 1)))
    numbers = [draw.choice((0, 1, draw.randrange(0x10000))) for _ in range(3)]
    frame_type = draw.choice(list(FrameType)) if kind < 0.6 else FrameType.DATA
    return enframe(Header(frame_type, draw.randrange(256), draw.getrandbits(32), *numbers), body)


def damaged(draw: random.Random, data: bytes) -> bytes:
    """`data` with a bit turned, a byte lost, added, or cut short."""
    if not data:
        return data
    at = draw.randrange(len(data))
    return draw.choice(
        (
            data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :],
            data[:at] + data[at + 1 :],
            data[:at] + draw.randbytes(1) + data[at:],
            data[:at],
        )
    )


def random_line(draw: random.Random) -> bytes:
    """What a line may carry: frames whole, damaged, twice, noise, console text, and too much of something."""
    parts = []
    for _ in range(draw.randrange(1, 6)):
        kind = draw.random()
        if kind < 0.5:
            parts.append(random_frame(draw))
        elif kind < 0.7:
            parts.append(damaged(draw, random_frame(draw)))
        elif kind < 0.75:
            parts.append(2 * random_frame(draw))
        elif kind < 0.88:
            parts.append(draw.choice(CONSOLE))
        elif kind < 0.98:
            parts.append(draw.randbytes(draw.randrange(60)))
        else:
            parts.append(
                draw.choice((b"x", b"\x01", b"\xff")) * draw.randrange(MAX_FRAME_BYTES - 4, 2 * MAX_FRAME_BYTES)
            )
    return b"".join(parts)


def split(draw: random.Random, data: bytes) -> list[bytes]:
    """`data` whole, bytewise, or in a few pieces."""
    kind = draw.randrange(8)
    if kind == 0 and len(data) < 200:
        return [data[i : i + 1] for i in range(len(data))]
    if kind < 4:
        return [data]
    cuts = sorted(draw.randrange(len(data) + 1) for _ in range(draw.randrange(4)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def lines(seed: int) -> Iterator[list[bytes]]:
    """Endless input in pieces; equal for equal seeds."""
    draw = random.Random(seed)
    while True:
        yield split(draw, random_line(draw))
