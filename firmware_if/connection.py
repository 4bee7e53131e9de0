"""The bench's end of the reliable link, sans-IO: bytes and times go in, bytes, events and deadlines come out.

Who keeps what promise (SPEC.md has the bytes):

* The bench is the primary station. It never has more wire bytes under way than the payload's credit.
* A frame with a poll number is answered by a Status that repeats it. The line delivers in order, so whatever was
  sent before that poll and is not acknowledged by its answer was lost: it is sent again, and never before it is known
  to be lost (the checkpoint recovery of HDLC, ISO/IEC 13239).
* A gap is answered by a Reject at once, once; the rest of what arrives out of order is dropped (go-back-N).
* Silence while something is awaited is met with polls at growing intervals, and after `lost_s` with LinkLost.
* A Hello with another nonce means that the payload started anew: PayloadRestarted. Nothing is ever resent to it.

The caller loops: write `bytes_to_send(now)`, wait for bytes until `deadline()`, give them to `receive_data`, or call
`handle_deadline` when the time came, and take events off `next_event`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from firmware_if.errors import WireError
from firmware_if.events import BadPacket, Connected, Event, LinkLost, LinkStatistics, PacketReceived, PayloadRestarted
from firmware_if.framing import Console, Corrupt, Deframer, Frame, Header, enframe
from firmware_if.messages import FrameType, Hello, Message
from firmware_if.octets import Reader, Writer
from firmware_if.packets import (
    ACKNOWLEDGE_ALL,
    ACKNOWLEDGE_NONE,
    RequestId,
    pack_telecommand,
    unpack_telemetry,
)

_SEQUENCES = 0x10000
_ACK_EVERY = 4
"""Telemetry frames after which a Status acknowledges them, if no telecommand carried the acknowledgement."""

MOST_FRAMING_BYTES = 24
"""What a frame adds to its packet on the wire at the most, as the credit counts it."""

_MOST_CONTROL = 256
"""Frames that wait for a line that takes nothing; a whole window is sent again by fewer."""


class State(Enum):
    """Where a connection stands."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    OPEN = "open"


@dataclass(frozen=True)
class LinkTimes:
    """Deadlines of the link, in seconds."""

    hello_s: float = 0.2
    """Between two HelloRequests."""
    start_s: float = 1.0
    """Before the first HelloRequest to a payload that is just starting: its own first Hello comes sooner, and what is
    sent before it listens is lost or torn."""
    answer_s: float = 0.25
    """Silence after which an awaited answer is asked for; doubles up to `answer_max_s`."""
    answer_max_s: float = 2.0
    lost_s: float = 10.0
    """Silence after which the link counts as lost."""


@dataclass
class _Sent:
    sequence: int
    packet: bytes
    wire_bytes: int
    order: int = 0
    """When it was sent last, in the order of everything sent."""


