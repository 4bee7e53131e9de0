"""Reliable delivery: everything once and in order, on a line that loses frames."""

from bench.conform.check import check, require
from bench.conform.heard import Heard, describe_tail
from bench.conform.subject import Subject
from bench.conform.talk import SEQUENCES, Talk
from firmware_if.messages import Alive, AreYouAlive, FrameType, List
from firmware_if.packets import ACKNOWLEDGE_NONE

_MANY = 40
"""More telemetry than any payload's window keeps."""


def _ask_alive(talk: Talk, sequence: int) -> bytes:
    return talk.frame(FrameType.DATA, talk.pack(AreYouAlive(), ACKNOWLEDGE_NONE)[0], sequence=sequence)


def _count(heard: list[Heard], frame_type: FrameType, *, new: bool = False) -> int:
    return sum(item.type == frame_type and (item.new or not new) for item in heard)


def _alive(heard: list[Heard]) -> int:
    return sum(item.new and item.packet is not None and item.packet.message == Alive() for item in heard)


@check(
    "reliability.answers_polls",
    clause="Reliable delivery: Poll",
    hint="a frame of any type with a poll number is answered by Status with that number, once what it caused was sent",
)
def answers_polls(subject: Subject) -> None:
    """A poll is answered by Status with its number, after what came before it has been carried out."""
    talk = subject.talk
    for number in (1, 255, 7, 7):
        frame = talk.frame(FrameType.DATA, talk.pack(AreYouAlive(), ACKNOWLEDGE_NONE)[0], poll=number)
        talk.wire.write(frame)
        talk.sequence += 1
        heard = talk.listen(lambda item: item.type == FrameType.STATUS, what=f"a Status with poll {number}")
        status = heard[-1].frame.header
        require(status.poll == number, f"poll {number} repeated", status.poll)
        require(_alive(heard) == 1, "Alive before the Status", describe_tail(heard))
        require(status.ack == talk.sequence, f"ack {talk.sequence}", status.ack)
        require(status.sequence == talk.expected, f"the next telemetry's sequence {talk.expected}", status.sequence)


@check(
    "reliability.drops_duplicates",
    clause="Reliable delivery: Reject",
    hint="a frame behind the expected sequence is dropped, unanswered",
)
def drops_duplicates(subject: Subject) -> None:
    """A Data frame that comes again is not carried out again, and not answered."""
    talk = subject.talk
    first = talk.sequence
    frames = [_ask_alive(talk, first + n) for n in range(3)]
    for frame in frames:
        talk.wire.write(frame * 2)
    talk.wire.write(b"".join(frames))
    talk.sequence += 3
    heard = talk.poll()
    require(_alive(heard) == 3, "3 x Alive for 3 frames, each sent three times", describe_tail(heard))
    require(_count(heard, FrameType.REJECT) == 0, "no Reject of what comes again", describe_tail(heard))
    ack = heard[-1].frame.header.ack
    require(ack == talk.sequence, f"ack {talk.sequence}", ack)


@check(
    "reliability.rejects_a_gap_once",
    clause="Reliable delivery: Reject",
    hint="send Reject for the first frame ahead of the expected one, then drop silently until the missing one has come",
)
def rejects_a_gap_once(subject: Subject) -> None:
    """A gap is answered by one Reject; what is out of order is dropped, and arrives when it is sent again."""
    talk = subject.talk
    first = talk.sequence
    frames = [_ask_alive(talk, first + n) for n in range(4)]
    talk.wire.write(b"".join(frames[1:]))
    heard = talk.poll()
    rejects = [item for item in heard if item.type == FrameType.REJECT]
    require(len(rejects) == 1, "one Reject for three frames after a gap", describe_tail(heard))
    require(rejects[0].frame.header.ack == first, f"its ack {first}", rejects[0].frame.header.ack)
    require(_alive(heard) == 0, "that nothing after the gap is carried out", describe_tail(heard))
    talk.wire.write(b"".join(frames))
    talk.sequence += 4
    heard = talk.poll()
    require(_alive(heard) == 4, "4 x Alive once the gap was filled", describe_tail(heard))
    talk.wire.write(_ask_alive(talk, talk.sequence + 1))
    heard = talk.poll()
    require(_count(heard, FrameType.REJECT) == 1, "a Reject for a second gap", describe_tail(heard))


@check(
    "reliability.polls_mend_a_lost_reject",
    clause="Reliable delivery: Poll",
    hint="the ack in a poll's answer is the sequence expected next, also while a gap is open",
)
def polls_mend_a_lost_reject(subject: Subject) -> None:
    """While a gap is open polls are answered, and their ack says what is missing, so a lost Reject does no harm."""
    talk = subject.talk
    first = talk.sequence
    frames = [_ask_alive(talk, first + n) for n in range(3)]
    talk.wire.write(b"".join(frames[1:]))
    talk.poll()
    for _ in range(3):
        heard = talk.poll()
        require(len(heard) == 1, "a Status alone", describe_tail(heard))
        require(heard[0].frame.header.ack == first, f"ack {first}", heard[0].frame.header.ack)
    talk.wire.write(b"".join(frames))
    talk.sequence += 3
    require(_alive(heard := talk.poll()) == 3, "3 x Alive once all was sent again", describe_tail(heard))


