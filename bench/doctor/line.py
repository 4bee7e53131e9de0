"""What is heard on a line: nothing, text, frames of the contract, something else; and who answers a HelloRequest."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.printed import LEAST_TEXT_BYTES, is_text, printable
from bench.transport import Transfer
from firmware_if.errors import WireError
from firmware_if.framing import Deframer, Frame, Header, enframe
from firmware_if.messages import FrameType, Hello
from firmware_if.octets import Reader, Writer

ASK_AGAIN_S: Final = 0.2
"""Between two HelloRequests: a Hello and its request take 0.14 s at 9600 baud."""
_KEPT_BYTES: Final = 4096
_SHOWN_BYTES: Final = 16
_SHOWN_LETTERS: Final = 60

Move = Callable[[bytes, float], Transfer]
"""`Transport.transfer`."""


@dataclass(frozen=True)
class Heard:
    """What came in a while. `last` is the end of it."""

    count: int
    last: bytes
    frames: int
    hello: Hello | None

    @property
    def is_text(self) -> bool:
        """Text, as far as it is not frames."""
        return is_text(self.last, least=1 if self.frames else LEAST_TEXT_BYTES)

    def __str__(self) -> str:
        if not self.count:
            return "nothing"
        if self.frames:
            return f"{self.count} bytes, {self.frames} frames of this contract among them"
        if self.is_text:
            lines = [line.strip() for line in printable(self.last.decode(errors="replace")).splitlines()]
            shown = next((line for line in reversed(lines) if line), "")
            return f"{self.count} bytes of text, the last line: {shown[-_SHOWN_LETTERS:]!r}"
        return f"{self.count} bytes that are neither text nor frames, the last: {self.last[-_SHOWN_BYTES:].hex(' ')}"


def listen(move: Move, timeout_s: float, *, ask: bool = False) -> Heard:
    """What comes within that time. With `ask`, HelloRequests go out, and their answer ends it.

    Raises TransportError or EOFError when the line breaks.
    """
    deframer, nonce = Deframer(), random.SystemRandom().getrandbits(32) | 1
    until = time.monotonic() + timeout_s
    ask_at = time.monotonic() if ask else until
    out, count, last, frames = b"", 0, b"", 0
    while (now := time.monotonic()) < until:
        if now >= ask_at:
            out, ask_at = out or _request(nonce), now + ASK_AGAIN_S
        transfer = move(out, max(0.0, min(until, ask_at) - now))
        out = out[transfer.written :]
        count += len(transfer.received)
        last = (last + transfer.received)[-_KEPT_BYTES:]
        for item in deframer.feed(transfer.received):
            frames += isinstance(item, Frame)
            if isinstance(item, Frame) and (hello := _answer(item, nonce)) is not None:
                return Heard(count, last, frames, hello)
    return Heard(count, last, frames, None)


def _request(nonce: int) -> bytes:
    writer = Writer()
    writer.u32(nonce)
    writer.u32(random.SystemRandom().getrandbits(32))
    return enframe(Header(FrameType.HELLO_REQUEST), writer.getvalue())


def _answer(frame: Frame, nonce: int) -> Hello | None:
    if frame.header.type != FrameType.HELLO or frame.header.tag != nonce:
        return None
    try:
        return Hello.read(Reader(frame.body))
    except WireError:
        return None
