"""Bytes <-> frames of the link, and the board's console between them. SPEC.md has the bytes.

COBS (Cheshire & Baker, 1999) by the `cobs` library, CRC-32 (IEEE 802.3) by zlib. No I/O, no clock.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from cobs import cobs

from firmware_if.errors import WireError
from firmware_if.messages import MAX_FRAME_BYTES, FrameType

_HEADER = struct.Struct(">BBIHHH")
_CRC = struct.Struct(">I")
HEADER_BYTES = _HEADER.size
CRC_BYTES = _CRC.size
MAX_CONTENT_BYTES = MAX_FRAME_BYTES - 2 - ((MAX_FRAME_BYTES - 2) // 255 + 1)
"""Largest header, packet and CRC-32: two delimiters, and one COBS code byte per 254 bytes begun."""
MAX_PACKET_BYTES = MAX_CONTENT_BYTES - HEADER_BYTES - CRC_BYTES

_MAX_RUN_BYTES = MAX_FRAME_BYTES - 2

_CONTROL = re.compile(rb"[\x00-\x06\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""Bytes that no console prints. Every frame type is one, so the second byte of a run tells a frame from text."""
_SECOND = 2
_LONGEST_CHARACTER = 4
"""Bytes, in UTF-8."""


@dataclass(frozen=True)
class Header:
    """The link header of a frame; the fields are those of SPEC.md."""

    type: int
    poll: int = 0
    tag: int = 0
    sequence: int = 0
    ack: int = 0
    credit: int = 0


@dataclass(frozen=True)
class Frame:
    """An intact frame; `wire_bytes` counts what it took on the line, delimiters included."""

    header: Header
    body: bytes
    wire_bytes: int


@dataclass(frozen=True)
class Console:
    """Text that the board printed between frames."""

    text: str


@dataclass(frozen=True)
class Corrupt:
    """Bytes between delimiters that are neither a frame nor text."""

    data: bytes
    reason: str


def enframe(header: Header, body: bytes) -> bytes:
    """A whole frame, delimiters included; raises WireError for a body larger than MAX_PACKET_BYTES."""
    if len(body) > MAX_PACKET_BYTES:
        raise WireError(f"{len(body)} bytes do not fit into a frame (at most {MAX_PACKET_BYTES})")
    content = _HEADER.pack(header.type, header.poll, header.tag, header.sequence, header.ack, header.credit) + body
    frame: bytes = b"\0" + cobs.encode(content + _CRC.pack(zlib.crc32(content))) + b"\0"
    return frame


def _deframe(run: bytes) -> Frame | str:
    """The frame that lies between two delimiters, or why there is none."""
    try:
        content = cobs.decode(run)
    except cobs.DecodeError as error:
        return f"COBS: {error}"
    checked = len(content) - CRC_BYTES
    if checked < HEADER_BYTES:
        return f"{len(content)} bytes are too short for a frame"
    if len(content) > MAX_CONTENT_BYTES:
        return f"{len(content)} bytes are more than a frame holds"
    if zlib.crc32(content[:checked]) != int.from_bytes(content[checked:], "big"):
        return "CRC-32 is wrong"
    return Frame(Header(*_HEADER.unpack_from(content)), content[HEADER_BYTES:checked], len(run) + 2)


def _as_text(data: bytes) -> str | None:
    """`data` as console text, None when it holds bytes that no console prints."""
    if _CONTROL.search(data):
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _whole_characters(data: bytes) -> int:
    """Length of console text that `data` is but for a character that it cuts at the end; 0 when it is none."""
    for end in range(len(data), len(data) - _LONGEST_CHARACTER, -1):
        if _as_text(data[:end]) is not None:
            return end
    return 0


def _text_lines(pending: bytes, *, at_start: bool) -> int:
    """Length of the longest part of `pending` from its start that is whole lines of text.

    At the start of a run the first byte may be a COBS code that looks like a newline: the second byte decides.
    """
    control = _CONTROL.search(pending)
    limit = control.start() if control else len(pending)
    if at_start and limit < _SECOND:
        return 0
    end = pending.rfind(b"\n", 0, limit) + 1
    try:
        pending[:end].decode()
    except UnicodeDecodeError as error:
        end = pending.rfind(b"\n", 0, error.start) + 1
    return end


class Deframer:
    """Takes bytes in pieces of any size and yields frames, console text and corrupt runs in order.

    What it yields does not depend on where the pieces end, except that text may come in other portions. A frame fills
    all of a run between two zero bytes, so one lost or added byte costs the frame it hits, or two when it hits a
    delimiter. A console line is yielded as soon as its newline has come. Holds at most one run of the largest length.
    """

    def __init__(self) -> None:
        self._pending = b""
        self._at_start = True  # nothing of the running run has been yielded as text
        self._skipping = False  # the running run has been reported as corrupt

    def feed(self, data: bytes) -> Iterator[Frame | Console | Corrupt]:
        """Yield what `data` completes."""
        *ended, rest = data.split(b"\0")
        for part in ended:
            if part or self._pending or self._skipping or not self._at_start:  # else a zero after a zero
                yield from self._take(part)
                yield from self._end_run()
        yield from self._take(rest)

    def _take(self, part: bytes) -> Iterator[Console | Corrupt]:
        """Add `part` to the running run: yield whole lines of text, and what is longer than any frame."""
        if self._skipping:
            return
        self._pending += part
        if end := _text_lines(self._pending, at_start=self._at_start):
            yield self._cut_text(end)
        while len(self._pending) > _MAX_RUN_BYTES:
            if end := _whole_characters(self._pending[: _MAX_RUN_BYTES + 1]):
                yield self._cut_text(end)
            else:
                yield Corrupt(self._pending[: _MAX_RUN_BYTES + 1], f"more than {_MAX_RUN_BYTES} bytes, no delimiter")
                self._pending = b""
                self._skipping = True

    def _cut_text(self, end: int) -> Console:
        text = self._pending[:end].decode()
        self._pending = self._pending[end:]
        self._at_start = False
        return Console(text)

    def _end_run(self) -> Iterator[Frame | Console | Corrupt]:
        run, at_start = self._pending, self._at_start
        self._pending, self._at_start, self._skipping = b"", True, False
        if not run:
            return
        result = _deframe(run) if at_start else "bytes after text without a delimiter"
        if isinstance(result, Frame):
            yield result
        elif (text := _as_text(run)) is not None:
            yield Console(text)
        else:
            yield Corrupt(run, result)


if any(_as_text(bytes([frame_type])) is not None for frame_type in FrameType):  # pragma: no cover - guards wire.toml
    raise WireError("a frame type is a printable byte: frames could be taken for console text")
