"""Credit: as many wire bytes as the payload says, and not one of them lost."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

from bench.conform.check import Violation, check, require
from bench.conform.heard import Heard, describe_tail
from bench.conform.subject import CONTROL_RESERVE_BYTES, Subject
from bench.conform.talk import Talk
from firmware_if.messages import (
    MAX_CLASSES,
    MAX_FRAME_BYTES,
    ConfigureStream,
    FrameType,
    Message,
    Mode,
    Samples,
)
from firmware_if.packets import ACKNOWLEDGE_NONE

_FEWEST_CLASSES = 2
_ROW_BYTES = 10
_ROWS = 98
"""Of one channel, in a packet of 995 bytes."""


def _classes(count: int) -> ConfigureStream:
    return ConfigureStream(1, 0, tuple(range(count)), Mode.STREAM)


def _frames(talk: Talk, messages: Sequence[Message]) -> list[bytes]:
    packets = [talk.pack(message, ACKNOWLEDGE_NONE)[0] for message in messages]
    return [talk.frame(FrameType.DATA, p, sequence=talk.sequence + n) for n, p in enumerate(packets)]


def _write_large(talk: Talk) -> list[bytes]:
    """Fill the credit with Samples in frames of nearly a KiB; they are written, and not counted as sent yet."""
    talk.demand(_classes(2))
    rows = bytes(_ROW_BYTES * _ROWS)
    frames = _frames(talk, [Samples(_ROWS * n, rows) for n in range(talk.credit // MAX_FRAME_BYTES)])
    talk.wire.write(b"".join(frames))
    return frames


def _filling(talk: Talk, wire_bytes: int) -> list[bytes]:
    """Telecommands that cause no telemetry, in frames of exactly so many bytes together.

    A class more makes a frame 2 bytes larger, and the smallest has an odd size: the number of frames decides whether
    the sum is odd.
    """
    smallest = len(_frames(talk, [_classes(_FEWEST_CLASSES)])[0])
    count = wire_bytes // smallest
    count -= (wire_bytes - count * smallest) % 2
    more = (wire_bytes - count * smallest) // 2
    classes = [_FEWEST_CLASSES] * count
    for place in range(count):
        added = min(more, MAX_CLASSES - _FEWEST_CLASSES)
        classes[place] += added
        more -= added
    return _frames(talk, [_classes(number) for number in classes])


@check(
    "credit.fits_the_queue",
    clause="Reliable delivery: Credit",
    hint="credit is receive_bytes less 256, which stay free for frames that take none; at least one frame",
)
def fits_the_queue(subject: Subject) -> None:
    """The credit holds a frame, and with 256 bytes for other frames is no more than the receive queue has."""
    credit, queue = subject.talk.credit, subject.facts.receive_bytes
    require(credit >= MAX_FRAME_BYTES, f"credit for a frame of {MAX_FRAME_BYTES} bytes", credit)
    most = queue - CONTROL_RESERVE_BYTES
    require(credit <= most, f"at most {most}: receive_bytes {queue} less {CONTROL_RESERVE_BYTES}", credit)


@check(
    "credit.holds_what_it_says",
    clause="Reliable delivery: Credit",
    hint="the receive queue must take all of it while a telecommand is carried out; are interrupts masked for long?",
)
def holds_what_it_says(subject: Subject) -> None:
    """The credit filled to the last byte in one go, by small frames, is taken whole, and nothing overruns."""
    talk = subject.talk
    overruns = subject.housekeeping().receive_overruns
    for _ in range(3):
        credit = talk.credit
        frames = _filling(talk, credit)
        talk.wire.write(b"".join(frames) + talk.frame(FrameType.STATUS, poll=talk.new_poll()))
        talk.sequence += len(frames)
        heard = talk.poll(what=f"a Status after {credit} bytes of credit were filled")
        ack = heard[-1].frame.header.ack
        wanted = f"all {len(frames)} frames of {sum(map(len, frames))} bytes acknowledged: ack {talk.sequence}"
        require(ack == talk.sequence, wanted, f"ack {ack}")
    after = subject.housekeeping().receive_overruns
    require(after == overruns, "no receive overruns", f"{after - overruns} bytes lost")


@check(
    "credit.holds_large_frames",
    clause="Reliable delivery: Credit",
    hint="as holds_what_it_says; a frame of 1 KiB must be taken off the queue while the next one arrives",
)
def holds_large_frames(subject: Subject) -> None:
    """The credit filled by frames of nearly a KiB is taken whole, and its rows are all reported."""
    talk = subject.talk
    count = len(_write_large(talk))
    talk.sequence += count
    heard = talk.poll()
    ack = heard[-1].frame.header.ack
    require(ack == talk.sequence, f"ack {talk.sequence} after {count} frames", f"ack {ack}: {describe_tail(heard)}")
    next_row = subject.housekeeping().next_row
    require(next_row == _ROWS * count, f"next row {_ROWS * count}", next_row)


@check(
    "credit.reopens",
    clause="Reliable delivery: Credit",
    hint="announce the room there is anew once the queue has been emptied",
)
def reopens(subject: Subject) -> None:
    """After the credit was used up and everything was acknowledged, as much is announced again."""
    talk = subject.talk
    credit = talk.credit
    frames = _filling(talk, credit)
    talk.wire.write(b"".join(frames))
    talk.sequence += len(frames)
    found = []
    for _ in range(20):
        status = talk.poll()[-1].frame.header
        found.append((status.ack, status.credit))
        if status.ack == talk.sequence and status.credit >= credit:
            return
    raise Violation(f"ack {talk.sequence} and credit {credit} again", f"{found[-1]}")


@check(
    "credit.survives_more",
    clause="Reliable delivery: Credit",
    hint="what does not fit into the receive queue may be lost, what came before it may not",
)
def survives_more(subject: Subject) -> None:
    """More than the credit may be lost, but nothing of what was within it; sent again, it arrives."""
    talk = subject.talk
    within = _filling(talk, talk.credit)
    talk.sequence += len(within)
    beyond = _frames(talk, [_classes(2)] * 40)
    talk.wire.write(b"".join(within + beyond))
    ack = _poll_until_answered(talk)[-1].frame.header.ack
    arrived = ack - (talk.sequence - len(within))
    require(arrived >= len(within), f"at least the {len(within)} frames within the credit", f"{arrived} frames")
    for _ in range(len(beyond)):
        place = ack - talk.sequence
        if place >= len(beyond):
            break
        talk.wire.write(beyond[place])
        ack = _poll_until_answered(talk)[-1].frame.header.ack
    talk.sequence += len(beyond)
    require(ack == talk.sequence, f"ack {talk.sequence} once all was sent again", f"ack {ack}")


def _poll_until_answered(talk: Talk) -> list[Heard]:
    """A poll that comes on top of too much may be lost with it."""
    for _ in range(4):
        with suppress(Violation):
            return talk.poll(timeout_s=1.0)
    return talk.poll()


@check(
    "credit.acknowledges_unasked",
    clause="Reliable delivery",
    hint="send Status on your own when more than half of the credit has come since an ack last travelled",
)
def acknowledges_unasked(subject: Subject) -> None:
    """When more than half of the credit has come unannounced, an acknowledgement is sent without a poll."""
    talk = subject.talk
    frames = _write_large(talk)
    first = talk.sequence
    talk.sequence += len(frames)
    what = f"an acknowledgement, unasked, after {sum(map(len, frames))} of {talk.credit} bytes of credit"
    talk.listen(lambda item: item.frame.header.ack > first, what=what)
    talk.settle()


@check(
    "credit.acknowledges_monotonically",
    clause="Reliable delivery: Ack",
    hint="ack is the sequence expected next; it never goes back",
)
def acknowledges_monotonically(subject: Subject) -> None:
    """The acknowledgement never goes back and never passes what was sent."""
    talk = subject.talk
    acks = []
    for _ in range(3):
        frames = _filling(talk, talk.credit // 2)
        talk.wire.write(b"".join(frames))
        talk.sequence += len(frames)
        acks += [item.frame.header.ack for item in talk.poll() + talk.poll()]
    require(all(one <= other for one, other in pairwise(acks)), "acks that only grow", acks)
    require(acks[-1] == talk.sequence, f"ack {talk.sequence} in the end", acks[-1])


CHECKS = (
    fits_the_queue,
    holds_what_it_says,
    holds_large_frames,
    reopens,
    survives_more,
    acknowledges_unasked,
    acknowledges_monotonically,
)