@check(
    "reliability.sends_again",
    clause="Reliable delivery: Sent again",
    hint="keep every telemetry frame until it is acknowledged; Reject brings all from its ack on, the same packets",
)
def sends_again(subject: Subject) -> None:
    """On Reject, the telemetry from its ack on comes again: the same packets under the same sequence numbers."""
    talk = subject.talk
    talk.settle()
    talk.hold()
    for n in range(3):
        talk.wire.write(_ask_alive(talk, talk.sequence + n))
    talk.sequence += 3
    sent = [i for i in talk.poll() if i.packet is not None]
    require(len(sent) == 3, "3 telemetry frames", describe_tail(sent))
    for start in (0, 0, 1, 2):
        talk.wire.write(talk.frame(FrameType.REJECT, ack=sent[start].frame.header.sequence))
        heard = talk.poll()
        again = [(i.frame.header.sequence, i.frame.body) for i in heard if i.packet is not None]
        wanted = [(i.frame.header.sequence, i.frame.body) for i in sent[start:]]
        require(again == wanted, f"the last {len(wanted)} frames as they were", describe_tail(heard))


@check(
    "reliability.forgets_what_arrived",
    clause="Reliable delivery: Ack",
    hint="an ack covers all that came before; only the rest is sent again",
)
def forgets_what_arrived(subject: Subject) -> None:
    """What was acknowledged never comes again."""
    talk = subject.talk
    talk.wire.write(_ask_alive(talk, talk.sequence))
    talk.sequence += 1
    talk.poll()
    talk.acknowledge()
    for _ in range(2):
        talk.wire.write(talk.frame(FrameType.REJECT))
        heard = talk.poll()
        require(len(heard) == 1, "nothing but the Status that was asked for", describe_tail(heard))


@check(
    "reliability.ignores_impossible_acks",
    clause="Reliable delivery: Ack",
    hint="an ack counts if it lies between the oldest unacknowledged frame and the next one to be sent, modulo 2^16",
)
def ignores_impossible_acks(subject: Subject) -> None:
    """An ack of what was never sent, or older than what is known, changes nothing."""
    talk = subject.talk
    talk.settle()
    talk.acknowledge()
    talk.hold()
    talk.wire.write(_ask_alive(talk, talk.sequence))
    talk.sequence += 1
    [sent] = [i for i in talk.poll() if i.packet is not None]
    kept = sent.frame.header.sequence
    for ack in (kept + 2, kept + 1000, kept + 0x8000, kept - 1, kept - 0x7FFF):
        talk.wire.write(talk.frame(FrameType.STATUS, ack=ack % SEQUENCES))
        talk.wire.write(talk.frame(FrameType.REJECT, ack=kept))
        heard = talk.poll()
        again = [item.frame.header.sequence for item in heard if item.packet is not None]
        require(again == [kept], f"frame {kept} kept after an ack of {ack % SEQUENCES}", describe_tail(heard))


@check(
    "reliability.waits_with_a_full_window",
    clause="Reliable delivery: Window of telemetry",
    hint="with the window full, wait: answer polls and HelloRequests, drop telecommands, ask for them later",
)
def waits_with_a_full_window(subject: Subject) -> None:
    """While nothing is acknowledged the payload stops, still answers polls, and later does everything once."""
    talk = subject.talk
    talk.hold()
    first = talk.sequence
    frames = [_ask_alive(talk, first + n) for n in range(_MANY)]
    talk.wire.write(b"".join(frames))
    heard = talk.poll(what="a Status while the window is full")
    window = _alive(heard)
    require(0 < window < _MANY, f"a window of fewer than {_MANY} frames", f"{window} frames and no wait")
    request = talk.greet(nonce=talk.nonce).header
    require(request.sequence == talk.expected, f"Hello with sequence {talk.expected}", request.sequence)
    talk.acknowledge()
    done = window
    for _ in range(_MANY):
        heard = talk.poll()
        done += _alive(heard)
        ack = heard[-1].frame.header.ack
        if ack == first + _MANY and done == _MANY:
            break
        talk.wire.write(b"".join(frames[ack - first : ack - first + 4]))
    talk.sequence = first + _MANY
    require(done == _MANY, f"{_MANY} x Alive, each once", f"{done}, window {window}")


@check(
    "reliability.ends_a_wait_by_a_new_session",
    clause="Reliable delivery: Window of telemetry",
    hint="a HelloRequest with a new nonce empties the window, also while the payload waits for room in it",
)
def ends_a_wait_by_a_new_session(subject: Subject) -> None:
    """A bench that vanished with the window full does not block the next one."""
    talk = subject.talk
    talk.hold()
    for n in range(_MANY // 2):
        talk.wire.write(talk.frame(FrameType.DATA, talk.pack(List())[0], sequence=talk.sequence + n))
    talk.greet()
    require(talk.demand(AreYouAlive()) == [Alive()], "Alive", "something else")


@check(
    "reliability.rejects_what_it_dropped",
    clause="Reliable delivery: Window of telemetry",
    hint="remember that telecommands were dropped while you waited, and send one Reject when there is room again",
)
def rejects_what_it_dropped(subject: Subject) -> None:
    """Telecommands that came while the window was full are asked for again, by one Reject, once there is room."""
    talk = subject.talk
    talk.hold()
    talk.wire.write(b"".join(_ask_alive(talk, talk.sequence + n) for n in range(_MANY)))
    heard = talk.poll(what="a Status while the window is full")
    early = _count(heard, FrameType.REJECT)
    require(early == 0, "no Reject while there is no room", describe_tail(heard))
    talk.acknowledge()
    heard = talk.poll() + talk.poll()  # the first may be answered while it still waits
    require(_count(heard, FrameType.REJECT) == 1, "one Reject when there is room again", describe_tail(heard))


CHECKS = (
    answers_polls,
    drops_duplicates,
    rejects_a_gap_once,
    polls_mend_a_lost_reject,
    sends_again,
    forgets_what_arrived,
    ignores_impossible_acks,
    waits_with_a_full_window,
    rejects_what_it_dropped,
    ends_a_wait_by_a_new_session,
)
