"""CCSDS Space Packets (133.0-B-2) with ECSS PUS-C headers (ECSS-E-ST-70-41C) around the messages of the contract."""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass

from firmware_if.errors import WireError
from firmware_if.framing import MAX_PACKET_BYTES
from firmware_if.messages import APID, SOURCE_ID, TELECOMMANDS, TELEMETRY, Message
from firmware_if.octets import Reader, Writer

_TC_HEADER = struct.Struct(">HHHBBBH")
_TM_HEADER = struct.Struct(">HHHBBBHHBIH")
_TC_PACKET_ID = 0x1800 | APID
_TM_PACKET_ID = 0x0800 | APID
_UNSEGMENTED = 0xC000
_SEQUENCE_MASK = 0x3FFF
_PUS_VERSION = 2
_CUC_P_FIELD = 0x2E
"""CUC time of an agency-defined epoch (start of the payload), 4 octets of seconds, 2 of 2^-16 s (CCSDS 301.0-B-4)."""
_PRIMARY_HEADER_BYTES = 6
_CRC_BYTES = 2

ACKNOWLEDGE_ALL = 0b1001
"""Report acceptance and completion."""
ACKNOWLEDGE_NONE = 0


@dataclass(frozen=True)
class RequestId:
    """PUS request id: names one telecommand in the verification reports (ST[01])."""

    packet_id: int
    sequence: int


@dataclass(frozen=True)
class Telemetry:
    """A decoded telemetry packet; `uptime_s` is the payload's time since its start."""

    message: Message
    uptime_s: float
    sequence_count: int


@dataclass(frozen=True)
class Telecommand:
    """A decoded telecommand packet."""

    message: Message
    request: RequestId
    acknowledgements: int


def crc16(data: bytes) -> int:
    """CRC-16 of ECSS-E-ST-70-41C annex B (polynomial 0x1021, start 0xFFFF)."""
    return binascii.crc_hqx(data, 0xFFFF)


def pack_telecommand(message: Message, sequence_count: int, *, acknowledgements: int) -> tuple[bytes, RequestId]:
    """The packet and its request id; `sequence_count` is taken modulo 2^14, `acknowledgements` are four flags.

    Raises WireError for a message with a value that does not fit, or too long for a link frame.
    """
    if acknowledgements not in range(16):
        raise WireError(f"acknowledgement flags {acknowledgements}; they are four bits")
    writer = Writer()
    message.write(writer)
    fields = writer.getvalue()
    request = RequestId(_TC_PACKET_ID, _UNSEGMENTED | (sequence_count & _SEQUENCE_MASK))
    size = _TC_HEADER.size + len(fields) + _CRC_BYTES
    if size > MAX_PACKET_BYTES:
        raise WireError(f"{type(message).__name__} makes a packet of {size} bytes; the largest is {MAX_PACKET_BYTES}")
    length = size - _PRIMARY_HEADER_BYTES - 1
    head = _TC_HEADER.pack(
        request.packet_id,
        request.sequence,
        length,
        _PUS_VERSION << 4 | acknowledgements,
        message.SERVICE,
        message.SUBTYPE,
        SOURCE_ID,
    )
    packet = head + fields
    return packet + crc16(packet).to_bytes(2, "big"), request


def unpack_telemetry(packet: bytes) -> Telemetry:
    """Raises WireError saying what is wrong with the packet."""
    if len(packet) < _TM_HEADER.size + _CRC_BYTES:
        raise WireError(f"a telemetry packet has at least {_TM_HEADER.size + _CRC_BYTES} bytes, this one {len(packet)}")
    fields = _TM_HEADER.unpack_from(packet)
    packet_id, sequence, length, version, service, subtype, _, _, p_field, seconds, fraction = fields
    _check_envelope(packet, (packet_id, sequence, length), expected_id=_TM_PACKET_ID, version=version >> 4)
    if p_field != _CUC_P_FIELD:
        raise WireError(f"time code 0x{p_field:02X} in a telemetry packet; this contract has 0x{_CUC_P_FIELD:02X}")
    message = _read_fields(TELEMETRY, (service, subtype), packet[_TM_HEADER.size : -_CRC_BYTES])
    return Telemetry(message, seconds + fraction / 65536, sequence & _SEQUENCE_MASK)


def unpack_telecommand(packet: bytes) -> Telecommand:
    """Raises WireError saying what is wrong with the packet."""
    if len(packet) < _TC_HEADER.size + _CRC_BYTES:
        raise WireError(f"a telecommand packet has at least {_TC_HEADER.size + _CRC_BYTES} bytes, not {len(packet)}")
    packet_id, sequence, length, version, service, subtype, _ = _TC_HEADER.unpack_from(packet)
    _check_envelope(packet, (packet_id, sequence, length), expected_id=_TC_PACKET_ID, version=version >> 4)
    message = _read_fields(TELECOMMANDS, (service, subtype), packet[_TC_HEADER.size : -_CRC_BYTES])
    return Telecommand(message, RequestId(packet_id, sequence), version & 0xF)


def _check_envelope(packet: bytes, primary: tuple[int, int, int], *, expected_id: int, version: int) -> None:
    """`primary` is the primary header: packet id, sequence control, data length."""
    packet_id, sequence, length = primary
    if packet_id != expected_id:
        raise WireError(f"packet id 0x{packet_id:04X}; expected 0x{expected_id:04X}")
    if sequence & _UNSEGMENTED != _UNSEGMENTED:
        raise WireError(f"packet sequence control 0x{sequence:04X}: segmented packets are not part of this contract")
    if length + _PRIMARY_HEADER_BYTES + 1 != len(packet):
        raise WireError(f"packet length field says {length + _PRIMARY_HEADER_BYTES + 1} bytes, there are {len(packet)}")
    if version != _PUS_VERSION:
        raise WireError(f"PUS version {version}; expected {_PUS_VERSION} (PUS-C)")
    if crc16(packet) != 0:  # a CRC over data and its own CRC is 0
        raise WireError("packet CRC-16 is wrong")


def _read_fields(known: dict[tuple[int, int], type[Message]], key: tuple[int, int], data: bytes) -> Message:
    if key not in known:
        raise WireError(f"no message [{key[0]},{key[1]}] in this contract")
    reader = Reader(data)
    try:
        message = known[key].read(reader)
        reader.finish()
    except WireError as error:
        raise WireError(f"{known[key].__name__}: {error}") from error
    return message
