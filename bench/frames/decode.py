"""Chunks of a link to lines: frames with their packets, console text, what is corrupt, and notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from bench.transport.chunk import Chunk, Way
from firmware_if.errors import WireError
from firmware_if.framing import Console, Corrupt, Deframer, Frame
from firmware_if.messages import (
    MAX_FRAME_BYTES,
    Accepted,
    Completed,
    ConfigureStream,
    FrameType,
    Hello,
    Message,
    NotAccepted,
    NotCompleted,
)
from firmware_if.octets import Reader
from firmware_if.packets import Telecommand, Telemetry, unpack_telecommand, unpack_telemetry

_SEQUENCES: Final = 0x10000
_TELECOMMAND: Final = 0x10
"""Of the first octet of a packet: the type bit of a space packet."""
_BENCH_CREDIT: Final = 0xFFFF
"""What the bench says, which has room always."""
_FRAME_NAMES: Final = {frame_type: frame_type.name.title().replace("_", "") for frame_type in FrameType}
"""As SPEC.md has them: HelloRequest."""


@dataclass(frozen=True)
class HelloRequest:
    """Body of the frame of that name."""

    nonce: int
    entropy: int


@dataclass(frozen=True, slots=True)
class Note:
    """What the bench says about the line, or about the file that was read."""

    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that came to its end at `t`, in seconds; None where there are no times."""

    t: float | None
    way: Way | None
    """None where it is not known; notes have NOTE."""
    item: Frame | Console | Corrupt | Note
    packet: Telemetry | Telecommand | None = None
    body: Hello | HelloRequest | None = None
    """Of a frame that carries no packet."""
    fault: str = ""
    """What is wrong with the packet or body of an intact frame."""
    order: str = ""
    """Of a Data frame that is not the next one: what was lost before it, or that it came again."""
    channels: int | None = None
    """Of the stream, as configured last before this line."""
    request: str = ""
    """Name of the telecommand that a verification report is about, where it was seen."""

    @property
    def message(self) -> Message | None:
        return self.packet.message if self.packet is not None else None

    @property
    def names(self) -> tuple[str, ...]:
        """By which it is chosen: of the message and of the frame; or console, corrupt, note."""
        if not isinstance(self.item, Frame):
            return (type(self.item).__name__.lower(),)
        names = () if self.message is None else (type(self.message).__name__,)
        return (*names, frame_name(self.item.header.type))


def frame_name(frame_type: int) -> str:
    """As SPEC.md has it."""
    return _FRAME_NAMES.get(frame_type, f"type 0x{frame_type:02X}")  # type: ignore[call-overload, no-any-return]


@dataclass
class _Seen:
    """What earlier frames said that later ones are understood by."""

    channels: int | None = None
    expected: dict[Way | None, int] = field(default_factory=dict)
    nonces: dict[int, Way] = field(default_factory=dict)
    """Of an end -> the way of frames that are for it."""
    requests: dict[int, str] = field(default_factory=dict)
    """Packet sequence control of a telecommand -> its name; 14 bits keep it bounded."""


def decode(chunks: Iterable[Chunk], *, cut: bool = False) -> Iterator[Line]:
    """What the chunks hold, in the order in which it ended. `cut`: they begin in the middle of the link.

    The first run of a way that is cut is left out if it may be the rest of a frame. Where the way of
    bytes is not known, it is guessed from each frame's packet, tag and credit.
    """
    seen = _Seen()
    deframers: dict[Way | None, Deframer] = {}
    last: float | None = None
    torn = {Way.TO_PAYLOAD, Way.FROM_PAYLOAD, None} if cut else set()
    for t, way, data in chunks:
        last = t
        if way is Way.NOTE:
            yield Line(t, way, Note(data.decode(errors="replace")))
            continue
        deframer = deframers.setdefault(way, Deframer())
        for item in deframer.feed(data):
            if way in torn:
                torn.discard(way)
                if isinstance(item, Corrupt) and len(item.data) <= MAX_FRAME_BYTES - 2:
                    continue
            yield _frame_line(t, way, item, seen) if isinstance(item, Frame) else Line(t, way, item)
    for way, deframer in deframers.items():  # what a board that hung has not ended
        for item in deframer.feed(b"\0"):
            ended = replace(item, reason="the link ends within a frame") if isinstance(item, Corrupt) else item
            yield _frame_line(last, way, ended, seen) if isinstance(ended, Frame) else Line(last, way, ended)


