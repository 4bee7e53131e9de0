"""Bytes <-> frames of the link, and the board's console between them. SPEC.md has the bytes.

COBS (Cheshire & Baker, 1999) by the `cobs` library, CRC-32 (IEEE 802.3) by zlib. No I/O, no clock.
"""

from __future__ import annotations

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

_CONTROL_BYTES = bytes(set(range(0x20)) - set(b"\t\n\r\x1b\x08\x07\x0c")) + b"\x7f"
"""Bytes that no console prints. Every frame type is one of them, so no frame looks like text."""


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
    """A whole frame, delimiters included; raises WireError when it would be larger than MAX_FRAME_BYTES."""
    content = _HEADER.pack(header.type, header.poll, header.tag, header.sequence, header.ack, header.credit) + body
    frame: bytes = b"\0" + cobs.encode(content + _CRC.pack(zlib.crc32(content))) + b"\0"
    if len(frame) > MAX_FRAME_BYTES:
        message = f"a packet of {len(body)} bytes makes a frame of {len(frame)} bytes; the largest is {MAX_FRAME_BYTES}"
        raise WireError(message)
    return frame


def _deframe(run: bytes) -> Frame | str:
    """The frame that lies between two delimiters, or why there is none."""
    if len(run) + 2 > MAX_FRAME_BYTES:
        return f"{len(run)} bytes without a delimiter"
    try:
        content = cobs.decode(run)
    except cobs.DecodeError as error:
        return f"COBS: {error}"
    checked = len(content) - CRC_BYTES
    if checked < HEADER_BYTES:
        return f"{len(content)} bytes are too short for a frame"
    if zlib.crc32(content[:checked]) != int.from_bytes(content[checked:], "big"):
        return "CRC-32 is wrong"
    return Frame(Header(*_HEADER.unpack_from(content)), content[HEADER_BYTES:checked], len(run) + 2)


def _as_text(run: bytes) -> str | None:
    """`run` as console text, None when it holds bytes that no console prints."""
    if run.translate(None, _CONTROL_BYTES) != run:
        return None
    try:
        return run.decode()
    except UnicodeDecodeError:
        return None


class Deframer:
    """Takes bytes in pieces of any size and yields frames, console text and corrupt runs in order.

    Every run between two zero bytes is tried as a frame, so one lost or added byte costs the frame it hits and no
    other. A console line is yielded as soon as its newline has come. Holds at most MAX_FRAME_BYTES.
    """

    def __init__(self) -> None:
        self._pending = b""
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[Frame | Console | Corrupt]:
        """Yield what `data` completes."""
        runs = (self._pending + data).split(b"\0")
        self._pending = runs.pop()
        for run in runs:
            if self._skipping:  # the rest of a run that was too long; already reported
                self._skipping = False
            elif run:
                yield self._classify(run)
        yield from self._shorten_pending()

    def _classify(self, run: bytes) -> Frame | Console | Corrupt:
        result = _deframe(run)
        if isinstance(result, Frame):
            return result
        text = _as_text(run)
        return Console(text) if text is not None else Corrupt(run, result)

    def _shorten_pending(self) -> Iterator[Console | Corrupt]:
        """Yield complete console lines at once, and give up on a run longer than any frame."""
        if self._skipping:
            self._pending = b""
            return
        end = self._pending.rfind(b"\n") + 1
        text = _as_text(self._pending[:end])
        if end and text is not None:
            self._pending = self._pending[end:]
            yield Console(text)
        if len(self._pending) > MAX_FRAME_BYTES:
            text = _as_text(self._pending)
            if text is not None:
                yield Console(text)
            else:
                yield Corrupt(self._pending, f"more than {MAX_FRAME_BYTES} bytes without a delimiter")
                self._skipping = True
            self._pending = b""


if any(_as_text(bytes([frame_type])) is not None for frame_type in FrameType):  # pragma: no cover - guards wire.toml
    raise WireError("a frame type is a printable byte: frames could be taken for console text")
