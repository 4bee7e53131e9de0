"""Random and mutated input to the bench's receiving side, bounded; and the laws bite when the code is made wrong."""

import random
from collections.abc import Callable, Iterator

import pytest
from cobs import cobs

from firmware_if import framing, octets, packets
from firmware_if.connection import Connection
from firmware_if.framing import Console, Corrupt, Deframer, Frame
from tools.fuzz import __main__ as command
from tools.fuzz import python_side
from tools.fuzz.python_inputs import cut, line, make_seeds

SEED = 20210401
INPUTS = 20_000


def test_nothing_breaks_a_law() -> None:
    tally = python_side.fuzz(INPUTS, seed=SEED)
    print(f"seed {SEED}: {INPUTS} inputs, {tally.line}")
    assert (
        min(tally.found[kind] for kind in ("packets", "bad packets", "control frames", "corrupt runs")) > INPUTS // 10
    )


def test_equal_seeds_give_equal_inputs() -> None:
    seeds = make_seeds(3)
    first, second = (line(random.Random(5), made) for made in (seeds, make_seeds(3)))
    assert first == second
    assert b"".join(cut(random.Random(1), first)) == first


def _no_packet_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "crc16", lambda _: 0)


def _no_frame_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    def deframe(run: bytes) -> Frame | str:
        found = sound(run)
        return _any_frame(run) if found == "CRC-32 is wrong" else found

    sound = framing._deframe  # noqa: SLF001 - made wrong on purpose
    monkeypatch.setattr(framing, "_deframe", deframe)


def _any_frame(run: bytes) -> Frame:
    content = cobs.decode(run)
    header = framing.Header(*framing._HEADER.unpack_from(content))  # noqa: SLF001
    return Frame(header, content[12:-4], len(run) + 2)


def _short_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(self: octets.Reader, count: int) -> bytes:
        return sound(self, min(count, self.remaining))

    sound = octets.Reader.take
    monkeypatch.setattr(octets.Reader, "take", take)


def _piecewise(monkeypatch: pytest.MonkeyPatch) -> None:
    def feed(self: Deframer, data: bytes) -> Iterator[Frame | Console | Corrupt]:
        return sound(self, data[1:] if data[:1] == b"\n" else data)

    sound = Deframer.feed
    monkeypatch.setattr(Deframer, "feed", feed)


def _talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Connection.bytes_to_send
    monkeypatch.setattr(Connection, "bytes_to_send", lambda self, now: sound(self, now) * 20_000)


@pytest.mark.parametrize(
    ("make_wrong", "law"),
    [
        (_no_packet_checksum, "a packet was accepted with a wrong CRC-16"),
        (_no_frame_checksum, "a frame was accepted that did not arrive"),
        (_short_reads, r"(is not written back as it was read|error\(.* was raised)"),
        (_piecewise, "pieces of a line were taken otherwise"),
        (_talkative, "too much is said to one input"),
    ],
    ids=lambda value: getattr(value, "__name__", "")[1:] or None,
)
def test_a_defect_is_found(
    make_wrong: Callable[[pytest.MonkeyPatch], None], law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wrong(monkeypatch)
    with pytest.raises(python_side.BrokenLawError, match=rf"{law}[\s\S]*\nseed 1, input \d+: [0-9a-f]*$"):
        python_side.fuzz(3000, seed=1)


def test_the_command_says_what_was_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["python", "--runs", "50"]) == 0
    assert "50 inputs in " in capsys.readouterr().out
    _no_packet_checksum(monkeypatch)
    assert command.main(["python", "--runs", "3000"]) == 1
    assert "a packet was accepted with a wrong CRC-16\nseed 1, input " in capsys.readouterr().err


def test_an_input_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(_data: bytes, _seeds: object) -> None:
        while True:
            pass

    monkeypatch.setattr(python_side, "HANG_S", 0.05)
    monkeypatch.setattr(python_side, "check_recovery", hang)
    with pytest.raises(python_side.BrokenLawError, match=r"an input takes more than 0\.05 s of processor time"):
        python_side.fuzz(1, seed=1)
