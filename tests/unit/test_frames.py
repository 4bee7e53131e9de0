"""Frames of a link as people read them: every message, from any kind of file, however damaged."""

import io
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import firmware_if.messages as wire
from bench.errors import RunFolderError
from bench.frames import Choice, Line, chosen, decode, line_text, link_tail, open_link
from bench.transport import Chunk, LinkTail, LinkWriter, Way
from bench.transport.link_file import MAGIC
from firmware_if.framing import Header, enframe
from firmware_if.messages import FrameType
from firmware_if.octets import Writer
from firmware_if.packets import crc16, pack_telecommand

TO, FROM = Way.TO_PAYLOAD, Way.FROM_PAYLOAD
BENCH, PAYLOAD = 0x1111, 0x2222
"""Nonces."""


def telecommand(message: wire.Message, sequence: int = 0, *, poll: int = 0) -> bytes:
    packet, _ = pack_telecommand(message, sequence, acknowledgements=9)
    return enframe(Header(FrameType.DATA, poll, PAYLOAD, sequence, 0, 0xFFFF), packet)


def telemetry(message: wire.Message, sequence: int = 0) -> bytes:
    writer = Writer()
    message.write(writer)
    fields = writer.getvalue()
    head = struct.pack(
        ">HHHBBBHHBIH",
        *(0x0800 | wire.APID, 0xC000 | sequence, 14 + len(fields) + 2 - 1),
        *(0x20, message.SERVICE, message.SUBTYPE, 0, 1, 0x2E, 7, 0x8000),
    )
    packet = head + fields
    body = packet + crc16(packet).to_bytes(2, "big")
    return enframe(Header(FrameType.DATA, 0, BENCH, sequence, 0, 4096), body)


def texts(*chunks: tuple[Way | None, bytes], cut: bool = False) -> list[str]:
    lines = decode([Chunk(index / 8, way, data) for index, (way, data) in enumerate(chunks)], cut=cut)
    return [line_text(line) for line in lines]


def test_a_samples_packet_shows_its_rows_and_first_values_once_the_stream_is_known() -> None:
    records = struct.pack(">Ihff", 2000, -1, 1.0, -2.5) + struct.pack(">Ihff", 3000, 1, 0.0, 0.5)
    samples = wire.Samples(850, records)
    configured = wire.ConfigureStream(2, 0, (-1, 1), 1)
    before, _, after = texts(
        (TO, telecommand(samples)), (TO, telecommand(configured, 1)), (TO, telecommand(samples, 2, poll=7))
    )
    assert "TC[128,7] Samples #0 apid 677: from row 850, records 28 bytes: 00 00 07 d0 ff ff 3f 80 ..." in before
    assert "0.250000 ->    64 B  Data   seq 2 ack 0 poll 7  TC[128,7] Samples #2 apid 677" in after
    assert after.endswith("rows 850-851, first (2000 ms, label -1, values [1, -2.5])")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (wire.Alive(), "TM[17,2] Alive #3 apid 677 at 7.500 s"),
        (wire.NotAccepted(0x1AA5, 0xC005, 11, 850), "of telecommand #5, ROW_GAP, number 850 (rows are missing: first"),
        (wire.NotCompleted(0x1AA5, 0xC005, 999, 1), "of telecommand #5, 999, number 1"),
        (
            wire.MediumSeverityEvent(2, 4),
            "TM[5,3] MediumSeverityEvent #3 apid 677 at 7.500 s: event NOT_FINITE_STATE, ",
        ),
        (wire.MemoryDump(1, 1, 64, b"\1\2", 0), "model 1, offsets 64 to 66, 2 bytes: 01 02"),
        (wire.SampleReport(32, 3, 5, 0, b"\0\0\2"), "rows 32-34, 2 TRAINED, 1 UNKNOWN_LABEL, models 0, link 5"),
        (wire.SampleReport(32, 2, 5, 0, b"\x63\x63"), "rows 32-33, 2 of status 99, models 0, link 5"),
        (
            wire.Predictions(9, 1, 2, struct.pack(">dd", 0.5, -2.0) + b"\0"),
            "rows 9-9, models 2, first scores [0.5, -2]",
        ),
        (wire.EpochTrained(1, 2, 0.125, 3, 96, 4), "model 1, epoch 2, loss 0.125, steps 3, rows 96, train 4"),
        (wire.Statistics(255, 3, (wire.OperationSum(1, 2, 3, 4, 5),)), "sums [(operation TRAIN, "),
    ],
)
def test_telemetry_is_shown_by_its_fields(message: wire.Message, shown: str) -> None:
    [text] = texts((FROM, telemetry(message, 3)))
    assert shown in text


