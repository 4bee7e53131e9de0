"""The board's console: text that stays text, whatever is in it, between frames that stay frames."""

import random
import re
import subprocess
from collections.abc import Iterator

import pytest

from firmware_if.framing import Console, Deframer, Frame, Header, enframe
from firmware_if.messages import FrameType
from tests.c.wire_native import CHECKOUT, COMPILERS, SANITIZED, WARNINGS

NOT_PRINTED = re.compile("[\x00-\x06\x0b\x0e-\x1a\x1c-\x1f\x7f]")
NOTICE = re.compile(r"\.\.\. (\d+) bytes lost\n")
LONGEST = 256


class Board:
    """The running driver."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ask(self, operation: str, data: bytes = b"") -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(operation.encode() + len(data).to_bytes(4, "big") + data)
        self._process.stdin.flush()
        line = self._process.stdout.readline().decode()
        assert line, self._process.communicate()[1]
        return line

    def open(self, capacity: int) -> None:
        self.ask("o", capacity.to_bytes(4, "big"))

    def write(self, data: bytes) -> None:
        self.ask("w", data)

    def send(self) -> bytes:
        """What goes onto the line."""
        sent, waited, waits = self.ask("s").split(" ")
        assert (waited, waits.strip()) == ("1" if sent else "0", "0")
        return bytes.fromhex(sent)

    def text(self) -> str:
        """What goes onto the line, as the bench reads it."""
        return texts(self.send())


def texts(line: bytes) -> str:
    """All text on a line; fails for what is none."""
    items = list(Deframer().feed(line + b"\0"))
    assert all(isinstance(item, Console) for item in items), items
    return "".join(item.text for item in items if isinstance(item, Console))


@pytest.fixture(scope="module", params=COMPILERS)
def board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Give the driver, under sanitizers."""
    program = tmp_path_factory.mktemp("console") / "console_driver"
    c = CHECKOUT / "firmware_if" / "c"
    sources = [c / "console.c", CHECKOUT / "tests" / "c" / "console_driver.c"]
    words = [request.param, *WARNINGS.split(), "-D_GNU_SOURCE", *SANITIZED.split(), f"-I{c}"]
    made = subprocess.run([*words, *sources, "-o", program], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    pipe = subprocess.PIPE
    with subprocess.Popen([program], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        yield Board(process)
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()


def shown(data: bytes) -> str:
    """What must come of text: each byte that is part of no character, or that no console prints, is a question mark."""
    text = data.decode(errors="surrogateescape")
    return NOT_PRINTED.sub("?", re.sub("[\udc80-\udcff]", "?", text))


def test_a_line_goes_out_when_it_is_whole(board: Board) -> None:
    board.open(1024)
    assert board.send() == b""
    board.write(b"half")
    assert board.send() == b""
    board.write(b" and half\nnext")
    assert board.send() == b"\0half and half\n\0"
    board.write(b"\n\n")
    assert board.text() == "next\n\n"


def test_whatever_is_printed_arrives_as_text_between_frames(board: Board) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    draws = random.Random(seed)
    alphabet = [bytes([n]) for n in range(256)] + ["ä", "°", "€", "😀", "abc", "\x1b[31m"] * 20
    frame = enframe(Header(FrameType.DATA, 1, 2, 3, 4, 5), bytes(range(200)))
    board.open(1 << 14)
    line, expected = b"", ""
    for _ in range(200):
        parts = [draws.choice(alphabet) for _ in range(draws.randrange(120))]
        data = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
        data = b"\n".join(piece[:250] for piece in data.split(b"\n")) + b"\n"
        for start in range(0, len(data), 7):
            board.write(data[start : start + 7])
        line += board.send() + frame
        expected += shown(data)
    items = list(Deframer().feed(line))
    assert sum(isinstance(item, Frame) for item in items) == 200
    assert all(isinstance(item, Frame | Console) for item in items)
    assert "".join(item.text for item in items if isinstance(item, Console)) == expected


@pytest.mark.parametrize("character", ["x", "ä", "€", "😀"])
def test_a_long_line_is_broken_where_no_character_is(board: Board, character: str) -> None:
    board.open(4096)
    board.write((character * 700 + "\n").encode()[-2500:].lstrip(b"\x80\x9f\x98\xac\x82\xa4"))
    text = board.text()
    assert set(text) == {character, "\n"}
    assert max(len(line.encode()) for line in text.splitlines()) <= LONGEST
    board.write(b"\x80" * 600 + b"\n")
    assert board.text().replace("\n", "") == "?" * 600


def test_lines_are_lost_whole_and_told_of_in_their_place(board: Board) -> None:
    board.open(64)
    board.write(b"".join(b"line %02d of a flood\n" % number for number in range(20)) + b"begun")
    first = board.text()
    lines = first.splitlines(keepends=True)
    assert lines[:3] == [f"line {number:02d} of a flood\n" for number in range(3)]
    assert lines[3:] == ["... 328 bytes lost\n"], "17 lines of 19 bytes, and 5 of the one that was begun meanwhile"
    board.write(b", and its end\nnext\n")
    assert board.text() == "... 19 bytes lost\n", "the rest of that line, and the next, before which it must stand"
    board.write(b"last\n")
    assert board.text() == "last\n"


def test_a_line_longer_than_the_console_is_lost_and_the_next_is_not(board: Board) -> None:
    board.open(32)
    board.write(b"y" * 100 + b"\n")
    assert board.text() == "... 101 bytes lost\n"
    board.write(b"short\n")
    assert board.text() == "short\n"


def test_nothing_is_missing_unseen_in_a_long_flood(board: Board) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    draws = random.Random(seed)
    board.open(256)
    text, written = "", 0
    for number in range(2000):
        data = f"{number} {'.' * draws.randrange(90)}\n".encode()
        board.write(data)
        written += len(data)
        if draws.random() < 0.3:
            text += board.text()
    text += board.text()
    lost = sum(int(count) for count in NOTICE.findall(text))
    came = NOTICE.sub("", text)
    assert lost > 0
    assert len(came) + lost == written
    numbers = [int(line.split()[0]) for line in came.splitlines()]
    assert numbers == sorted(set(numbers))


def test_a_handler_with_a_console_of_its_own_never_tears_a_line(board: Board) -> None:
    board.open(1024)
    text = texts(bytes.fromhex(board.ask("i", b"main: a line that is interrupted now and then\n").strip()))
    rest = NOTICE.sub("", text)
    assert rest.count("handler: here\n") > 50
    assert set(rest.splitlines()) == {"handler: here", "main: a line that is interrupted now and then"}
