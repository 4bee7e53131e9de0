"""The bench's end of the link against a payload played by the test, on a clock that the test moves."""

import itertools
from collections.abc import Callable

import pytest

from firmware_if.connection import Connection, LinkTimes, State
from firmware_if.errors import WireError
from firmware_if.events import BadPacket, Connected, Event, LinkLost, PacketReceived, PayloadRestarted
from firmware_if.framing import Console, Corrupt, Deframer, Frame, Header, enframe
from firmware_if.messages import FINGERPRINT, VERSION, AreYouAlive, FrameType, Hello, Samples
from firmware_if.octets import Reader, Writer
from firmware_if.packets import crc16

PAYLOAD_NONCE = 0xBEEF
TIMES = LinkTimes(hello_s=0.2, answer_s=0.25, answer_max_s=2.0, lost_s=10.0)
# A telemetry packet [17,2] of apid 0x2A5 at uptime 0 without its CRC, written out by hand.
ALIVE = bytes.fromhex("0aa5c00000 0f 20 11 02 0000 0001 2e 00000000 0000".replace(" ", ""))


class Payload:
    """Reads what the bench sends and writes what a payload would."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = 100.0
        self._deframer = Deframer()
        self.bench_nonce = 0
        self.credit = 2048

    def heard(self) -> list[Frame]:
        """The frames that the bench sends now."""
        frames = list(self._deframer.feed(self.connection.bytes_to_send(self.now)))
        assert all(isinstance(frame, Frame) for frame in frames)
        for frame in frames:
            if isinstance(frame, Frame) and frame.header.type == FrameType.HELLO_REQUEST:
                self.bench_nonce = Reader(frame.body).u32()
        return [frame for frame in frames if isinstance(frame, Frame)]

    def say(self, frame_type: int, body: bytes = b"", *, tag: int | None = None, **header: int) -> None:
        """Send one frame to the bench."""
        fields = {"credit": self.credit, "tag": self.bench_nonce if tag is None else tag} | header
        self.connection.receive_data(enframe(Header(frame_type, **fields), body), self.now)

    def hello(self, nonce: int = PAYLOAD_NONCE, **header: int) -> None:
        writer = Writer()
        Hello(0x48494C31, VERSION, FINGERPRINT, bytes(16), nonce, 1, 0, 4096, 8192, 1024, "test").write(writer)
        self.say(FrameType.HELLO, writer.getvalue(), **header)

    def alive(self, sequence: int, **header: int) -> None:
        packet = ALIVE
        self.say(FrameType.DATA, packet + crc16(packet).to_bytes(2, "big"), sequence=sequence, **header)

    def events(self) -> list[Event]:
        return list(iter(self.connection.next_event, None))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.connection.handle_deadline(self.now)


@pytest.fixture
def draw() -> Callable[[], int]:
    return itertools.count(1000).__next__


@pytest.fixture
def payload(draw: Callable[[], int]) -> Payload:
    """A payload that the bench has just connected to."""
    payload = Payload(Connection(draw, times=TIMES))
    payload.connection.open(payload.now)
    payload.heard()
    payload.hello()
    assert [type(event) for event in payload.events()] == [Connected]
    return payload


def send(payload: Payload, count: int, *, size: int = 100) -> list[Frame]:
    for _ in range(count):
        payload.connection.send(Samples(0, bytes(range(1, 101))[:size]), acknowledge=False)
    return payload.heard()


def test_hello_is_asked_for_again_until_it_comes(draw: Callable[[], int]) -> None:
    payload = Payload(Connection(draw, times=TIMES))
    payload.connection.open(payload.now)
    assert len(payload.heard()) == 1
    for _ in range(3):
        payload.wait(0.2)
        assert [frame.header.type for frame in payload.heard()] == [FrameType.HELLO_REQUEST]


def test_a_hello_of_a_payload_that_has_just_started_is_answered_at_once(draw: Callable[[], int]) -> None:
    payload = Payload(Connection(draw, times=TIMES))
    payload.connection.open(payload.now)
    payload.heard()
    payload.hello(nonce=0, tag=0)
    assert payload.events() == []
    assert [frame.header.type for frame in payload.heard()] == [FrameType.HELLO_REQUEST]


def test_a_payload_that_is_just_starting_is_not_disturbed(draw: Callable[[], int]) -> None:
    payload = Payload(Connection(draw, times=TIMES))
    payload.connection.open(payload.now, starting=True)
    payload.wait(0.9)
    assert payload.heard() == []
    payload.hello(nonce=0, tag=0)
    assert [frame.header.type for frame in payload.heard()] == [FrameType.HELLO_REQUEST]


def test_a_repeated_hello_neither_resumes_nor_resends(payload: Payload) -> None:
    send(payload, 1)
    payload.hello()
    assert payload.events() == []
    assert payload.heard() == []


def test_nothing_is_sent_before_the_payload_has_answered(draw: Callable[[], int]) -> None:
    with pytest.raises(WireError, match="AreYouAlive cannot be sent: the connection is closed"):
        Connection(draw).send(AreYouAlive())


def test_credit_bounds_what_is_under_way(payload: Payload) -> None:
    payload.credit = 500
    payload.say(FrameType.STATUS)
    sent = send(payload, 10)
    assert 0 < sum(frame.wire_bytes for frame in sent) <= 500
    assert payload.connection.queued == 10 - len(sent)
    payload.say(FrameType.STATUS, ack=len(sent))
    assert len(payload.heard()) == len(sent)


def test_closed_credit_is_probed_and_never_gives_the_link_up(payload: Payload) -> None:
    payload.credit = 0
    payload.say(FrameType.STATUS)
    assert send(payload, 2) == []
    polls = 0
    for _ in range(60):
        payload.wait(1.0)
        polls += len(payload.heard())
    assert 20 <= polls <= 35, "a closed credit is asked after every answer_max_s, not more often"
    assert payload.events() == []
    payload.credit = 2048
    payload.say(FrameType.STATUS)
    assert len(payload.heard()) == 2


def test_the_last_frame_of_a_burst_asks_for_an_answer(payload: Payload) -> None:
    assert [frame.header.poll != 0 for frame in send(payload, 3)] == [False, False, True]


def test_an_answered_poll_shows_what_was_lost_and_only_that_is_sent_again(payload: Payload) -> None:
    sent = send(payload, 3)
    payload.say(FrameType.STATUS, ack=1, poll=sent[-1].header.poll)
    again = payload.heard()
    assert [frame.header.sequence for frame in again] == [1, 2]
    assert [frame.body for frame in again] == [frame.body for frame in sent[1:]]
    assert payload.connection.statistics.frames_resent == 2


def test_frames_sent_after_a_poll_are_not_taken_for_lost_by_its_answer(payload: Payload) -> None:
    payload.credit = 8000
    payload.say(FrameType.STATUS)
    first = send(payload, 1)
    payload.credit = 300  # the second burst leaves without a poll of its own being answered
    send(payload, 1)
    payload.say(FrameType.STATUS, ack=1, poll=first[0].header.poll)
    assert payload.heard() == []


def test_answers_that_come_later_than_the_next_poll_still_tell_what_was_lost(payload: Payload) -> None:
    """A line slower than the bench's patience: without this, a loss would be polled for, and never be mended."""
    (first,) = send(payload, 1)
    later = []
    for _ in range(3):
        payload.wait(2.0)
        later += payload.heard()
    assert len(later) == 3
    payload.say(FrameType.STATUS, ack=0, poll=first.header.poll)
    (again,) = payload.heard()
    assert again.header.sequence == 0
    for poll in later:  # asked before the frame was sent again: they say nothing about it
        payload.say(FrameType.STATUS, ack=0, poll=poll.header.poll)
    assert payload.heard() == []
    payload.say(FrameType.STATUS, ack=0, poll=again.header.poll)
    assert [frame.header.sequence for frame in payload.heard()] == [0]


