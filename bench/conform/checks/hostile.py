"""Hostile bytes: nothing received may end, hang or change the payload."""

import zlib
from dataclasses import replace

from cobs import cobs

from bench.conform.check import check, require
from bench.conform.heard import Answer
from bench.conform.packets import broken_packet
from bench.conform.rows import Row
from bench.conform.subject import Subject
from firmware_if.framing import Header, enframe
from firmware_if.messages import (
    MAX_CHANNELS,
    MAX_CLASSES,
    Alive,
    AreYouAlive,
    DumpMemory,
    FailureCode,
    FrameType,
    Hyperparameter,
    LoadMemory,
    Message,
    Predict,
    RequestHousekeeping,
    Restart,
    Samples,
)
from firmware_if.packets import crc16

_FIELDS = 11
"""Where a telecommand's fields begin."""
_SERVICE = slice(7, 9)
_RESTART = bytes([Restart.SERVICE, Restart.SUBTYPE])
_WORK_OFF_S = 10.0
"""For all that was sent to be read: an emulator on a busy machine takes seconds for 30 kB."""


def _still_alive(subject: Subject, what: str) -> None:
    subject.talk.greet(timeout_s=_WORK_OFF_S)
    answers = subject.talk.demand(AreYouAlive())
    require(answers == [Alive()], f"Alive after {what}", answers)


def _telecommands(subject: Subject) -> list[Message]:
    recipe = subject.any_recipe()
    row = Row(1, (0.5,) * recipe.channels)
    data = bytes(range(16))
    return [
        recipe.configure(),
        recipe.create(),
        Samples(0, row.record() * 3),
        Predict(0, row.scored() * 3),
        DumpMemory(0, 1, 0, 8),
        LoadMemory(0, 1, 0, data, crc16(data)),
        RequestHousekeeping(1, 1),
    ]


@check(
    "hostile.random_bytes",
    clause="What each side must check",
    hint="a run of bytes may have any length and content; nothing is written past the frame buffer",
    deadline_s=30.0,
)
def random_bytes(subject: Subject) -> None:
    """Random bytes, with many zeros and with few, do no harm."""
    for zeros in (2, 16, 256, 4096):
        noise = bytes(subject.random.randrange(zeros) and subject.random.randrange(256) for _ in range(16384))
        for start in range(0, len(noise), 1024):
            subject.talk.wire.write(noise[start : start + 1024])
        subject.talk.wire.write(b"\0")
        _still_alive(subject, f"{len(noise)} random bytes")


@check(
    "hostile.mutated_frames",
    clause="What each side must check",
    hint="CRC-32 first; then lengths and tag before anything else in the frame counts",
    deadline_s=30.0,
)
def mutated_frames(subject: Subject) -> None:
    """Frames of which bytes were changed, doubled or left out do no harm."""
    talk, draw = subject.talk, subject.random
    for _ in range(300):
        frame = bytearray(talk.frame(FrameType.DATA, talk.pack(draw.choice(_telecommands(subject)))[0]))
        for _ in range(draw.randrange(1, 4)):
            place = draw.randrange(len(frame))
            action = draw.randrange(3)
            frame[place : place + 1] = (bytes([draw.randrange(256)]), b"", bytes([frame[place]] * 2))[action]
        talk.wire.write(bytes(frame) + b"\0")
    _still_alive(subject, "300 changed frames")


@check(
    "hostile.mutated_packets",
    clause="What each side must check",
    hint="each length and count is a claim until that much has been read; indices are compared before they are used",
    deadline_s=60.0,
)
def mutated_packets(subject: Subject) -> None:
    """Packets of which bytes were changed under right checksums are each answered, and do no harm."""
    talk, draw = subject.talk, subject.random
    for number in range(400):
        if number % 40 == 0:
            subject.reset()
            for message in _telecommands(subject)[:2]:
                talk.ask(message)
        packet, request = talk.pack(draw.choice(_telecommands(subject)))
        for _ in range(draw.randrange(1, 4)):
            place = draw.randrange(_SERVICE.start, len(packet) - 2)
            changed = broken_packet(packet, place, bytes([draw.choice((0, 1, 127, 128, 255, draw.randrange(256)))]))
            packet = packet if changed[_SERVICE] == _RESTART else changed
        talk.ask_packet(packet, request, reported=True, what=f"a report on {packet.hex()}")
    _still_alive(subject, "400 changed packets")


