"""Bytes to frames, console text and corrupt runs."""

import pytest

from firmware_if.errors import WireError
from firmware_if.framing import MAX_PACKET_BYTES, Console, Corrupt, Deframer, Frame, Header, enframe
from firmware_if.messages import MAX_FRAME_BYTES, FrameType

HEADER = Header(FrameType.DATA, 1, 0x01010101, 0x0101, 0x0100, 5)
"""Its first zero is the tenth byte: the COBS code of the frame is 0x0A, a newline."""
FRAME = enframe(HEADER, b"hello")
READ = Frame(HEADER, b"hello", len(FRAME))


def found(*pieces: bytes) -> list[Frame | Console | Corrupt]:
    deframer = Deframer()
    return [item for piece in pieces for item in deframer.feed(piece)]


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def test_whole_and_bytewise() -> None:
    assert found(FRAME) == [READ]
    assert found(*bytewise(FRAME)) == [READ]
    assert found(FRAME + FRAME) == [READ, READ]


def test_frames_may_share_a_delimiter() -> None:
    assert found(FRAME + FRAME[1:]) == [READ, READ]


def test_a_code_byte_that_looks_like_a_newline_is_no_text() -> None:
    assert FRAME[1:2] == b"\n"
    for cut in range(len(FRAME)):
        assert found(FRAME[:cut], FRAME[cut:]) == [READ]


def test_every_single_fault_costs_one_frame_or_two_at_a_delimiter() -> None:
    stream = FRAME * 3
    for at in range(len(FRAME), 2 * len(FRAME)):
        for fault in (bytes([stream[at] ^ 0x20]), b"", stream[at : at + 1] + b"\x55"):
            frames = [item for item in found(stream[:at] + fault + stream[at + 1 :]) if isinstance(item, Frame)]
            assert frames == [READ] * len(frames)
            assert len(frames) >= (1 if stream[at] == 0 else 2), (at, fault)


def test_console_lines_come_at_once() -> None:
    deframer = Deframer()
    assert list(deframer.feed(b"boot")) == []
    assert list(deframer.feed(b" ok\r\nnext")) == [Console("boot ok\r\n")]
    assert list(deframer.feed(FRAME)) == [Console("next"), READ]


def test_console_text_between_frames() -> None:
    assert found(FRAME + "23 °C\n".encode() + FRAME) == [READ, Console("23 °C\n"), READ]
    assert found(*bytewise(FRAME + b"\n\nx" + FRAME)) == [READ, Console("\n\n"), Console("x"), READ]


def test_a_frame_needs_its_delimiter_after_text() -> None:
    """As on the payload, whose parser knows no text: all bytes between two zeros belong together."""
    rest = enframe(Header(FrameType.STATUS), b"")[1:]
    expected = [Console("text\n"), Corrupt(rest[:-1], "bytes after text without a delimiter")]
    assert found(b"text\n" + rest) == expected
    assert found(*bytewise(b"text\n" + rest)) == expected


def test_text_before_what_is_no_text_is_kept() -> None:
    noise = b"a line\n\x01\x02"
    expected = [Console("a line\n"), Corrupt(b"\x01\x02", "bytes after text without a delimiter")]
    assert found(noise + b"\0") == found(*bytewise(noise), b"\0") == expected


def test_a_long_line_is_not_cut_inside_a_character() -> None:
    for text in ("é" * 700, "x" + "é" * 700, "€" * 700, "😀" * 700):
        whole = text.encode() + b"\n"
        assert found(whole) == [Console(text + "\n")]
        for size in (1, 7, 1000, 1023):
            items = found(*(whole[i : i + size] for i in range(0, len(whole), size)))
            assert "".join(item.text for item in items if isinstance(item, Console)) == text + "\n"
            assert not any(isinstance(item, Corrupt) for item in items)


def test_text_that_is_not_utf8_is_corrupt() -> None:
    assert found(b"\xff\n\0") == [Corrupt(b"\xff\n", "COBS: not enough input bytes for length code")]
    assert found(b"ok\n\xff\n\0")[0] == Console("ok\n")
    assert found(b"ok\n\xff\n\0", b"")[1:] == [Corrupt(b"\xff\n", "bytes after text without a delimiter")]


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (b"\x05\x10", "COBS: not enough input bytes for length code"),
        (b"\x02\x10", "1 bytes are too short for a frame"),
        (FRAME[1:-2] + bytes([FRAME[-2] ^ 1]), "CRC-32 is wrong"),
        (b"\x01" * 1020, "1019 bytes are more than a frame holds"),
        (b"\x01" * 1023, "more than 1022 bytes, no delimiter"),
    ],
)
def test_a_corrupt_run_says_why(run: bytes, reason: str) -> None:
    assert found(b"\0" + run + b"\0") == [Corrupt(run, reason)]


def test_a_run_without_end_is_reported_once_and_not_kept() -> None:
    deframer = Deframer()
    items = [item for _ in range(1000) for item in deframer.feed(b"\x01" * 100)]
    assert [type(item) for item in items] == [Corrupt]
    assert list(deframer.feed(FRAME)) == [READ]


def test_text_without_end_is_passed_on() -> None:
    text = "x" * 5000
    items = found(text.encode(), FRAME)
    assert "".join(item.text for item in items if isinstance(item, Console)) == text
    assert items[-1] == READ


def test_the_largest_frame() -> None:
    frame = enframe(Header(0x11, 1, 0x01010101, 0x0101, 0x0101, 0x0101), b"\x01" * MAX_PACKET_BYTES)
    assert len(frame) == MAX_FRAME_BYTES
    (item,) = found(frame)
    assert isinstance(item, Frame)
    assert (len(item.body), item.wire_bytes) == (MAX_PACKET_BYTES, MAX_FRAME_BYTES)
    with pytest.raises(WireError, match=r"1002 bytes do not fit into a frame \(at most 1001\)"):
        enframe(HEADER, bytes(MAX_PACKET_BYTES + 1))
