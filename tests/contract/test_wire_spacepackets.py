"""The public library spacepackets reads our packets, and its packets are read by both our sides."""

import random
from collections.abc import Iterator

import pytest
from spacepackets.ccsds.spacepacket import PacketType, SequenceFlags
from spacepackets.ecss.tc import PusTc
from spacepackets.ecss.tm import PusTm

from firmware_if.messages import APID, SOURCE_ID, TELECOMMANDS, Alive, AreYouAlive, DumpMemory
from firmware_if.packets import pack_telecommand, unpack_telecommand, unpack_telemetry
from tests.c.wire_native import COMPILERS, Driver, build, fitting_fields
from tests.contract.wire_fixtures import Golden, load_golden

GOLDEN = load_golden()
TIME_BYTES = 7  # CUC: P-field, 4 octets of seconds, 2 of fraction


@pytest.fixture(scope="module", params=COMPILERS)
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with Driver(build(tmp_path_factory.mktemp("spacepackets"), request.param)) as running:
        yield running


@pytest.mark.parametrize("golden", [g for g in GOLDEN if g.packet.get("kind") == "TC"], ids=lambda g: g.name)
def test_it_reads_our_telecommands(golden: Golden) -> None:
    packet, request = pack_telecommand(
        golden.message, golden.packet["sequence_count"], acknowledgements=golden.packet["acknowledgements"]
    )
    read = PusTc.unpack(packet)  # checks the CRC-16
    assert (read.service, read.message_subtype) == (golden.message.SERVICE, golden.message.SUBTYPE)
    assert (read.apid, read.seq_count, read.source_id) == (APID, golden.packet["sequence_count"], SOURCE_ID)
    assert read.pus_tc_sec_header.ack_flags == golden.packet["acknowledgements"]
    assert read.packet_id.raw() == request.packet_id
    assert read.packet_seq_control.raw() == request.sequence
    assert read.packet_seq_control.seq_flags == SequenceFlags.UNSEGMENTED
    assert bytes(read.app_data) == packet[11:-2]
    assert read.packet_len == len(packet)


@pytest.mark.parametrize("golden", [g for g in GOLDEN if g.packet.get("kind") == "TM"], ids=lambda g: g.name)
def test_it_reads_our_telemetry(golden: Golden) -> None:
    check_telemetry(golden.body, golden.message.SERVICE, subtype=golden.message.SUBTYPE)


def test_it_reads_telemetry_that_c_wrote(driver: Driver) -> None:
    for sequence, uptime_us in ((0, 0), (16383, 999_999), (7, 86_400_000_001)):
        head = bytes([17, 2]) + sequence.to_bytes(2, "big") + uptime_us.to_bytes(8, "big")
        packet = bytes.fromhex(driver.ask("M", head)[0].removeprefix("packet="))
        check_telemetry(packet, 17, subtype=2)
        telemetry = unpack_telemetry(packet)
        assert telemetry.message == Alive()
        assert telemetry.sequence_count == sequence
        assert 0 <= uptime_us / 1e6 - telemetry.uptime_s < 1 / 65536


def check_telemetry(packet: bytes, service: int, *, subtype: int) -> None:
    read = PusTm.unpack(packet, TIME_BYTES)  # checks the CRC-16
    telemetry = unpack_telemetry(packet)
    assert (read.service, read.message_subtype) == (service, subtype)
    assert (read.apid, read.seq_count) == (APID, telemetry.sequence_count)
    assert read.sp_header.packet_type == PacketType.TM
    assert read.pus_tm_sec_header.dest_id == SOURCE_ID
    stamp = read.timestamp
    assert stamp[0] == 0x2E
    assert int.from_bytes(stamp[1:], "big") == telemetry.uptime_s * 65536
    assert bytes(read.source_data) == packet[20:-2]
    assert read.packet_len == len(packet)


def test_its_telecommands_are_read_by_both(driver: Driver) -> None:
    draw = random.Random(11)
    for service, subtype in list(TELECOMMANDS) * 20:
        fields = fitting_fields(draw, (service, subtype))
        sequence, flags = draw.randrange(0x4000), draw.randrange(16)
        packet = bytes(
            PusTc(
                service=service,
                message_subtype=subtype,
                apid=APID,
                seq_count=sequence,
                source_id=draw.randrange(0x10000),
                ack_flags=flags,
                app_data=fields,
            ).pack()
        )
        read = unpack_telecommand(packet)
        assert isinstance(read.message, TELECOMMANDS[service, subtype])
        assert (read.acknowledgements, read.request.sequence) == (flags, 0xC000 | sequence)
        (line,) = driver.ask("T", packet)
        assert line == f"telecommand 1aa5 {0xC000 | sequence:04x} {flags} [{service},{subtype}] fields={fields.hex()}"


def test_its_telemetry_is_read() -> None:
    fields = bytes.fromhex("1aa5c001")
    stamp = bytes.fromhex("2e000000020000")
    packet = PusTm(
        service=1, message_subtype=7, apid=APID, seq_count=9, timestamp=stamp, source_data=fields, destination_id=1
    ).pack()
    read = unpack_telemetry(bytes(packet))
    assert (read.uptime_s, read.sequence_count) == (2.0, 9)
    assert (read.message.SERVICE, read.message.SUBTYPE) == (1, 7)


def test_both_make_the_same_telecommand() -> None:
    message = DumpMemory(memory=1, count=1, address=2, length=3)
    for made, fields in ((AreYouAlive(), b""), (message, bytes.fromhex("01010000000200000003"))):
        packet, _ = pack_telecommand(made, 5, acknowledgements=0b1001)
        theirs = PusTc(
            service=made.SERVICE,
            message_subtype=made.SUBTYPE,
            apid=APID,
            seq_count=5,
            source_id=SOURCE_ID,
            ack_flags=0b1001,
            app_data=fields,
        )
        assert packet == bytes(theirs.pack())
