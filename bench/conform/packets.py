"""Telemetry as it came: read field by field, with everything that is wrong with it, instead of refused as a whole.

Written apart from `firmware_if.packets`, which stops at the first fault.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_if.errors import WireError
from firmware_if.messages import APID, SOURCE_ID, TELEMETRY, Message
from firmware_if.octets import Reader
from firmware_if.packets import crc16

_HEADER_BYTES = 20
"""Primary header 6, PUS-C header 7, time 7."""
_LEAST_BYTES = _HEADER_BYTES + 2


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a packet. `kind`: header, crc16 or fields."""

    kind: str
    text: str


@dataclass(frozen=True)
class Packet:
    """A telemetry packet; `message` is None where its fields cannot be read."""

    data: bytes
    message: Message | None
    sequence_count: int
    uptime_s: float
    faults: tuple[Fault, ...]

    def describe(self) -> str:
        """Its name, or what is wrong."""
        name = type(self.message).__name__ if self.message is not None else "unreadable packet"
        return f"{name} ({'; '.join(fault.text for fault in self.faults)})" if self.faults else name


def read_packet(data: bytes) -> Packet:
    """Everything that can be read of a packet."""
    if len(data) < _LEAST_BYTES:
        fault = Fault("header", f"{len(data)} bytes, a telemetry packet has at least {_LEAST_BYTES}")
        return Packet(data, None, 0, 0.0, (fault,))
    faults = [Fault("header", text) for text in _header_faults(data)]
    if crc16(data[:-2]) != int.from_bytes(data[-2:], "big"):
        faults.append(Fault("crc16", f"CRC-16 {data[-2:].hex()}, right would be {crc16(data[:-2]):04x}"))
    message: Message | None = None
    try:
        message = _read_message(data)
    except WireError as error:
        faults.append(Fault("fields", error.message))
    seconds, fraction = int.from_bytes(data[14:18], "big"), int.from_bytes(data[18:20], "big")
    sequence_count = int.from_bytes(data[2:4], "big") & 0x3FFF
    return Packet(data, message, sequence_count, seconds + fraction / 65536, tuple(faults))


def _header_faults(data: bytes) -> list[str]:
    """What is wrong with the headers, field by field (SPEC.md, Packets)."""
    wanted = (
        ("packet id", data[0:2].hex(), f"{0x0800 | APID:04x}"),
        ("sequence flags", data[2] >> 6, 3),
        ("packet data length", int.from_bytes(data[4:6], "big"), len(data) - 7),
        ("PUS version", data[6] >> 4, 2),
        ("time reference status", data[6] & 0xF, 0),
        ("destination id", int.from_bytes(data[11:13], "big"), SOURCE_ID),
        ("time P-field", f"{data[13]:02x}", "2e"),
    )
    return [f"{name} {found}, right would be {right}" for name, found, right in wanted if found != right]


def _read_message(data: bytes) -> Message:
    key = (data[7], data[8])
    if key not in TELEMETRY:
        raise WireError(f"no telemetry [{key[0]},{key[1]}] in this contract")
    reader = Reader(data[_HEADER_BYTES:-2])
    name = TELEMETRY[key].__name__
    try:
        message = TELEMETRY[key].read(reader)
        reader.finish()
    except WireError as error:
        raise WireError(f"{name}: {error.message}") from error
    return message


def broken_packet(packet: bytes, offset: int, value: bytes) -> bytes:
    """`packet` with other bytes at `offset` and a CRC-16 that is right again."""
    changed = packet[:offset] + value + packet[offset + len(value) : -2]
    return changed + crc16(changed).to_bytes(2, "big")