def test_a_reject_sends_again_at_once_and_once(payload: Payload) -> None:
    send(payload, 4)
    payload.say(FrameType.REJECT, ack=2)
    assert [frame.header.sequence for frame in payload.heard()] == [2, 3]
    payload.say(FrameType.REJECT, ack=2)
    assert payload.heard() == []


def test_silence_is_met_with_polls_and_then_the_link_is_lost(payload: Payload) -> None:
    send(payload, 1)
    polls, waited = 0, 0.0
    while not (events := payload.events()):
        payload.wait(0.05)
        waited += 0.05
        polls += len(payload.heard())
        assert waited < 20
    assert isinstance(events[0], LinkLost)
    assert "acknowledgement of 1 telecommands" in events[0].awaited
    assert 10.0 <= waited <= 12.1
    assert 5 <= polls <= 10
    assert payload.connection.state is State.CLOSED


def test_an_idle_link_has_no_deadline(payload: Payload) -> None:
    sent = send(payload, 1)
    payload.say(FrameType.STATUS, ack=1, poll=sent[0].header.poll)
    assert payload.connection.settled
    assert payload.connection.deadline() is None


def test_a_gap_in_telemetry_is_rejected_once_and_duplicates_are_dropped(payload: Payload) -> None:
    payload.alive(0)
    payload.alive(2)
    payload.alive(3)
    assert [(f.header.type, f.header.ack) for f in payload.heard()] == [(FrameType.REJECT, 1)]
    for sequence in (1, 2, 2, 3):
        payload.alive(sequence)
    assert [type(event) for event in payload.events()] == [PacketReceived] * 4


