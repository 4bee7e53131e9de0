"""Frames written by hand from the standards are what both languages write and read."""

from collections.abc import Iterator

import pytest

from firmware_if.framing import Deframer, Frame, enframe
from firmware_if.messages import FrameType, Hello
from firmware_if.octets import Reader, Writer
from firmware_if.packets import pack_telecommand, unpack_telecommand, unpack_telemetry
from tests.c.wire_native import COMPILERS, Driver, build, describe_frame
from tests.contract.wire_fixtures import Golden, load_golden

GOLDEN = load_golden()
each = pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
each_telemetry = pytest.mark.parametrize(
    "golden", [g for g in GOLDEN if g.packet.get("kind") == "TM"], ids=lambda golden: golden.name
)
HELLO = next(golden for golden in GOLDEN if golden.name == "hello")


@pytest.fixture(scope="module", params=COMPILERS)
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with Driver(build(tmp_path_factory.mktemp("golden"), request.param)) as running:
        yield running


def fields_of(golden: Golden) -> bytes:
    writer = Writer()
    golden.message.write(writer)
    return writer.getvalue()


def test_every_frame_type_is_there() -> None:
    assert {golden.header.type for golden in GOLDEN} == set(FrameType)


@each
def test_python_writes_the_frame(golden: Golden) -> None:
    assert enframe(golden.header, golden.body) == golden.wire


@each
def test_python_reads_the_frame(golden: Golden) -> None:
    assert list(Deframer().feed(golden.wire)) == [Frame(golden.header, golden.body, len(golden.wire))]


@each
def test_c_writes_the_frame(driver: Driver, golden: Golden) -> None:
    h = golden.header
    numbers = [(h.type, 1), (h.poll, 1), (h.tag, 4), (h.sequence, 2), (h.ack, 2), (h.credit, 2), (len(golden.wire), 2)]
    head = b"".join(value.to_bytes(size, "big") for value, size in numbers)
    assert driver.ask("E", head + golden.body) == [f"frame={golden.wire.hex()}"]


@each
def test_c_reads_the_frame(driver: Driver, golden: Golden) -> None:
    found = driver.transcript([golden.wire])
    assert found == describe_frame(Frame(golden.header, golden.body, len(golden.wire)))
    assert found[0].endswith(f"body={golden.body.hex()} again={golden.wire.hex()}")


@each
def test_python_packs_and_unpacks_the_packet(golden: Golden) -> None:
    kind = golden.packet.get("kind")
    if kind == "TC":
        acknowledgements = golden.packet["acknowledgements"]
        count = golden.packet["sequence_count"]
        packet, request = pack_telecommand(golden.message, count, acknowledgements=acknowledgements)
        assert packet == golden.body
        telecommand = unpack_telecommand(golden.body)
        assert (telecommand.request, telecommand.acknowledgements) == (request, acknowledgements)
        assert repr(telecommand.message) == repr(golden.message)
    elif kind == "TM":
        telemetry = unpack_telemetry(golden.body)
        assert telemetry.message == golden.message
        assert telemetry.sequence_count == golden.packet["sequence_count"]
        assert telemetry.uptime_s == golden.packet["uptime_s"]


@each_telemetry
def test_c_writes_the_packet(driver: Driver, golden: Golden) -> None:
    uptime_us = round(golden.packet["uptime_s"] * 1_000_000 + 0.5)  # the least microsecond of that 2^-16 s
    head = bytes([golden.message.SERVICE, golden.message.SUBTYPE]) + golden.packet["sequence_count"].to_bytes(2, "big")
    assert driver.ask("M", head + uptime_us.to_bytes(8, "big") + fields_of(golden)) == [f"packet={golden.body.hex()}"]


def test_hello_is_frozen(driver: Driver) -> None:
    """A bench of any version reads these 64 bytes: they are the only part of the contract that never changes."""
    assert len(HELLO.body) == 64
    assert Hello.read(Reader(HELLO.body)) == HELLO.message
    assert fields_of(HELLO) == HELLO.body
    assert driver.ask("U", bytes(2) + HELLO.body) == [f"fields={HELLO.body.hex()}"]


def test_a_longer_hello_is_still_read() -> None:
    assert Hello.read(Reader(HELLO.body + b"news")) == HELLO.message


def test_checksums_have_their_check_values(driver: Driver) -> None:
    """The published check values of CRC-32/ISO-HDLC and CRC-16/IBM-3740 (the CRC of ECSS) for "123456789"."""
    assert driver.ask("C", b"123456789") == ["cbf43926 29b1"]
