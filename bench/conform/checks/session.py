"""Sessions: which frames count, when one begins, and what goes on in it."""

from bench.conform.check import check, require
from bench.conform.heard import Heard, describe_tail
from bench.conform.subject import Subject
from firmware_if.messages import Alive, AreYouAlive, FrameType, List
from firmware_if.packets import ACKNOWLEDGE_NONE


def _of(heard: list[Heard], frame_type: FrameType) -> list[Heard]:
    return [item for item in heard if item.type == frame_type]


@check(
    "session.answers_a_stale_tag",
    clause="Sessions",
    hint="a Data frame, or any frame with a poll, whose tag is not your nonce is answered by Hello and by nothing else",
)
def answers_a_stale_tag(subject: Subject) -> None:
    """A Data frame and a poll with a wrong tag are answered by Hello, and neither is carried out."""
    talk = subject.talk
    packet, _ = talk.pack(AreYouAlive(), ACKNOWLEDGE_NONE)
    for tag in (0, talk.peer ^ 1, talk.nonce ^ 0x80000000):
        for frame in (
            talk.frame(FrameType.DATA, packet, tag=tag),
            talk.frame(FrameType.STATUS, tag=tag, poll=talk.new_poll()),
        ):
            talk.wire.write(frame)
            heard = talk.poll()
            right = len(heard) == 2 and heard[0].type == FrameType.HELLO
            require(right, "one Hello, then the Status that was asked for", describe_tail(heard))
            ack = heard[-1].frame.header.ack
            require(ack == talk.sequence, f"ack {talk.sequence}: no sequence number taken", f"ack {ack}")


@check(
    "session.ignores_a_stale_tag",
    clause="Sessions",
    hint="look at the tag before anything else in the header counts",
)
def ignores_a_stale_tag(subject: Subject) -> None:
    """Status and Reject with a wrong tag are ignored, whatever they say."""
    talk = subject.talk
    talk.demand(AreYouAlive())
    for frame_type in (FrameType.STATUS, FrameType.REJECT):
        for tag in (0, talk.peer ^ 1):
            talk.wire.write(talk.frame(frame_type, tag=tag, ack=0))
            heard = talk.poll()
            require(len(heard) == 1, "nothing but the Status that was asked for", describe_tail(heard))


@check(
    "session.new_nonce_begins_anew",
    clause="Sessions",
    hint="a bench nonce that you do not know: sequence and ack 0, unacknowledged frames forgotten, models kept",
)
def new_nonce_begins_anew(subject: Subject) -> None:
    """A HelloRequest with another nonce begins a session: sequence and ack are 0, and nothing old is sent again."""
    talk = subject.talk
    subject.make(subject.any_recipe())
    peer = talk.peer
    talk.hold()
    talk.wire.write(talk.frame(FrameType.DATA, talk.pack(AreYouAlive())[0]))
    talk.sequence += 1
    talk.poll()
    header = talk.greet().header
    require((header.sequence, header.ack) == (0, 0), "sequence 0 and ack 0", f"{header.sequence} and {header.ack}")
    require(talk.peer == peer, f"the same nonce {peer}: it has not started anew", talk.peer)
    talk.wire.write(talk.frame(FrameType.REJECT))
    heard = talk.poll()
    require(len(heard) == 1, "that what was unacknowledged before is forgotten", describe_tail(heard))
    models = subject.housekeeping().models
    require(models == 1, "that models stay", f"{models} models")


@check(
    "session.same_nonce_resumes",
    clause="Sessions",
    hint="keep sequence, ack and the window; the Hello's header says where they stand",
)
def same_nonce_resumes(subject: Subject) -> None:
    """A HelloRequest with the running nonce resumes: Hello says where it stands, and Reject brings the rest."""
    talk = subject.talk
    subject.housekeeping()
    talk.hold()
    talk.wire.write(talk.frame(FrameType.DATA, talk.pack(AreYouAlive(), ACKNOWLEDGE_NONE)[0]))
    lost = talk.poll()
    require(lost[0].new, "Alive", describe_tail(lost))
    header = talk.greet(nonce=talk.nonce).header
    stands = (talk.expected, talk.sequence + 1)
    require((header.sequence, header.ack) == stands, f"sequence and ack {stands}", (header.sequence, header.ack))
    talk.sequence += 1
    talk.wire.write(talk.frame(FrameType.REJECT, ack=lost[0].frame.header.sequence))
    heard = talk.poll()
    again = [item.frame.body for item in _of(heard, FrameType.DATA)]
    require(again == [lost[0].frame.body], "the frame that was not acknowledged, once more", describe_tail(heard))


@check(
    "session.tags_every_frame",
    clause="Sessions",
    hint="the tag of everything sent is the bench's nonce",
)
def tags_every_frame(subject: Subject) -> None:
    """Everything that is sent in a session carries the bench's nonce as its tag."""
    talk = subject.talk
    number = talk.new_poll()
    talk.send(talk.pack(List(), ACKNOWLEDGE_NONE)[0], poll=number)
    heard = talk.listen(lambda item: item.frame.header.poll == number, what="the end of the catalogue")
    heard += talk.poll()
    tags = {item.frame.header.tag for item in heard}
    require(tags == {talk.nonce}, f"the tag {talk.nonce} everywhere", sorted(tags))


@check(
    "session.drops_the_rest_of_an_answer",
    clause="Sessions",
    hint="when a session begins while an answer is being given, what is left of the answer goes nowhere",
)
def drops_the_rest_of_an_answer(subject: Subject) -> None:
    """A new session in the middle of an answer begins at sequence 0, and takes telecommands at once."""
    talk = subject.talk
    for _ in range(10):
        talk.hold()
        for _ in range(3):
            talk.wire.write(talk.frame(FrameType.DATA, talk.pack(List())[0]))
            talk.sequence += 1
        talk.greet()
        answers = talk.demand(AreYouAlive())
        require(answers == [Alive()], "Alive and nothing else", answers)


@check(
    "session.sends_nothing_before",
    clause="Sessions",
    hint="without a session the only answer is Hello, with tag 0 and nonce 0",
    restarts=True,
)
def sends_nothing_before(subject: Subject) -> None:
    """After a start there is no session: Data and polls are answered by Hello with tag 0 and nonce 0 alone."""
    talk = subject.talk
    subject.restart()
    packet, _ = talk.pack(AreYouAlive())
    for frame in (talk.frame(FrameType.DATA, packet, tag=77), talk.frame(FrameType.STATUS, tag=77, poll=9)):
        talk.wire.write(frame)
        heard = talk.listen(lambda _: True, what="a Hello that says that there is no session")
        require(heard[0].says_no_session, "Hello with tag 0 and nonce 0", describe_tail(heard))


CHECKS = (
    answers_a_stale_tag,
    ignores_a_stale_tag,
    new_nonce_begins_anew,
    same_nonce_resumes,
    tags_every_frame,
    drops_the_rest_of_an_answer,
    sends_nothing_before,
)