def test_the_lost_end_of_an_answer_is_noticed_by_the_status_behind_it(payload: Payload) -> None:
    sent = send(payload, 1)
    payload.say(FrameType.STATUS, ack=1, sequence=2, poll=sent[0].header.poll)
    assert [(f.header.type, f.header.ack) for f in payload.heard()] == [(FrameType.REJECT, 0)]


def test_a_lost_reject_is_noticed_and_sent_again(payload: Payload) -> None:
    payload.alive(1)
    assert [f.header.type for f in payload.heard()] == [FrameType.REJECT]
    payload.wait(0.25)
    (poll,) = payload.heard()
    assert poll.header.poll != 0
    payload.say(FrameType.STATUS, sequence=2, poll=poll.header.poll)
    assert [f.header.type for f in payload.heard()] == [FrameType.REJECT]


def test_telemetry_is_acknowledged_every_four_frames(payload: Payload) -> None:
    for sequence in range(4):
        assert payload.heard() == []
        payload.alive(sequence)
    assert [(f.header.type, f.header.ack) for f in payload.heard()] == [(FrameType.STATUS, 4)]
    for sequence in range(4, 30):
        payload.alive(sequence)
    assert [(f.header.type, f.header.ack) for f in payload.heard()] == [(FrameType.STATUS, 30)], (
        "once for all that came"
    )


def test_another_nonce_means_a_restart_and_nothing_is_sent_again(payload: Payload) -> None:
    send(payload, 3)
    payload.hello(nonce=0, tag=0)
    assert [type(event) for event in payload.events()] == [PayloadRestarted]
    payload.wait(60)
    assert payload.heard() == []


def test_a_resumed_session_sends_what_was_not_acknowledged(payload: Payload) -> None:
    send(payload, 3)
    payload.connection.resume(payload.now)
    payload.heard()
    payload.hello(ack=1)
    assert payload.events() == [Connected(payload.connection.hello, resumed=True)]  # type: ignore[arg-type]
    assert [frame.header.sequence for frame in payload.heard()] == [1, 2]


