"""Space packets around messages: what is refused, and with which words."""

import pytest

from firmware_if.errors import WireError
from firmware_if.messages import Alive, AreYouAlive, Completed, LoadMemory, Samples
from firmware_if.packets import (
    ACKNOWLEDGE_ALL,
    RequestId,
    crc16,
    pack_telecommand,
    unpack_telecommand,
    unpack_telemetry,
)

ALIVE_HEAD = "0aa5c007000f2011020000000" + "12e000000018000"


def sealed(text: str) -> bytes:
    packet = bytes.fromhex(text)
    return packet + crc16(packet).to_bytes(2, "big")


ALIVE = sealed(ALIVE_HEAD)
TELECOMMAND, REQUEST = pack_telecommand(AreYouAlive(), 5, acknowledgements=ACKNOWLEDGE_ALL)


def patched(packet: bytes, at: int, value: int) -> bytes:
    """One byte changed, the CRC-16 made right again."""
    return sealed((packet[:at] + bytes([value]) + packet[at + 1 : -2]).hex())


def test_telemetry_is_read() -> None:
    read = unpack_telemetry(ALIVE)
    assert (read.message, read.uptime_s, read.sequence_count) == (Alive(), 1.5, 7)


def test_a_telecommand_is_read() -> None:
    read = unpack_telecommand(TELECOMMAND)
    assert (read.message, read.request, read.acknowledgements) == (AreYouAlive(), REQUEST, 0b1001)
    assert RequestId(0x1AA5, 0xC005) == REQUEST


def test_the_sequence_count_wraps() -> None:
    assert pack_telecommand(AreYouAlive(), 0x4001, acknowledgements=0)[1].sequence == 0xC001


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (ALIVE[:21], "a telemetry packet has at least 22 bytes, this one 21"),
        (TELECOMMAND + bytes(9), "packet id 0x1AA5; expected 0x0AA5"),
        (patched(ALIVE, 2, 0x40), "packet sequence control 0x4007: segmented packets are not part of this contract"),
        (ALIVE + b"\0", "packet length field says 22 bytes, there are 23"),
        (patched(ALIVE, 6, 0x10), r"PUS version 1; expected 2 \(PUS-C\)"),
        (ALIVE[:-1] + bytes([ALIVE[-1] ^ 1]), "packet CRC-16 is wrong"),
        (patched(ALIVE, 13, 0x1E), "time code 0x1E in a telemetry packet; this contract has 0x2E"),
        (patched(ALIVE, 8, 99), r"no message \[17,99\] in this contract"),
        (patched(patched(ALIVE, 7, 1), 8, 7), "Completed: 2 bytes needed, 0 left at offset 0"),
    ],
)
def test_bad_telemetry_is_refused(packet: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        unpack_telemetry(packet)


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (TELECOMMAND[:12], "a telecommand packet has at least 13 bytes, not 12"),
        (ALIVE, "packet id 0x0AA5; expected 0x1AA5"),
        (patched(TELECOMMAND, 2, 0x80), "segmented packets are not part of this contract"),
        (TELECOMMAND[:-1] + bytes([TELECOMMAND[-1] ^ 1]), "packet CRC-16 is wrong"),
        (sealed("1aa5c005000729110100" + "0100"), "AreYouAlive: 1 bytes left over at offset 0"),
    ],
)
def test_a_bad_telecommand_is_refused(packet: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        unpack_telecommand(packet)


def test_what_cannot_travel_is_refused() -> None:
    with pytest.raises(WireError, match="acknowledgement flags 16; they are four bits"):
        pack_telecommand(AreYouAlive(), 0, acknowledgements=16)
    with pytest.raises(WireError, match="Samples makes a packet of 1017 bytes; the largest is 1001"):
        pack_telecommand(Samples(0, bytes(1000)), 0, acknowledgements=0)
    with pytest.raises(WireError, match="300 does not fit"):
        pack_telecommand(LoadMemory(300, 1, 0, b"", 0), 0, acknowledgements=0)


def test_a_report_names_its_telecommand() -> None:
    report = sealed("0aa5c000001320010700000001" + "2e000000000000" + "1aa5c005")
    message = unpack_telemetry(report).message
    assert isinstance(message, Completed)
    assert RequestId(message.packet_id, message.sequence) == REQUEST