class Connection:
    """One end of one link. `draw` returns random 32-bit numbers; `line_bytes_per_s` is the line's rate, if any."""

    def __init__(
        self, draw: Callable[[], int], *, times: LinkTimes | None = None, line_bytes_per_s: float | None = None
    ) -> None:
        self._draw = draw
        self._times = times or LinkTimes()
        self._line_bytes_per_s = line_bytes_per_s
        self._nonce = draw() or 1
        self._deframer = Deframer()
        self._events: deque[Event] = deque()
        self._counts: dict[str, int] = dict.fromkeys(LinkStatistics.__dataclass_fields__, 0)
        self._telecommands = 0
        self.state = State.CLOSED
        self.hello: Hello | None = None
        self._forget_session()

    def _forget_session(self) -> None:
        self._peer = 0
        self._resuming = False
        self._queue: deque[bytes] = deque()
        self._in_flight: deque[_Sent] = deque()
        self._in_flight_bytes = 0
        self._unpolled_bytes = 0
        self._next_sequence = 0
        self._expected = 0
        self._credit = 0
        self._control: deque[bytes] = deque()
        self._order = 0
        self._last_poll = 0
        self._polls: dict[int, int] = {}  # number of a poll that is not answered yet -> order
        self._resent_order = 0  # of the last frame that was sent again; Rejects of earlier ones are stale
        self._gap_reported = False
        self._unacknowledged = 0
        self._ack_due = False
        self._heard_at = 0.0
        self._awaiting_since: float | None = None
        self._silent_polls = 0
        self._poll_at: float | None = None
        self._expecting = False

    # ------------------------------------------------------------------------------------------------ caller's side
    @property
    def statistics(self) -> LinkStatistics:
        """Counts so far."""
        return replace(LinkStatistics(), **self._counts)

    @property
    def queued(self) -> int:
        """Packets that wait for credit."""
        return len(self._queue)

    @property
    def credit(self) -> int:
        """Wire bytes that the payload takes at once, as it said last."""
        return self._credit

    @property
    def settled(self) -> bool:
        """Everything sent has been acknowledged, and every poll answered."""
        return not self._queue and not self._in_flight and not self._polls

    def open(self, now: float, *, starting: bool = False) -> None:
        """Ask the payload who it is, again and again until it answers. A broken session is forgotten.

        `starting`: it has only just been started and will say Hello by itself.
        """
        self._forget_session()
        self._deframer = Deframer()
        self._nonce = self._draw() or 1
        self.state = State.CONNECTING
        if starting:
            self._poll_at = now + self._times.start_s
        else:
            self._ask_hello(now)

    def resume(self, now: float) -> None:
        """Go on after the line was cut: ask the payload whether it still knows this session.

        Until it answers nothing else is sent, and `lost_s` counts from now. What was written before and is not
        acknowledged is sent again. While the connection is being made, it is merely asked for again.
        """
        self._take_items(b"\0", now)  # what the cut has left of a frame or a text: it does not go on
        self._deframer = Deframer()
        self._control.clear()
        self._resuming = self.state is State.OPEN
        self._heard_at = self._awaiting_since = now
        self._silent_polls = 0
        self._ask_hello(now)

    def send(self, message: Message, *, acknowledge: bool = True) -> RequestId:
        """Queue a telecommand; `acknowledge` asks for acceptance and completion reports (ST[01])."""
        if self.state is not State.OPEN:
            raise WireError(f"{type(message).__name__} cannot be sent: the connection is {self.state.value}")
        flags = ACKNOWLEDGE_ALL if acknowledge else ACKNOWLEDGE_NONE
        packet, request = pack_telecommand(message, self._telecommands, acknowledgements=flags)
        self._telecommands += 1
        self._queue.append(packet)
        return request

    def send_ahead(self, messages: Sequence[Message], now: float, *, answers: int) -> list[bytes]:
        """The frames of telecommands that arrive together and are carried out one by one, with nothing more said.

        Each acknowledges the telemetry that those before it will have caused by then, `answers` packets each, and the
        last asks for an answer. The caller sends the first, and the others when the payload has begun to carry it out:
        it has taken it off the line then, so that they have the whole credit. Raises WireError where that does not
        cover them.
        """
        if self.state is not State.OPEN or not self.settled:
            raise WireError("telecommands can be sent ahead only on a link that is open and settled")
        out: list[bytes] = []
        expected = self._expected
        for number, message in enumerate(messages, start=1):
            packet, _ = pack_telecommand(message, self._telecommands, acknowledgements=ACKNOWLEDGE_NONE)
            self._telecommands += 1
            if not self._fits(packet, beside=sum(map(len, out[1:]))):
                raise WireError(f"a credit of {self._credit} bytes covers {number - 1} of {len(messages)} telecommands")
            sent = _Sent(self._next_sequence, packet, 0)
            self._expected = (expected + (number - 1) * answers) % _SEQUENCES
            frame = self._enframe_sent(sent, last=number == len(messages))
            sent.wire_bytes = len(frame)
            self._next_sequence = (sent.sequence + 1) % _SEQUENCES
            self._in_flight.append(sent)
            self._in_flight_bytes += len(frame)
            out.append(frame)
        self._expected = expected
        self._schedule(now)
        return out

    def expect(self, now: float, *, telemetry: bool) -> None:
        """Say whether telemetry is due. While it is, silence is met: what is missing may have been lost.

        Acknowledged telecommands do not tell: a payload whose window was full has answered their poll before the end of
        its telemetry, and waits for an acknowledgement that was lost, or sent what was lost.
        """
        self._expecting = telemetry
        if telemetry and self.state is State.OPEN and self._poll_at is None:
            self._schedule(now)

    def bytes_to_send(self, now: float) -> bytes:
        """What to write now: control frames, and as many queued packets as the credit allows."""
        out = bytearray()
        while self._control:
            out += self._control.popleft()
        while self.state is State.OPEN and not self._resuming and self._queue and self._fits(self._queue[0]):
            out += self._transmit_new(self._queue.popleft(), now)
        if self._ack_due and self._unacknowledged and self.state is State.OPEN:
            out += self._control_frame(FrameType.STATUS)
        self._ack_due = False
        if self.state is State.OPEN and self._queue and self._poll_at is None:
            self._schedule(now)  # the credit is closed, or too small for this packet: ask for more
        self._counts["bytes_sent"] += len(out)
        return bytes(out)

    def receive_data(self, data: bytes, now: float) -> None:
        """Take bytes off the line."""
        self._counts["bytes_received"] += len(data)
        self._take_items(data, now)

    def _take_items(self, data: bytes, now: float) -> None:
        for item in self._deframer.feed(data):
            if isinstance(item, Frame):
                self._counts["frames_received"] += 1
                self._take_frame(item, now)
            else:
                self._note_noise(item)

    def next_event(self) -> Event | None:
        """The oldest event not taken yet."""
        return self._events.popleft() if self._events else None

    def deadline(self) -> float | None:
        """When `handle_deadline` wants to be called, on the caller's clock; None = nothing is awaited."""
        return self._poll_at

    def handle_deadline(self, now: float) -> None:
        """Meet silence: ask again, or give the link up. Does nothing before the deadline."""
        if self._poll_at is None or now < self._poll_at:
            return
        if self.state is State.CONNECTING:
            self._ask_hello(now)
            return
        silent_s = now - max(self._heard_at, self._awaiting_since or 0.0)
        if self._credit > 0 and silent_s >= self._lost_s:
            self.state = State.CLOSED
            self._poll_at = None
            self._events.append(LinkLost(silent_s, self._awaited()))
            return
        self._silent_polls += 1
        if self._resuming:
            self._ask_hello(now)
            self._schedule(now)
            return
        self._counts["polls_on_silence"] += 1
        self._add_control(self._control_frame(FrameType.STATUS, poll=self._new_poll()))
        self._schedule(now)

    # ------------------------------------------------------------------------------------------------------ sending
    @property
    def _lost_s(self) -> float:
        """A slow line may be silent for as long as it takes to carry a whole window."""
        window_s = self._credit / self._line_bytes_per_s if self._line_bytes_per_s else 0.0
        return self._times.lost_s + 2 * window_s

    def _ask_hello(self, now: float) -> None:
        writer = Writer()
        writer.u32(self._nonce)
        writer.u32(self._draw())
        self._control.append(enframe(Header(FrameType.HELLO_REQUEST), writer.getvalue()))
        self._poll_at = now + self._times.hello_s

    def _header(self, frame_type: FrameType, *, poll: int = 0, sequence: int | None = None) -> Header:
        own = self._next_sequence if sequence is None else sequence
        self._unacknowledged = 0
        return Header(frame_type, poll, self._peer, own, self._expected, 0xFFFF)

    def _add_control(self, frame: bytes) -> None:
        """To be sent soon. On a line that takes nothing frames are lost here, as they would be there."""
        if len(self._control) < _MOST_CONTROL:
            self._control.append(frame)

    def _control_frame(self, frame_type: FrameType, *, poll: int = 0) -> bytes:
        return enframe(self._header(frame_type, poll=poll), b"")

    def _new_poll(self) -> int:
        """A new poll number; its answer tells what of everything sent so far has arrived."""
        self._last_poll = self._last_poll % 0xFF + 1
        self._order += 1
        self._polls.pop(self._last_poll, None)
        self._polls[self._last_poll] = self._order
        self._unpolled_bytes = 0
        return self._last_poll

    def _fits(self, packet: bytes, *, beside: int | None = None) -> bool:
        """Whether the credit lets `packet` go `beside` what is in flight; its COBS overhead is counted at its worst."""
        wire_bytes = len(packet) + MOST_FRAMING_BYTES
        return (self._in_flight_bytes if beside is None else beside) + wire_bytes <= self._credit

    def _transmit_new(self, packet: bytes, now: float) -> bytes:
        """The frame that carries a packet for the first time."""
        sent = _Sent(self._next_sequence, packet, 0)
        last = not self._queue or not self._fits(self._queue[0])
        frame = self._enframe_sent(sent, last=last)
        sent.wire_bytes = len(frame)
        self._next_sequence = (sent.sequence + 1) % _SEQUENCES
        self._in_flight.append(sent)
        self._in_flight_bytes += len(frame)
        self._counts["frames_sent"] += 1
        self._counts["first_transmission_bytes"] += len(frame)
        self._schedule(now)
        return frame

    def _enframe_sent(self, sent: _Sent, *, last: bool) -> bytes:
        """A Data frame as of now. It polls when it is the `last` for now, and after every quarter of the credit."""
        poll = self._new_poll() if last or self._unpolled_bytes >= self._credit // 4 else 0
        if not poll:
            self._order += 1
        sent.order = self._order
        frame = enframe(self._header(FrameType.DATA, poll=poll, sequence=sent.sequence), sent.packet)
        if not poll:
            self._unpolled_bytes += len(frame)
        return frame

    def _resend(self, now: float) -> None:
        """Send everything unacknowledged again; Rejects of the first copies are ignored until this is answered."""
        for sent in self._in_flight:
            self._counts["frames_resent"] += 1
            self._add_control(self._enframe_sent(sent, last=sent is self._in_flight[-1]))
            self._resent_order = self._order
        self._schedule(now)

    @property
    def _recovering(self) -> bool:
        """A poll that was sent with or after the newest resent frame is not answered yet."""
        return any(order >= self._resent_order for order in self._polls.values()) and self._resent_order > 0

    def _awaited(self) -> str:
        parts = ["the answer of a session that was cut"] if self._resuming else []
        if self._in_flight:
            parts.append(f"acknowledgement of {len(self._in_flight)} telecommands")
        if self._polls:
            parts.append("the answer to a poll")
        return " and ".join(parts) or "telemetry"

    def _schedule(self, now: float) -> None:
        """Set or clear the moment at which silence is met."""
        awaiting = bool(
            self._in_flight or self._polls or self._queue or self._gap_reported or self._resuming or self._expecting
        )
        if not awaiting:
            self._awaiting_since = None
            self._poll_at = None
            return
        if self._awaiting_since is None:
            self._awaiting_since = now
        patience = min(self._times.answer_s * 2**self._silent_polls, self._times.answer_max_s)
        self._poll_at = now + patience

    # ---------------------------------------------------------------------------------------------------- receiving
    def _note_noise(self, item: Console | Corrupt) -> None:
        if isinstance(item, Console):
            self._counts["console_bytes"] += len(item.text.encode())
        else:
            self._counts["frames_corrupt"] += 1
        self._events.append(item)

    def _take_frame(self, frame: Frame, now: float) -> None:
        if frame.header.type == FrameType.HELLO:
            self._take_hello(frame, now)
            return
        if frame.header.tag != self._nonce or self.state is not State.OPEN:
            self._counts["frames_stale"] += 1
            return
        self._heard_at = now
        self._silent_polls = 0
        self._credit = frame.header.credit
        self._take_ack(frame.header.ack)
        if frame.header.type == FrameType.DATA:
            self._take_data(frame)
        elif frame.header.type == FrameType.STATUS:
            self._take_status(frame.header, now)
        elif frame.header.type == FrameType.REJECT and not self._recovering:
            self._resend(now)
        else:
            self._counts["frames_stale"] += frame.header.type != FrameType.REJECT
        if self._unacknowledged >= _ACK_EVERY:
            self._ack_due = True
        self._schedule(now)

    def _take_hello(self, frame: Frame, now: float) -> None:
        try:
            hello = Hello.read(Reader(frame.body))
        except WireError as error:
            self._events.append(BadPacket(f"Hello: {error}"))
            return
        if self.state is State.CONNECTING:
            if frame.header.tag != self._nonce or hello.nonce == 0:
                self._ask_hello(now)  # it has just started, or answers somebody else: introduce ourselves
                return
            self._begin(frame, hello, now=now)
        elif self.state is State.OPEN:
            if hello.nonce != self._peer:
                self.state = State.CLOSED
                self._poll_at = None
                self._events.append(PayloadRestarted(hello))
            elif frame.header.tag == self._nonce and self._resuming:  # else: the answer to a repeated request
                self._resume(frame.header, hello, now=now)

    def _begin(self, frame: Frame, hello: Hello, *, now: float) -> None:
        self.state = State.OPEN
        self.hello = hello
        self._peer = hello.nonce
        self._credit = frame.header.credit
        self._heard_at = now
        self._events.append(Connected(hello, resumed=False))
        self._schedule(now)

    def _resume(self, header: Header, hello: Hello, *, now: float) -> None:
        self._resuming = False
        self._heard_at = now
        self._credit = header.credit
        self._take_ack(header.ack)
        self._events.append(Connected(hello, resumed=True))
        if header.sequence != self._expected:
            self._add_control(self._control_frame(FrameType.REJECT))
        self._resend(now)
        self._schedule(now)

    def _take_ack(self, ack: int) -> None:
        if self._in_flight and (ack - self._in_flight[0].sequence) % _SEQUENCES > len(self._in_flight):
            return  # older than what is under way, or nonsense
        while self._in_flight and self._in_flight[0].sequence != ack:
            self._in_flight_bytes -= self._in_flight.popleft().wire_bytes

    def _take_data(self, frame: Frame) -> None:
        ahead = (frame.header.sequence - self._expected) % _SEQUENCES
        if ahead:
            self._counts["frames_out_of_order"] += 1
            if ahead < _SEQUENCES // 2:
                self._report_gap()
            return
        self._expected = (self._expected + 1) % _SEQUENCES
        self._gap_reported = False
        self._unacknowledged += 1
        try:
            self._events.append(PacketReceived(unpack_telemetry(frame.body)))
        except WireError as error:
            self._events.append(BadPacket(str(error)))

    def _take_status(self, header: Header, now: float) -> None:
        order = self._polls.get(header.poll)
        if (header.sequence - self._expected) % _SEQUENCES:
            self._gap_reported = self._gap_reported and order is None  # an answer shows that the Reject was lost
            self._report_gap()
        if order is None:
            return
        self._polls = {number: later for number, later in self._polls.items() if later > order}
        if order >= self._resent_order:
            self._resent_order = 0
        if self._in_flight and self._in_flight[0].order <= order:
            self._resend(now)

    def _report_gap(self) -> None:
        if not self._gap_reported:
            self._gap_reported = True
            self._add_control(self._control_frame(FrameType.REJECT))