@check(
    "hostile.lying_counts",
    clause="What each side must check",
    hint="a count or length beyond the packet's end is MALFORMED; never read or write by it before it is compared",
)
def lying_counts(subject: Subject) -> None:
    """Counts and lengths that claim more than the packet holds are refused as MALFORMED."""
    talk = subject.talk
    recipe = subject.any_recipe()
    talk.demand(recipe.configure())
    create = talk.pack(recipe.create())[0]
    learner = _FIELDS
    features = learner + 1 + create[learner]
    arithmetic = features + 1 + create[features]
    channels = arithmetic + 1 + create[arithmetic]
    parameters = channels + 1 + create[channels] + 1
    load = talk.pack(LoadMemory(0, 1, 0, bytes(8), crc16(bytes(8))))[0]
    lies = [(create, place, b"\xff") for place in (learner, features, arithmetic, channels, parameters)]
    lies += [(create, parameters, b"\1"), (talk.pack(recipe.configure())[0], _FIELDS + 5, b"\xff")]
    lies += [(load, _FIELDS + 6, length) for length in (b"\xff\xff", b"\0\x09", b"\0\x07", b"\x04\x00")]
    for packet, place, value in lies:
        answer = _ask(subject, broken_packet(packet, place, value))
        code = answer.failure.code if answer.failure is not None else None
        what = f"MALFORMED for {value.hex()} at byte {place} of {packet.hex()}"
        require(code == FailureCode.MALFORMED, what, answer.describe())
    require(subject.housekeeping().models == 0, "no model", subject.housekeeping().models)


@check(
    "hostile.too_many",
    clause="Limits",
    hint="compare every count with the limit before an array is filled by it",
)
def too_many(subject: Subject) -> None:
    """Lists that fill their packet but are longer than the contract's limits are refused."""
    talk = subject.talk
    recipe = subject.any_recipe()
    for count in (MAX_CLASSES + 1, 64, 255):
        answer = talk.ask(replace(recipe.configure(), classes=tuple(range(count))))
        code = answer.failure.code if answer.failure is not None else None
        require(code == FailureCode.CLASSES, f"{count} classes refused as CLASSES", answer.describe())
    for count in (0, MAX_CHANNELS + 1, 255):
        answer = talk.ask(replace(recipe.configure(), channels=count))
        code = answer.failure.code if answer.failure is not None else None
        require(code == FailureCode.CHANNELS, f"{count} channels refused as CHANNELS", answer.describe())
    talk.demand(recipe.configure())
    name = "x" * 255
    for message in (
        replace(recipe.create(), channels=(255,) * 255),
        replace(recipe.create(), learner=name, features=name, arithmetic=name),
        recipe.create(hyperparameters=tuple(Hyperparameter("", float(n)) for n in range(60))),
    ):
        answer = talk.ask(message)
        require(answer.failure is not None, "a refusal", answer.describe())
    require(subject.housekeeping().models == 0, "no model", subject.housekeeping().models)


def _ask(subject: Subject, packet: bytes) -> Answer:
    """Send it under a count of its own."""
    _, request = subject.talk.pack(AreYouAlive())
    packet = broken_packet(packet, 2, request.sequence.to_bytes(2, "big"))
    return subject.talk.ask_packet(packet, request, reported=True, what=f"a report on {packet.hex()}")


@check(
    "hostile.tiny_frames",
    clause="Frames on the line",
    hint="a run shorter than 16 bytes is no frame; count it and go on",
    deadline_s=30.0,
)
def tiny_frames(subject: Subject) -> None:
    """Thousands of runs too short to be a frame, and frames of types that there are not, do no harm."""
    talk, draw = subject.talk, subject.random
    for _ in range(20):
        noise = b"".join(
            bytes(draw.randrange(1, 256) for _ in range(draw.randrange(1, 16))) + b"\0" for _ in range(150)
        )
        talk.wire.write(noise)
        talk.poll(what="a Status after 150 tiny runs")
    for frame_type in (0, 3, 0x0F, 0x13, 0x7F, 0xFF):
        for body in (b"", bytes(40)):
            talk.wire.write(enframe(Header(frame_type, 0, talk.peer, talk.sequence, talk.expected, 0xFFFF), body))
        talk.poll(what=f"a Status after frames of type 0x{frame_type:02X}")
    content = bytes(15)
    for size in range(16):
        talk.wire.write(b"\0" + bytes(cobs.encode(content[:size])) + b"\0")
        checked = content[:size] + zlib.crc32(content[:size]).to_bytes(4, "big")
        if size + 4 < 16:
            talk.wire.write(b"\0" + bytes(cobs.encode(checked)) + b"\0")
    _still_alive(subject, "tiny frames")


@check(
    "hostile.many_sessions",
    clause="Sessions",
    hint="a new session costs no memory; an answer to an earlier one is dropped",
)
def many_sessions(subject: Subject) -> None:
    """Sessions opened one after the other, in the middle of answers, do no harm."""
    talk = subject.talk
    for number in range(60):
        packet = talk.pack(RequestHousekeeping(1, 1))[0]
        talk.wire.write(talk.frame(FrameType.DATA, packet))
        talk.wire.write(talk.hello_request(0x1000 + number))
        talk.greet(nonce=0x2000 + number)
    _still_alive(subject, "120 sessions")


CHECKS = (random_bytes, mutated_frames, mutated_packets, lying_counts, too_many, tiny_frames, many_sessions)