def test_after_a_cut_only_the_session_is_asked_for_until_the_payload_answers(payload: Payload) -> None:
    send(payload, 1)
    payload.connection.send(Samples(1, b"more"), acknowledge=False)
    payload.connection.resume(payload.now)
    assert [frame.header.type for frame in payload.heard()] == [FrameType.HELLO_REQUEST]
    nonce = payload.bench_nonce
    payload.say(FrameType.STATUS, ack=1)  # was still under way, or was said to the question before it was lost
    for patience in (0.25, 0.5, 1.0, 2.0, 2.0):
        payload.wait(patience)
        assert [frame.header.type for frame in payload.heard()] == [FrameType.HELLO_REQUEST]
    assert payload.bench_nonce == nonce
    payload.hello(ack=1)
    assert [type(event) for event in payload.events()] == [Connected]
    assert [frame.header.sequence for frame in payload.heard()] == [1]


def test_a_line_that_came_back_without_a_payload_is_given_up(payload: Payload) -> None:
    payload.wait(100.0)  # a long absence: silence is counted from the line's return
    payload.connection.resume(payload.now)
    payload.wait(9.9)
    assert payload.events() == []
    payload.wait(2.0)
    (lost,) = payload.events()
    assert isinstance(lost, LinkLost)
    assert lost.awaited == "the answer of a session that was cut"
    assert payload.connection.deadline() is None


def test_a_payload_that_had_closed_its_credit_before_a_cut_may_take_its_time(payload: Payload) -> None:
    payload.credit = 0
    payload.say(FrameType.STATUS)
    payload.connection.resume(payload.now)
    asked = 0
    for _ in range(60):
        payload.wait(1.0)
        asked += len(payload.heard())
    assert 25 <= asked <= 35, "as seldom as a closed credit is probed"
    assert payload.events() == []
    payload.hello()
    assert [type(event) for event in payload.events()] == [Connected]


def test_another_nonce_after_a_cut_means_a_restart_and_nothing_is_sent_again(payload: Payload) -> None:
    send(payload, 3)
    payload.connection.resume(payload.now)
    payload.heard()
    payload.hello(nonce=PAYLOAD_NONCE + 1)
    assert [type(event) for event in payload.events()] == [PayloadRestarted]
    payload.wait(60)
    assert payload.heard() == []


def test_telemetry_lost_in_a_cut_is_asked_for(payload: Payload) -> None:
    payload.connection.resume(payload.now)
    payload.heard()
    payload.hello(sequence=2)
    assert [frame.header.type for frame in payload.heard()] == [FrameType.REJECT]
    payload.alive(0)
    payload.alive(1)
    assert [type(event) for event in payload.events()] == [Connected, PacketReceived, PacketReceived]


def test_the_torn_half_of_a_frame_does_not_spoil_the_first_one_after_a_cut(payload: Payload) -> None:
    whole = enframe(Header(FrameType.STATUS, 0, payload.bench_nonce), b"")
    payload.connection.receive_data(whole[:-3], payload.now)
    payload.connection.resume(payload.now)
    assert [type(event) for event in payload.events()] == [Corrupt], "nothing goes unrecorded"
    payload.heard()
    payload.connection.receive_data(whole[-3:], payload.now)
    payload.hello()
    assert [type(event) for event in payload.events()] == [Corrupt, Connected]


def test_a_line_of_text_that_a_cut_ends_is_kept(payload: Payload) -> None:
    payload.connection.receive_data(b"out of me", payload.now)
    payload.connection.resume(payload.now)
    assert payload.events() == [Console("out of me")]


def test_a_cut_while_connecting_asks_again_and_is_no_resumption(draw: Callable[[], int]) -> None:
    payload = Payload(Connection(draw, times=TIMES))
    payload.connection.open(payload.now)
    payload.heard()
    payload.connection.resume(payload.now)
    assert [frame.header.type for frame in payload.heard()] == [FrameType.HELLO_REQUEST]
    payload.hello()
    assert payload.events() == [Connected(payload.connection.hello, resumed=False)]  # type: ignore[arg-type]
    assert payload.connection.deadline() is None, "it is not asked for any more"