def _frame_line(t: float | None, known: Way | None, frame: Frame, seen: _Seen) -> Line:
    packet: Telemetry | Telecommand | None = None
    body: Hello | HelloRequest | None = None
    fault = ""
    try:
        match frame.header.type:
            case FrameType.DATA:
                is_telecommand = bool(frame.body) and bool(frame.body[0] & _TELECOMMAND)
                packet = unpack_telecommand(frame.body) if is_telecommand else unpack_telemetry(frame.body)
            case FrameType.HELLO:
                body = Hello.read(Reader(frame.body))
            case FrameType.HELLO_REQUEST:
                reader = Reader(frame.body)
                body = HelloRequest(reader.u32(), reader.u32())
            case FrameType.STATUS | FrameType.REJECT:
                fault = "" if not frame.body else f"{len(frame.body)} bytes of body in a frame that has none"
            case unknown:
                fault = f"frame type 0x{unknown:02X} is not in this contract"
    except WireError as error:
        fault = error.message
    way = known or _guess(frame, packet, body, seen)
    _learn(way, frame, packet, body, seen)
    order = _order(way, frame, seen) if frame.header.type == FrameType.DATA else ""
    return Line(t, way, frame, packet, body, fault, order, seen.channels, _request(packet, seen))


def _request(packet: Telemetry | Telecommand | None, seen: _Seen) -> str:
    if packet is None or not isinstance(packet.message, Accepted | NotAccepted | Completed | NotCompleted):
        return ""
    return seen.requests.get(packet.message.sequence, "")


def _guess(
    frame: Frame, packet: Telemetry | Telecommand | None, body: Hello | HelloRequest | None, seen: _Seen
) -> Way | None:
    if isinstance(packet, Telecommand) or isinstance(body, HelloRequest):
        return Way.TO_PAYLOAD
    if isinstance(packet, Telemetry) or isinstance(body, Hello):
        return Way.FROM_PAYLOAD
    way = seen.nonces.get(frame.header.tag)
    if way is None and frame.header.credit == _BENCH_CREDIT:
        way = Way.TO_PAYLOAD
    return way


def _learn(
    way: Way | None,
    frame: Frame,
    packet: Telemetry | Telecommand | None,
    body: Hello | HelloRequest | None,
    seen: _Seen,
) -> None:
    """Keep what later frames are understood by."""
    if isinstance(packet, Telecommand):
        seen.requests[packet.request.sequence] = type(packet.message).__name__
        if isinstance(packet.message, ConfigureStream):
            seen.channels = packet.message.channels
    elif isinstance(body, HelloRequest):
        if seen.nonces.get(body.nonce) is not Way.FROM_PAYLOAD:
            seen.expected.clear()  # a new session counts from 0
        seen.nonces[body.nonce] = Way.FROM_PAYLOAD
    elif isinstance(body, Hello) and body.nonce:
        seen.nonces[body.nonce] = Way.TO_PAYLOAD
    if way in _WAYS and frame.header.tag and len(seen.nonces) < _MOST_NONCES:
        seen.nonces.setdefault(frame.header.tag, way)


def _order(way: Way | None, frame: Frame, seen: _Seen) -> str:
    """Whether a Data frame is the next one of its way."""
    sequence = frame.header.sequence
    ahead = (sequence - seen.expected.get(way, sequence)) % _SEQUENCES
    if ahead >= _SEQUENCES // 2:
        return "again"
    seen.expected[way] = (sequence + 1) % _SEQUENCES
    return f"{ahead} missing before it" if ahead else ""


_WAYS: Final = frozenset({Way.TO_PAYLOAD, Way.FROM_PAYLOAD})
_MOST_NONCES: Final = 1000
"""Of a capture that is noise; a link has a few."""
