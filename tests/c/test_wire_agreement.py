"""Both sides of the wire take the same bytes and find the same frames, telecommands and fields."""

import itertools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_if.errors import WireError
from firmware_if.framing import MAX_PACKET_BYTES, Corrupt, Frame, Header, enframe
from firmware_if.messages import MAX_FRAME_BYTES, FrameType
from tests.c.wire_native import (
    MESSAGES,
    Driver,
    agree,
    describe_telecommand,
    fitting_fields,
    found_by,
    lines,
    random_packet,
    rewrite,
    transcript,
)

SEED = 20180917
INPUTS = 6000
PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.builds(
            lambda kind, numbers, body: enframe(Header(kind, *numbers), body),
            st.sampled_from(FrameType),
            st.tuples(*(st.integers(0, (1 << bits) - 1) for bits in (8, 32, 16, 16, 16))),
            st.binary(max_size=60) | st.integers(0, MAX_PACKET_BYTES).map(lambda n: b"\x11" * n),
        ),
        st.sampled_from([b"text\n", b"\n", b"\0", b"\xff", b"\x0a\x10"]),
    ),
    max_size=6,
)


def test_random_lines(driver: Driver) -> None:
    kinds = {"frame": 0, "telecommand": 0, "refused": 0}
    for number, pieces in enumerate(itertools.islice(lines(SEED), INPUTS)):
        expected = transcript(pieces)
        found = driver.transcript(pieces)
        assert agree(expected, found), f"seed {SEED}, input {number}: {pieces}"
        for line in found:
            kinds[line.split()[0]] += 1
    print(f"seed {SEED}: {INPUTS} inputs, {kinds}")
    assert min(kinds.values()) > 200


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES)
def test_lines_that_hypothesis_finds(driver: Driver, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    bytewise = [whole[i : i + 1] for i in range(len(whole))]
    expected = transcript([whole])
    assert agree(expected, driver.transcript([whole]))
    assert agree(expected, driver.transcript(bytewise))
    assert found_by([whole]) == found_by(pieces) == found_by(bytewise)


def test_what_is_no_frame_is_counted_alike(driver: Driver) -> None:
    for pieces in itertools.islice(lines(SEED + 1), 500):
        found = found_by([*pieces, b"\0"])
        driver.transcript([*pieces, b"\0"])
        intact, corrupt = (int(word) for word in driver.ask("N")[0].split()[1::2])
        assert intact == sum(isinstance(item, Frame) for item in found)
        assert corrupt >= sum(isinstance(item, Corrupt) for item in found), "console text is corrupt to the payload"


@pytest.mark.parametrize("fill", [b"\x00", b"\x01", b"\xff"])
def test_frames_of_every_length_are_the_same_bytes(driver: Driver, fill: bytes) -> None:
    header = Header(0x11, 0x22, 0x33445566, 0x7788, 0x99AA, 0xBBCC)  # no zero: COBS blocks fill up
    for count in range(MAX_PACKET_BYTES + 1):
        python = enframe(header, fill * count)
        assert len(python) <= MAX_FRAME_BYTES
        assert enframe_in_c(driver, fill * count, capacity=MAX_FRAME_BYTES) == python, count


def test_frames_whose_last_block_is_just_full_are_the_same_bytes(driver: Driver) -> None:
    """A CRC-32 without zeros ends a block of 254: found by counting on until one has none."""
    header = Header(0x11, 0x22, 0x33445566, 0x7788, 0x99AA, 0xBBCC)
    body = next(
        body
        for body in (bytes([1 + n // 200, 1 + n % 200]) + b"\x01" * (254 - 12 - 4 - 2) for n in range(400))
        if enframe(header, body)[1] == 0xFF
    )
    python = enframe(header, body)
    assert len(python) == 1 + 1 + 254 + 1
    assert enframe_in_c(driver, body, capacity=len(python)) == python
    assert enframe_in_c(driver, body, capacity=len(python) - 1) == b""


def test_a_body_too_large_is_refused_by_both(driver: Driver) -> None:
    for count in (MAX_PACKET_BYTES + 1, MAX_FRAME_BYTES, 5000):
        assert enframe_in_c(driver, bytes(count), capacity=0xFFFF) == b""
        with pytest.raises(WireError, match=rf"{count} bytes do not fit into a frame \(at most 1001\)"):
            enframe(Header(0x10), bytes(count))


def test_frames_respect_every_capacity(driver: Driver) -> None:
    body = b"\x00\x01\x02" * 90
    header = Header(0x11, 0x22, 0x33445566, 0x7788, 0x99AA, 0xBBCC)
    size = len(enframe(header, body))
    for capacity in range(size + 3):
        frame = enframe_in_c(driver, body, capacity=capacity)
        assert frame == (enframe(header, body) if capacity >= size else b""), capacity


def enframe_in_c(driver: Driver, body: bytes, *, capacity: int) -> bytes:
    head = bytes.fromhex("1122334455667788" + "99aabbcc") + capacity.to_bytes(2, "big")
    (line,) = driver.ask("E", head + body)
    return bytes.fromhex(line.removeprefix("frame="))


def test_random_packets(driver: Driver) -> None:
    draw = random.Random(SEED)
    for number in range(6000):
        packet = random_packet(draw)
        if draw.random() < 0.1:
            packet = packet[: draw.randrange(len(packet) + 1)]
        assert agree([describe_telecommand(packet)], driver.ask("T", packet)), f"seed {SEED}, {number}: {packet.hex()}"


@pytest.mark.parametrize("key", MESSAGES, ids=lambda key: MESSAGES[key].__name__)
def test_fields_are_read_and_written_back_alike(driver: Driver, key: tuple[int, int]) -> None:
    """Random bytes of every short length, in blocks that end where the input does."""
    draw = random.Random(SEED)
    accepted = 0
    for number in range(400):
        data = draw.randbytes(number % 90) if number % 2 else fitting_fields(draw, key)
        if number % 8 == 0:
            data = draw.choice((data[:-1], data + b"\0"))
        expected = rewrite(key, data)
        found = driver.ask("U", bytes(key) + data)
        assert agree([expected], found), f"seed {SEED}, {number}: {data.hex()}"
        assert "unknown" not in found[0]
        accepted += found[0].startswith("fields=")
    print(f"{MESSAGES[key].__name__}: {accepted} of 400 accepted")
    assert accepted >= 150
