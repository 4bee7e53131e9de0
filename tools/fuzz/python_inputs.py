"""Random and mutated input to the bench's receiving side: frames that are right but for what was mutated, and noise."""

# ruff: noqa: PLR2004 - how often something is drawn is said where it is drawn
from __future__ import annotations

import random
import struct
from dataclasses import dataclass

from firmware_if.framing import MAX_PACKET_BYTES, Header, enframe
from firmware_if.messages import APID, TELECOMMANDS, TELEMETRY, FrameType
from firmware_if.packets import crc16
from tests.c.wire_native import CONSOLE, damaged, fitting_fields, random_packet
from tests.contract.wire_fixtures import load_golden

NONCE = 0x0BADCAFE
"""Of the bench in every input."""
PEER = 0x5EC0BD01
"""Of the payload."""
SHAPES = 24
"""Fields of each message that inputs are mutated from."""

_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)


@dataclass(frozen=True)
class Seeds:
    """What inputs are made of: fields by message, and golden frames with the Hello that opens the session."""

    fields: dict[tuple[int, int], list[bytes]]
    golden: list[bytes]
    hello: bytes


def make_seeds(seed: int) -> Seeds:
    """Equal for equal seeds."""
    draw = random.Random(seed)  # noqa: S311 - test input, not a secret
    golden = load_golden()
    body = bytearray(next(one.body for one in golden if one.name == "hello"))
    body[30:34] = PEER.to_bytes(4, "big")
    hello = enframe(Header(FrameType.HELLO, 0, NONCE, 0, 0, 4000), bytes(body))
    fields = {key: [fitting_fields(draw, key) for _ in range(SHAPES)] for key in {**TELEMETRY, **TELECOMMANDS}}
    return Seeds(fields, [one.wire for one in golden], hello)


def mutated(draw: random.Random, data: bytes) -> bytes:
    """`data` with up to three bytes changed, runs lost, doubled or added."""
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        at = draw.randrange(len(data) + 1)
        length = draw.randrange(1, 9)
        kind = draw.randrange(6)
        if kind < 3 and at < len(data):
            value = (data[at] ^ 1 << draw.randrange(8), draw.choice(_EDGES), draw.randrange(256))[kind]
            data = data[:at] + bytes([value]) + data[at + 1 :]
        elif kind == 3:
            data = data[:at] + data[at + length :]
        elif kind == 4:
            data = data[: at + length] + data[at:]
        else:
            data = data[:at] + draw.randbytes(length) + data[at:]
    return data


def telemetry_packet(draw: random.Random, seeds: Seeds) -> bytes:
    """A telemetry packet with mutated fields; its envelope is right, but for one time in eight."""
    key = draw.choice(list(seeds.fields)) if draw.random() < 0.1 else draw.choice(list(TELEMETRY))
    fields = mutated(draw, draw.choice(seeds.fields[key]))[: MAX_PACKET_BYTES - 22]
    head = struct.pack(
        ">HHHBBBHHBIH", 0x0800 | APID, 0xC000 | draw.randrange(0x4000), len(fields) + 15, 0x20, *key, 0, 1, 0x2E, 9, 7
    )
    if draw.random() < 0.125:
        head = mutated(draw, head)[:40]
    packet = head + fields
    return packet + crc16(packet).to_bytes(2, "big")


def frame(draw: random.Random, seeds: Seeds, sequence: int) -> bytes:
    """A frame of the session, mostly the next one in order."""
    kind = draw.random()
    tag = NONCE if draw.random() < 0.95 else draw.getrandbits(32)
    ack, credit = draw.choice((0, 1, 2, draw.randrange(0x10000))), draw.choice((0, 100, 4000, 0xFFFF))
    if kind < 0.7:
        order = sequence if draw.random() < 0.85 else draw.choice((sequence + 1, 0, draw.randrange(0x10000)))
        return enframe(Header(FrameType.DATA, 0, tag, order & 0xFFFF, ack, credit), telemetry_packet(draw, seeds))
    if kind < 0.8:
        other = draw.choice((FrameType.STATUS, FrameType.REJECT, draw.randrange(256)))
        return enframe(
            Header(other, draw.randrange(256), tag, sequence, ack, credit), draw.randbytes(draw.choice((0, 9)))
        )
    if kind < 0.9:
        return draw.choice((seeds.hello, draw.choice(seeds.golden)))
    if kind < 0.95:
        body = mutated(draw, seeds.hello[14:-6])[:MAX_PACKET_BYTES]
        return enframe(Header(FrameType.HELLO, 0, tag, sequence, ack, credit), body)
    return enframe(Header(FrameType.DATA, 0, tag, sequence, ack, credit), random_packet(draw))


def line(draw: random.Random, seeds: Seeds) -> bytes:
    """What a line brings: frames, frames with damage, noise, console text, now and then a run without an end."""
    parts = []
    sequence = 0
    for _ in range(draw.choice((1, 1, 2, 2, 3, 5))):
        kind = draw.random()
        if kind < 0.75:
            parts.append(frame(draw, seeds, sequence))
            sequence += 1
        elif kind < 0.87:
            parts.append(damaged(draw, frame(draw, seeds, sequence)))
        elif kind < 0.93:
            parts.append(draw.choice(CONSOLE))
        elif kind < 0.995:
            parts.append(draw.randbytes(draw.randrange(60)))
        else:
            parts.append(draw.choice((b"x", b"\x01", b"\xff", b"\xc3\xa9")) * draw.randrange(1000, 2100))
    return b"".join(parts)


def cut(draw: random.Random, data: bytes) -> list[bytes]:
    """`data` bytewise, where it is short, or in up to six pieces."""
    if len(data) < 100 and draw.random() < 0.2:
        return [data[i : i + 1] for i in range(len(data))]
    cuts = sorted(draw.randrange(len(data) + 1) for _ in range(draw.randrange(1, 6)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