def test_long_lists_and_texts_of_strangers_stay_on_one_line() -> None:
    entry = wire.CatalogueEntry(
        1, "a\nb\x1b[31m", "f32", 0, 1, 1, (), tuple(wire.ArrayInfo("w", 1, 2) for _ in range(9))
    )
    [text, console] = texts((FROM, telemetry(entry)), (FROM, b"red \x1b[31m\tis\n"))
    assert "\n" not in text
    assert "\x1b" not in text + console
    assert "...] of 9" in text
    assert console.endswith(r"console 'red \x1b[31m\tis\n'")


def test_a_note_of_a_file_from_elsewhere_cannot_move_the_cursor() -> None:
    [text] = texts((Way.NOTE, b"the line\x1b[2J is\r\n\x9b\xc2\x9bgone"))
    assert text.split("--")[1].split() == ["the", "line", "is", "\N{REPLACEMENT CHARACTER}gone"]


def test_a_report_names_the_telecommand_that_it_is_about() -> None:
    request, report = texts((TO, telecommand(wire.List(), 5)), (FROM, telemetry(wire.Completed(0x1AA5, 0xC005), 0)))
    assert request.endswith("TC[128,1] List #5 apid 677")
    assert report.endswith("Completed #0 apid 677 at 7.500 s: List, of telecommand #5")


def test_corrupt_bytes_bad_packets_and_unknown_frames_say_what_is_wrong() -> None:
    frame = bytearray(telecommand(wire.List()))
    frame[12] ^= 1
    bad = enframe(Header(FrameType.DATA, 0, PAYLOAD, 1), b"\x1a\xa5\xff")
    unknown = enframe(Header(5, 0, PAYLOAD, 1), b"x")
    corrupt, broken, strange = texts((TO, bytes(frame)), (TO, bad), (TO, unknown))
    assert "CORRUPT CRC-32 is wrong; 30 bytes: " in corrupt
    assert "BAD a telecommand packet has at least 13 bytes, not 3; 3 bytes: 1a a5 ff" in broken
    assert "type 0x05 next 1 ack 0 credit 0  BAD frame type 0x05 is not in this contract" in strange


def test_frames_that_were_lost_or_come_again_are_marked_until_a_new_session() -> None:
    hello_request = enframe(Header(FrameType.HELLO_REQUEST), struct.pack(">II", 77, 1))
    found = texts(
        *((TO, telecommand(wire.List(), sequence)) for sequence in (0, 1, 1, 4)),
        (TO, hello_request),
        (TO, telecommand(wire.List(), 0)),
    )
    marks = [
        "[again]" if "[again]" in text else "[2 missing before it]" if "[2 missing" in text else "" for text in found
    ]
    assert marks == ["", "", "[again]", "[2 missing before it]", "", ""]


def test_the_way_of_a_capture_is_guessed_from_packets_tags_and_credit() -> None:
    hello = wire.Hello(0x48494C31, 1, wire.FINGERPRINT, bytes(16), PAYLOAD, 1, 0, 1, 1, 1024, "board")
    writer = Writer()
    hello.write(writer)
    status = Header(FrameType.STATUS, 0, 0x9999, 0, 0, 4096)
    frames = [
        (enframe(status, b""), "??"),
        (enframe(replace(status, credit=0xFFFF), b""), "->"),
        (enframe(Header(FrameType.HELLO_REQUEST), struct.pack(">II", BENCH, 1)), "->"),
        (enframe(Header(FrameType.HELLO, 0, BENCH), writer.getvalue()), "<-"),
        (enframe(replace(status, tag=PAYLOAD), b""), "->"),
        (enframe(replace(status, tag=BENCH), b""), "<-"),
        (telemetry(wire.Alive()), "<-"),
        (telecommand(wire.List()), "->"),
    ]
    found = texts((None, b"".join(frame for frame, _ in frames)))
    assert [text.split()[1] for text in found] == [way for _, way in frames]


def test_what_a_cut_begins_with_is_no_corrupt_run() -> None:
    frame = telecommand(wire.List())
    torn = (TO, frame[9:] + telecommand(wire.List(), 1))
    assert "CORRUPT" in texts(torn)[0]
    assert ["List" in text for text in texts(torn, cut=True)] == [True]
    assert len(texts((TO, frame), cut=True)) == 1


def test_what_the_end_of_the_link_cuts_is_shown() -> None:
    frame = telecommand(wire.List())
    to, back = texts((TO, frame[:9]), (FROM, b"panic: "))
    assert "CORRUPT the link ends within a frame; 8 bytes: " in to
    assert back.endswith("console 'panic: '")