def test_a_credit_too_small_for_a_packet_is_probed(payload: Payload) -> None:
    payload.credit = 60
    (first,) = send(payload, 1, size=4)
    payload.say(FrameType.STATUS, ack=1, poll=first.header.poll)
    assert send(payload, 1) == []
    assert payload.connection.deadline() is not None, "nothing is under way, but a packet waits"
    payload.wait(0.25)
    (probe,) = payload.heard()
    payload.credit = 2048
    payload.say(FrameType.STATUS, ack=1, poll=probe.header.poll)
    assert [frame.header.type for frame in payload.heard()] == [FrameType.DATA]


def test_frames_for_another_session_are_ignored(payload: Payload) -> None:
    send(payload, 1)
    payload.say(FrameType.STATUS, tag=1, ack=1)
    assert not payload.connection.settled
    assert payload.connection.statistics.frames_stale == 1


def test_nonsense_acknowledgements_are_ignored(payload: Payload) -> None:
    send(payload, 2)
    payload.say(FrameType.STATUS, ack=40000)
    assert not payload.connection.settled


def test_a_broken_packet_in_an_intact_frame_is_the_payloads_defect(payload: Payload) -> None:
    payload.say(FrameType.DATA, b"no packet", sequence=0)
    (event,) = payload.events()
    assert isinstance(event, BadPacket)
    assert "9" in event.reason


def test_sequence_numbers_wrap(payload: Payload) -> None:
    for number in range(0x10000 + 10):
        (frame,) = send(payload, 1, size=4)
        assert frame.header.sequence == number % 0x10000
        payload.say(FrameType.STATUS, ack=(number + 1) % 0x10000, poll=frame.header.poll)
    assert payload.connection.settled
    assert payload.connection.statistics.frames_resent == 0


def test_telemetry_that_is_due_is_asked_for_though_every_telecommand_was_acknowledged(payload: Payload) -> None:
    """With a full window a payload answers polls before the end of its telemetry, and acknowledgements can be lost."""
    [frame] = send(payload, 1)
    payload.connection.expect(payload.now, telemetry=True)
    payload.say(FrameType.STATUS, poll=frame.header.poll, ack=1)
    payload.alive(0, ack=1)
    payload.heard()
    payload.wait(0.25)
    [poll] = payload.heard()
    assert (poll.header.type, poll.header.ack) == (FrameType.STATUS, 1)
    assert poll.header.poll
    payload.say(FrameType.STATUS, poll=poll.header.poll, sequence=2, ack=1)
    assert [frame.header.type for frame in payload.heard()] == [FrameType.REJECT]
    payload.alive(1, ack=1)
    payload.connection.expect(payload.now, telemetry=False)
    payload.say(FrameType.STATUS, sequence=2, ack=1)
    assert payload.connection.deadline() is None


def test_telecommands_sent_ahead_acknowledge_the_answers_that_will_have_come(payload: Payload) -> None:
    frames = list(Deframer().feed(b"".join(payload.connection.send_ahead([AreYouAlive()] * 3, payload.now, answers=1))))
    headers = [frame.header for frame in frames if isinstance(frame, Frame)]
    assert [(header.sequence, header.ack) for header in headers] == [(0, 0), (1, 1), (2, 2)]
    assert [bool(header.poll) for header in headers] == [False, False, True]
    for sequence in range(3):
        payload.alive(sequence, ack=sequence + 1)
    assert [type(event) for event in payload.events()] == [PacketReceived] * 3
    assert not payload.connection.settled
    payload.say(FrameType.STATUS, poll=headers[-1].poll, sequence=3, ack=3)
    assert payload.connection.settled


def test_what_cannot_be_sent_ahead_is_refused(payload: Payload) -> None:
    with pytest.raises(WireError, match=r"a credit of 2048 bytes covers 64 of 90 telecommands"):
        payload.connection.send_ahead([AreYouAlive()] * 90, payload.now, answers=1)
    with pytest.raises(WireError, match="only on a link that is open and settled"):
        payload.connection.send_ahead([AreYouAlive()], payload.now, answers=1)
