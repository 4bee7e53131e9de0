"""The bench's receiving side under random and mutated input: frames, packets, messages, and the connection above them.

The laws: nothing but the documented errors is raised; what is accepted carries right checksums and is written back as
it was read; pieces do not matter; memory and time of an input are bounded; a session can begin afterwards.
"""

from __future__ import annotations

import random
import resource
import signal
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType as StackFrame

from cobs import cobs

from firmware_if.connection import Connection, State
from firmware_if.errors import WireError
from firmware_if.events import Connected, Event, LinkStatistics
from firmware_if.framing import MAX_PACKET_BYTES, Console, Corrupt, Deframer, Frame
from firmware_if.messages import MAX_FRAME_BYTES, AreYouAlive, FrameType, Message
from firmware_if.octets import Writer
from firmware_if.packets import crc16, unpack_telecommand, unpack_telemetry
from tools.fuzz.python_inputs import NONCE, Seeds, cut, line, make_seeds

HANG_S = 10.0
MOST_SENT_BYTES = 400 * MAX_FRAME_BYTES
"""Of what one input may have the connection say: 256 control frames, and what is sent again."""
MOST_GROWTH_KB = 64 * 1024
"""Of the process, from the hundredth input to the last."""
_TELL_EVERY = 10_000
TM_FIELDS, TC_FIELDS = 20, 11


class BrokenLawError(Exception):
    """The receiving side did what it must not: says what, and how to see it again."""


@dataclass
class Tally:
    """What inputs came to: they test nothing where all of them are refused."""

    found: Counter[str] = field(default_factory=Counter)

    @property
    def line(self) -> str:
        """One line of the summary."""
        return ", ".join(f"{name} {count:,}" for name, count in sorted(self.found.items()))


@dataclass(frozen=True)
class Played:
    """What a connection made of a line."""

    events: list[Event]
    sent: bytes
    statistics: LinkStatistics
    state: State