def test_a_capture_at_the_wrong_rate_is_shown_as_corrupt() -> None:
    noise = bytes(range(128, 256)) * 20
    [text] = texts((None, noise), cut=True)
    assert "CORRUPT more than 1022 bytes, no delimiter; 1023 bytes: 80 81" in text
    [text] = texts((None, noise[:500]), cut=True)
    assert "CORRUPT the link ends within a frame; 500 bytes: 80 81" in text


def lines_of(*frames: bytes) -> list[Line]:
    return list(decode([Chunk(0.0, TO if b"\x1a\xa5" in frame else FROM, frame) for frame in frames]))


def names(lines: Sequence[Line]) -> list[str]:
    return [line.names[0] for line in lines]


def test_lines_are_chosen_by_name_by_error_and_from_the_end() -> None:
    lines = lines_of(
        telecommand(wire.List(), 0),
        telecommand(wire.ResetBank(), 1),
        b"booted\n\0",
        telemetry(wire.Alive(), 0),
        telemetry(wire.NotCompleted(0x1AA5, 0xC000, 2, 0), 1),
        enframe(Header(FrameType.REJECT), b""),
        b"\1\1\1\0",
    )

    def pick(choice: Choice) -> list[str]:
        return names(list(chosen(lines, choice)))

    assert pick(Choice()) == ["List", "ResetBank", "console", "Alive", "NotCompleted", "Reject", "corrupt"]
    assert pick(Choice(only=("not*", "CONSOLE"))) == ["console", "NotCompleted"]
    assert pick(Choice(only=("data",))) == ["List", "ResetBank", "Alive", "NotCompleted"]
    assert pick(Choice(errors=True)) == ["NotCompleted", "Reject", "corrupt"]
    assert pick(Choice(errors=True, last=1)) == ["corrupt"]
    assert pick(Choice(only=("nothing",))) == []


def test_hexadecimal_shows_the_whole_packet() -> None:
    packet, _ = pack_telecommand(wire.Samples(0, bytes(range(60))), 0, acknowledgements=0)
    [line] = lines_of(enframe(Header(FrameType.DATA), packet))
    shown = "".join(text[30:] for text in line_text(line, in_hex=True).split("\n")[1:])
    assert bytes.fromhex(shown) == packet


def test_a_tail_is_decoded_from_its_first_whole_frame() -> None:
    tail = LinkTail(limit_bytes=200)
    stream = b"".join(telemetry(wire.Alive(), sequence) for sequence in range(20))
    tail.extend(Chunk(100.0, FROM, stream[start : start + 50]) for start in range(0, len(stream), 50))
    found = link_tail(tail, lines=3, started=98.0)
    assert [text.split()[0] for text in found] == ["2.000000"] * 3
    assert [text.split()[6] for text in found] == ["17", "18", "19"]
    assert not any("CORRUPT" in text for text in link_tail(tail))


def test_run_folders_recordings_and_captures_are_opened(tmp_path: Path) -> None:
    frame = telecommand(wire.List())
    writer = LinkWriter((tmp_path / "link.bin").open("xb"), started=0.0)
    writer.write([Chunk(2.5, TO, frame)])
    writer.close()
    (tmp_path / "capture").write_bytes(frame)
    (tmp_path / "empty").touch()
    times = []
    for name in ("", "link.bin", "capture", "empty"):
        with open_link(tmp_path / name) as source:
            times.append([line.t for line in decode(source.chunks, cut=source.is_capture)])
    assert times == [[2.5], [2.5], [None], []]


def test_a_link_that_is_not_there_or_of_another_format_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"there is no .*link\.bin"), open_link(tmp_path):
        pass
    with pytest.raises(RunFolderError, match=r"there is no .*nowhere"), open_link(tmp_path / "nowhere"):
        pass
    (tmp_path / "link.bin").write_bytes(MAGIC[:-1] + b"\x02")
    with pytest.raises(RunFolderError, match="has format 2; this version reads 1"), open_link(tmp_path):
        pass
    (tmp_path / "link.bin").write_bytes(MAGIC[:5])
    with open_link(tmp_path) as source:
        assert source.is_capture
        assert b"".join(chunk.data for chunk in source.chunks) == MAGIC[:5]


def test_pieces_of_any_size_give_the_same_lines() -> None:
    stream = telecommand(wire.List()) + b"text\n\0" + b"\1\2\3\0" + telemetry(wire.Alive())
    whole = [line.item for line in decode([Chunk(0.0, None, stream)])]
    file = io.BytesIO(stream)
    pieces = iter(lambda: file.read(1), b"")
    assert [line.item for line in decode(Chunk(0.0, None, piece) for piece in pieces)] == whole
