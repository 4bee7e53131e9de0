"""Sequence numbers that go round: a whole round is made where it does not take long, or where somebody asks for it."""

from collections import deque
from collections.abc import Callable

from bench.conform.check import NotApplicable, check, require
from bench.conform.heard import describe_packets
from bench.conform.subject import Subject
from bench.conform.talk import SEQUENCES
from firmware_if.messages import AreYouAlive, ConfigureStream, Mode

_BURST = 512
_WRAP_S = 5.0
"""What a whole round of sequence numbers may take, to be worth it unasked."""


@check(
    "reliability.wraps_around",
    clause="Reliable delivery",
    hint="sequence numbers are 16 bits, the packets' counts 14; compare them by their distance, modulo",
    deadline_s=90.0,
)
def wraps_around(subject: Subject) -> None:
    """Telecommands' sequence numbers go on after 65535 with 0, and none is lost or doubled."""
    talk = subject.talk
    quiet = [ConfigureStream(1, 0, (-1, 1), Mode.STREAM)] * _BURST
    _check_affordable(subject, lambda: talk.tell(quiet), each=_BURST)
    for _ in range(SEQUENCES // _BURST):
        heard = talk.tell(quiet)
        require(not heard, "that nothing is said", describe_packets(heard))
    alive = talk.tell([AreYouAlive()])
    require(len(alive) == 1, "Alive", describe_packets(alive))


@check(
    "reliability.telemetry_wraps_around",
    clause="Reliable delivery",
    hint="sequence numbers are 16 bits, the packets' counts 14; a window's place is the sequence modulo its size",
    deadline_s=90.0,
)
def telemetry_wraps_around(subject: Subject) -> None:
    """Telemetry's sequence numbers go on after 65535 with 0, and their packets' counts after 16383."""
    talk = subject.talk

    def four(_: int) -> None:
        packets = talk.tell([AreYouAlive()] * 4)
        require(len(packets) == 4, "4 x Alive", describe_packets(packets))

    _check_affordable(subject, lambda: deque(map(four, range(64))), each=256)
    for number in range(SEQUENCES // 4):
        four(number)


def _check_affordable(subject: Subject, some: Callable[[], object], *, each: int) -> None:
    """A whole round of sequence numbers takes time; unasked it is given a little."""
    clock = subject.talk.wire.clock
    started = clock.now()
    some()
    whole_s = (clock.now() - started) * SEQUENCES / each
    if whole_s > _WRAP_S and not subject.asked:
        raise NotApplicable(f"would take about {whole_s:.0f} s here; it is done where --only names the check")
    subject.talk.wire.deadline = max(subject.talk.wire.deadline, started + 3 * whole_s)


CHECKS = (wraps_around, telemetry_wraps_around)
