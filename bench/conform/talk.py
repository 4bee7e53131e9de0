"""A bench end that says what it is told to say: one session on a payload, driven frame by frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sized

from bench.conform.check import Violation
from bench.conform.heard import LAST, NONCE, Answer, Final, Heard, describe_packets
from bench.conform.packets import Packet, read_packet
from bench.conform.wire import Wire
from firmware_if.framing import Frame, Header, enframe
from firmware_if.messages import FrameType, Message
from firmware_if.packets import ACKNOWLEDGE_ALL, ACKNOWLEDGE_NONE, RequestId, pack_telecommand

SEQUENCES = 0x10000
ANSWER_S = 5.0
"""An answer comes within this time on a quick line, or not at all."""
SILENCE_S = 0.5
"""Silence after which something counts as lost, and is asked for again."""
HELLO_S = 0.2
_ACK_EVERY = 4
_MOST_FRAMES = 20_000
"""In an answer; the largest state has a few hundred."""
_ALONE = 2
_MOST_ROUNDS = 100
"""Polls in which a payload may have something new to say, one window after the other."""


class Talk:
    """One session after the other. What `send` sends is sent again when it was lost; what a check writes is not."""

    def __init__(self, wire: Wire, *, draw: Callable[[], int], patience: float) -> None:
        """`draw` gives random 32-bit numbers; `patience` is how many times slower than a quick line this one is."""
        self.wire = wire
        self.patience = patience
        self._draw = draw
        self.nonce = 0
        self.peer = 0
        self.restarting = False
        """A Hello with another nonce is expected."""
        self.held: int | None = None
        """What every frame acknowledges while nothing more is to be acknowledged; None = all that was heard."""
        self.tail: deque[str] = deque(maxlen=LAST)
        self.commands = 0
        """Packets made so far; the next one's sequence count."""
        self._last_poll = 0
        self._begin()

    def _begin(self) -> None:
        self.sequence = 0
        self.expected = 0
        self.credit = 0
        self.last: Header | None = None
        self.unacknowledged = 0
        self._under_way: deque[tuple[int, bytes]] = deque()

    # ------------------------------------------------------------------------------------------------------- frames
    def header(self, frame_type: FrameType, **fields: int) -> Header:
        """As the session stands, but for `fields`."""
        usual = {
            "tag": self.peer,
            "sequence": self.sequence,
            "ack": self.expected if self.held is None else self.held,
            "credit": 0xFFFF,
        }
        return Header(frame_type, **(usual | fields))

    def frame(self, frame_type: FrameType, body: bytes = b"", **fields: int) -> bytes:
        """A frame, on the wire's bytes."""
        return enframe(self.header(frame_type, **fields), body)

    def hello_request(self, nonce: int) -> bytes:
        """A HelloRequest with fresh entropy."""
        body = nonce.to_bytes(4, "big") + self._draw().to_bytes(4, "big")
        return enframe(Header(FrameType.HELLO_REQUEST), body)

    def pack(self, message: Message, flags: int = ACKNOWLEDGE_ALL) -> tuple[bytes, RequestId]:
        """The packet of a telecommand, with the next sequence count."""
        self.commands += 1
        return pack_telecommand(message, self.commands - 1, acknowledgements=flags)

    # ------------------------------------------------------------------------------------------------------ session
    def greet(self, *, nonce: int | None = None, timeout_s: float = 3.0) -> Frame:
        """Ask who is there until it is answered; a new session unless `nonce` is that of the running one."""
        resumed = nonce is not None and nonce == self.nonce
        self.nonce = nonce or self._draw() or 1
        until = self.wire.clock.now() + timeout_s * self.patience
        seen: list[str] = []
        while self.wire.clock.now() < min(until, self.wire.deadline):
            self.wire.write(self.hello_request(self.nonce))
            again = self.wire.clock.now() + HELLO_S * self.patience
            while (frame := self.wire.read(again - self.wire.clock.now())) is not None:
                if frame.header.type == FrameType.HELLO and frame.header.tag == self.nonce:
                    self._take_hello(frame, resumed=resumed)
                    return frame
                seen.append(Heard(frame).describe())
        raise Violation("a Hello with the bench's nonce as its tag", ", ".join(seen[-LAST:]) or "nothing")

    def _take_hello(self, frame: Frame, *, resumed: bool) -> None:
        nonce = int.from_bytes(frame.body[NONCE], "big")
        if len(frame.body) < NONCE.stop or nonce == 0:
            raise Violation(
                "a Hello of 64 bytes with a nonce that is not 0", f"{len(frame.body)} bytes: {frame.body.hex()}"
            )
        self.peer = nonce
        if not resumed:
            self._begin()
            self.held = None
        self.credit = frame.header.credit

    # ------------------------------------------------------------------------------------------------------ hearing
    def hear(self, timeout_s: float) -> Heard | None:
        """The next frame that came, taken as a bench takes it; None after the time."""
        frame = self.wire.read(timeout_s)
        if frame is None:
            return None
        heard = self._take(frame)
        self.tail.append(heard.describe())
        if self.held is None and self.unacknowledged >= _ACK_EVERY:
            self.acknowledge()
        return heard

    def _take(self, frame: Frame) -> Heard:
        header = frame.header
        if header.type == FrameType.HELLO:
            nonce = int.from_bytes(frame.body[NONCE], "big")
            if nonce != self.peer and not self.restarting:
                raise Violation("that the payload goes on", "a Hello with another nonce: it has started anew by itself")
            return Heard(frame)
        if header.tag != self.nonce:
            return Heard(frame, read_packet(frame.body) if header.type == FrameType.DATA else None)
        self.last = header
        self.credit = header.credit
        self._forget_acknowledged(header.ack)
        if header.type != FrameType.DATA:
            return Heard(frame)
        new = header.sequence == self.expected
        if new:
            self.expected = (self.expected + 1) % SEQUENCES
            self.unacknowledged += 1
        return Heard(frame, read_packet(frame.body), new)

    def _forget_acknowledged(self, ack: int) -> None:
        if self._under_way and (ack - self._under_way[0][0]) % SEQUENCES <= len(self._under_way):
            while self._under_way and self._under_way[0][0] != ack:
                self._under_way.popleft()

    def hold(self) -> None:
        """Acknowledge nothing that comes from here on, until `acknowledge`."""
        self.held = self.expected

    def acknowledge(self) -> None:
        """Say that everything heard so far has arrived."""
        self.held = None
        self.unacknowledged = 0
        self.wire.write(self.frame(FrameType.STATUS))

    # ------------------------------------------------------------------------------------------------------ sending
    def new_poll(self) -> int:
        self._last_poll = self._last_poll % 0xFF + 1
        return self._last_poll

    def send(self, packet: bytes, *, poll: int = 0) -> None:
        """One Data frame, in order; sent again when an answer to a poll shows that it was lost."""
        frame = self.frame(FrameType.DATA, packet, poll=poll)
        self._under_way.append((self.sequence, packet))
        self.sequence = (self.sequence + 1) % SEQUENCES
        self.unacknowledged = 0
        self.wire.write(frame)

    def send_again(self) -> None:
        """Everything that is not acknowledged."""
        for sequence, packet in self._under_way:
            self.wire.write(self.frame(FrameType.DATA, packet, sequence=sequence))

    def poll(
        self, *, what: str = "a Status that repeats the poll's number", timeout_s: float = ANSWER_S
    ) -> list[Heard]:
        """Ask where the payload stands; everything heard, the answering Status last."""
        number = self.new_poll()
        self.wire.write(self.frame(FrameType.STATUS, poll=number))
        return self.listen(lambda heard: _answers(heard, number), what=what, timeout_s=timeout_s)

    def listen(self, until: Callable[[Heard], bool], *, what: str, timeout_s: float = ANSWER_S) -> list[Heard]:
        """Everything heard up to the first frame that `until` is true of; raises Violation when it does not come."""
        end = self.wire.clock.now() + timeout_s * self.patience
        seen: list[Heard] = []
        while (left_s := min(end, self.wire.deadline) - self.wire.clock.now()) > 0:
            heard = self.hear(left_s)
            if heard is None:
                break
            seen.append(heard)
            _check_end(seen, what)
            if until(heard):
                return seen
        last = ", ".join(heard.describe() for heard in seen[-LAST:])
        raise Violation(what, f"{last or 'nothing'} within {timeout_s * self.patience:g} s")

    # ----------------------------------------------------------------------------------------------------- requests
    def ask(self, message: Message, *, flags: int = ACKNOWLEDGE_ALL, timeout_s: float = ANSWER_S) -> Answer:
        """Send a telecommand and wait for its report of completion or, if none is wanted, for its poll's answer."""
        packet, request = self.pack(message, flags)
        what = f"the end of {type(message).__name__}"
        return self.ask_packet(packet, request, reported=bool(flags & 1), what=what, timeout_s=timeout_s)

    def ask_packet(
        self, packet: bytes, request: RequestId, *, reported: bool, what: str, timeout_s: float = ANSWER_S
    ) -> Answer:
        """Send any packet. `reported`: its end is reported, by Completed or a refusal."""
        number = self.new_poll()
        self.send(packet, poll=number)
        packets: list[Packet] = []
        over = answered = False
        end = self.wire.clock.now() + timeout_s * self.patience
        while self.wire.clock.now() < min(end, self.wire.deadline):
            heard = self.hear(min(SILENCE_S * self.patience, end - self.wire.clock.now()))
            if heard is None:
                if over:
                    break  # it reports, but does not answer polls: that is another check's business
                number = self._recover()
                continue
            if heard.packet is not None and heard.new:
                packets.append(heard.packet)
                _check_end(packets, what)
                over = over or _ends(heard.packet.message, request)
            elif _answers(heard, number):
                answered = True
                self._repair(heard.frame.header)
            if answered and (over or not reported) and not self._under_way:
                break
        if not over and (reported or not answered):
            raise Violation(what, f"{describe_packets(packets)} within {timeout_s * self.patience:g} s")
        if not reported:
            packets += self.settle()
        return Answer(request, tuple(packets))

    def _recover(self) -> int:
        number = self.new_poll()
        self.wire.write(self.frame(FrameType.STATUS, poll=number))
        return number

    def _repair(self, status: Header) -> None:
        """A poll's answer shows what was lost."""
        if self._under_way:
            self.send_again()
        if status.sequence != self.expected:
            self.wire.write(self.frame(FrameType.REJECT))

    def demand(self, message: Message, *, timeout_s: float = ANSWER_S) -> list[Message]:
        """Like `ask`, for what a sound payload cannot refuse; its answers."""
        answer = self.ask(message, timeout_s=timeout_s)
        if answer.failure is not None:
            raise Violation(f"that {type(message).__name__} is carried out", answer.describe())
        return answer.messages

    def tell(self, messages: Iterable[Message]) -> list[Packet]:
        """Send telecommands that ask for no reports, as many at a time as the credit lets; what they caused."""
        packets: list[Packet] = []
        for message in messages:
            packet, _ = self.pack(message, ACKNOWLEDGE_NONE)
            if self.bytes_under_way + len(packet) + 24 > self.credit:
                packets += self.settle()
            self.send(packet)
        return packets + self.settle()

    @property
    def bytes_under_way(self) -> int:
        """Of Data frames, their COBS overhead at its worst."""
        return sum(len(packet) + 24 for _, packet in self._under_way)

    def settle(self) -> list[Packet]:
        """Poll until everything sent has been taken and nothing more is said; the new packets.

        A payload that waits for room in its window answers polls early, and the one whose acknowledgement makes the
        room before it goes on: so the last two answers must come alone.
        """
        packets: list[Packet] = []
        alone = 0
        for _ in range(_MOST_ROUNDS):
            heard = self.poll()
            new = [item.packet for item in heard if item.new and item.packet is not None]
            packets += new
            status = heard[-1].frame.header
            if self._under_way or status.sequence != self.expected:
                self._repair(status)
            alone = 0 if new or self._under_way or status.sequence != self.expected else alone + 1
            if alone == _ALONE:
                return packets
        raise Violation("that what was lost arrives when it is sent again", ", ".join(self.tail))


def _answers(heard: Heard, number: int) -> bool:
    return heard.type == FrameType.STATUS and heard.frame.header.poll == number


def _ends(message: Message | None, request: RequestId) -> bool:
    return isinstance(message, Final) and (message.packet_id, message.sequence) == (request.packet_id, request.sequence)


def _check_end(seen: Sized, what: str) -> None:
    """Raise Violation for more than any answer has."""
    if len(seen) > _MOST_FRAMES:
        raise Violation(what, f"{len(seen)} frames and no end")