def _require(holds: bool, law: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise BrokenLawError(law)


def _join(events: Iterable[Event]) -> list[Event]:
    """Neighbouring console texts as one: text may come in any portions."""
    joined: list[Event] = []
    for event in events:
        if isinstance(event, Console) and joined and isinstance(joined[-1], Console):
            joined[-1] = Console(joined[-1].text + event.text)
        else:
            joined.append(event)
    return joined


def play(pieces: Iterable[bytes], seeds: Seeds, *, telecommands: int) -> Played:
    """A connection with so many telecommands under way (-1: not open yet) that receives the pieces."""
    connection = Connection(lambda: NONCE)
    connection.open(0.0)
    if telecommands >= 0:
        connection.receive_data(seeds.hello, 0.0)
        for _ in range(telecommands):
            connection.send(AreYouAlive())
        connection.bytes_to_send(0.0)
    for piece in pieces:
        connection.receive_data(piece, 1.0)
    sent = connection.bytes_to_send(1.0)
    deadline = connection.deadline()
    if deadline is not None:
        connection.handle_deadline(deadline)
        sent += connection.bytes_to_send(deadline)
    events = []
    while (event := connection.next_event()) is not None:
        events.append(event)
    return Played(_join(events), sent, connection.statistics, connection.state)


def check_frame(frame: Frame, arrived: set[bytes]) -> str:
    """The laws of an accepted frame and the packet in it; what it was. `arrived`: contents of the line's runs."""
    _require(len(frame.body) <= MAX_PACKET_BYTES and frame.wire_bytes <= MAX_FRAME_BYTES, "a frame is too large")
    h = frame.header
    head = bytes([h.type, h.poll]) + h.tag.to_bytes(4, "big")
    head += b"".join(number.to_bytes(2, "big") for number in (h.sequence, h.ack, h.credit))
    content = head + frame.body
    _require(content + zlib.crc32(content).to_bytes(4, "big") in arrived, "a frame was accepted that did not arrive")
    if h.type != FrameType.DATA:
        return "control frames"
    for unpack, start in ((unpack_telemetry, TM_FIELDS), (unpack_telecommand, TC_FIELDS)):
        try:
            message = unpack(frame.body).message
        except WireError:
            continue
        check_packet(frame.body, message, start)
        return "packets"
    return "bad packets"


def _contents(data: bytes) -> set[bytes]:
    contents = set()
    for run in data.split(b"\0"):
        with suppress(cobs.DecodeError):
            contents.add(cobs.decode(run))
    return contents


def check_packet(packet: bytes, message: Message, start: int) -> None:
    """The laws of an accepted packet, whose fields begin at `start`."""
    writer = Writer()
    message.write(writer)
    _require(crc16(packet[:-2]) == int.from_bytes(packet[-2:], "big"), "a packet was accepted with a wrong CRC-16")
    _require(int.from_bytes(packet[4:6], "big") + 7 == len(packet), "a packet was accepted with a wrong length")
    _require(writer.getvalue() == packet[start:-2], f"{type(message).__name__} is not written back as it was read")


def check_input(draw: random.Random, data: bytes, seeds: Seeds) -> Counter[str]:
    """All laws on one input."""
    found: Counter[str] = Counter()
    arrived = _contents(data)
    for item in Deframer().feed(data):
        if isinstance(item, Frame):
            found[check_frame(item, arrived)] += 1
        elif isinstance(item, Corrupt):
            _require(len(item.data) <= MAX_FRAME_BYTES, "more is kept of a run than a frame is long")
            found["corrupt runs"] += 1
    telecommands = draw.choice((-1, 0, 0, 3))
    whole = play([data], seeds, telecommands=telecommands)
    _require(play(cut(draw, data), seeds, telecommands=telecommands) == whole, "pieces of a line were taken otherwise")
    _require(len(whole.events) <= len(data) + 2, "more events than bytes")
    _require(len(whole.sent) <= MOST_SENT_BYTES, "too much is said to one input")
    return found


def check_recovery(data: bytes, seeds: Seeds) -> None:
    """After any line, a payload that says Hello begins a session."""
    connection = Connection(lambda: NONCE)
    connection.open(0.0)
    connection.receive_data(data, 0.0)
    connection.open(1.0)
    connection.receive_data(seeds.hello, 1.0)
    events = []
    while (event := connection.next_event()) is not None:
        events.append(event)
    _require(connection.state is State.OPEN and isinstance(events[-1], Connected), "no session can begin afterwards")


@contextmanager
def _alarm() -> Iterator[Callable[[], object]]:
    """Gives what starts an input's time anew; BrokenLawError is raised in one that takes too long."""

    def ring(_number: int, _frame: StackFrame | None) -> None:
        raise BrokenLawError(f"an input takes more than {HANG_S:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, ring)
    try:
        yield lambda: signal.setitimer(signal.ITIMER_VIRTUAL, HANG_S)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def fuzz(runs: int, *, seed: int, first: int = 0, tell: Callable[[int], object] = id) -> Tally:
    """Inputs number `first` and on of a seed; raises BrokenLawError at the first that breaks a law.

    `tell` is called now and then with how many have been done.
    """
    seeds = make_seeds(seed)
    tally = Tally()
    grown_from = 0
    with _alarm() as start_time:
        for number in range(first, first + runs):
            draw = random.Random(seed * 1_000_003 + number)  # noqa: S311 - test input, not a secret
            data = line(draw, seeds)
            start_time()
            try:
                tally.found.update(check_input(draw, data, seeds))
                check_recovery(data, seeds)
            except BrokenLawError as error:
                raise BrokenLawError(f"{error}\nseed {seed}, input {number}: {data.hex()}") from error
            except Exception as error:
                raise BrokenLawError(f"{error!r} was raised\nseed {seed}, input {number}: {data.hex()}") from error
            if number == first + min(100, runs - 1):
                grown_from = _memory_kb()
            if (number + 1) % _TELL_EVERY == 0:
                tell(number + 1 - first)
    grown = _memory_kb() - grown_from
    _require(grown <= MOST_GROWTH_KB, f"the process grew by {grown} KiB over {runs} inputs of seed {seed}")
    return tally


def _memory_kb() -> int:
    """The most that the process has taken so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
