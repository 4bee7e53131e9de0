"""Packets: CCSDS and PUS-C headers, checksums, counts and time."""

from itertools import pairwise

from bench.conform.check import NotApplicable, check, require
from bench.conform.packets import Packet, broken_packet
from bench.conform.rows import make_rows, stream
from bench.conform.subject import Subject
from firmware_if.messages import (
    AreYouAlive,
    DumpMemory,
    FailureCode,
    FrameType,
    List,
    Message,
    NotAccepted,
    Predict,
    RequestHousekeeping,
    RequestStatistics,
)
from firmware_if.packets import RequestId

_COUNTS = 1 << 14
_NAMED_OCTETS = 4
_TIME_S = 0.1


def _variety(subject: Subject) -> list[Packet]:
    """One packet at least of nearly every kind."""
    talk = subject.talk
    packets: list[Packet] = []
    plain: list[Message] = [AreYouAlive(), List(), RequestHousekeeping(1, 1), RequestHousekeeping(2, 1)]
    for message in plain:
        packets += talk.ask(message).packets
    try:
        recipe = subject.stream_recipe()
    except NotApplicable:
        return packets
    created = subject.make(recipe)
    rows = make_rows(subject, 30, channels=recipe.channels)
    stream(talk, rows)
    whole = DumpMemory(created.model, 1, 0, created.state_bytes)
    more: list[Message] = [Predict(0, rows[0].scored()), RequestStatistics(), whole]
    for message in more:
        packets += talk.ask(message).packets
    return packets


def _check_faults(subject: Subject, kind: str, wanted: str) -> None:
    packets = _variety(subject)
    bad = [f"{p.describe()}: {fault.text}" for p in packets for fault in p.faults if fault.kind == kind]
    require(not bad, wanted, f"{len(bad)} of {len(packets)} packets otherwise, such as {bad[0] if bad else ''}")


@check(
    "packets.headers",
    clause="Packets",
    hint="write the primary header, PUS version 2, destination 1 and the P-field 2E as the table has them",
)
def headers(subject: Subject) -> None:
    """Every telemetry packet has the headers of CCSDS 133.0-B-2 and PUS-C, and says its own length."""
    _check_faults(subject, "header", "headers as SPEC.md has them")


@check(
    "packets.crc16",
    clause="Packets",
    hint="polynomial 0x1021, start 0xFFFF, over all bytes before it; check value of '123456789' is 0x29B1",
)
def crc16(subject: Subject) -> None:
    """Every telemetry packet ends with the right CRC-16."""
    _check_faults(subject, "crc16", "a CRC-16 that is right")


@check(
    "packets.fields",
    clause="Packets: Field types",
    hint="fields fill the packet exactly; lists and texts begin with their count",
)
def fields(subject: Subject) -> None:
    """Every telemetry packet is a message of the contract, whose fields fill it exactly."""
    _check_faults(subject, "fields", "messages whose fields fill their packets")


@check(
    "packets.counts",
    clause="Packets",
    hint="the sequence count goes up by one for each new packet, modulo 2^14, and not for one that is sent again",
)
def counts(subject: Subject) -> None:
    """The packets' sequence counts go up by one for each new packet, whatever is sent again meanwhile."""
    talk = subject.talk
    found: list[int] = []
    for number in range(6):
        found += [packet.sequence_count for packet in talk.ask(List() if number == 3 else AreYouAlive()).packets]
        if number % 2:
            talk.wire.write(talk.frame(FrameType.REJECT, ack=(talk.expected - 1) % 0x10000))
            talk.poll()
    wanted = [(found[0] + n) % _COUNTS for n in range(len(found))]
    require(found == wanted, f"counts from {found[0]} on, each one more", found)


@check(
    "packets.time",
    clause="Packets",
    hint="seconds and 2^-16 seconds since the payload's start, from a counter that is not reset or wrapped",
)
def time(subject: Subject) -> None:
    """The packets' time never goes back, and passes."""
    talk = subject.talk
    times: list[float] = []
    started = talk.wire.clock.now()
    while talk.wire.clock.now() < started + _TIME_S:
        times += [packet.uptime_s for packet in talk.ask(AreYouAlive()).packets]
    back = [(one, other) for one, other in pairwise(times) if other < one]
    require(not back, "times that never go back", f"{back[:3]}")
    require(times[-1] > times[0], "that time passes", f"{times[0]} s in every packet")


def _refusal(subject: Subject, packet: bytes, what: str) -> NotAccepted:
    """The one report on a packet that is no telecommand."""
    named = packet[:_NAMED_OCTETS] if len(packet) >= _NAMED_OCTETS else bytes(_NAMED_OCTETS)
    request = RequestId(int.from_bytes(named[:2], "big"), int.from_bytes(named[2:], "big"))
    answer = subject.talk.ask_packet(
        packet, request, reported=True, what=f"a refusal of {what} that names {named.hex()}"
    )
    refusals = [message for message in answer.everything if isinstance(message, NotAccepted)]
    require(len(refusals) == len(answer.everything) == 1, f"NotAccepted alone for {what}", answer.describe())
    return refusals[0]


@check(
    "packets.refuses_no_telecommands",
    clause="Packets: Verification, ST[01]",
    hint="check length field, APID, type, flags, PUS version and CRC-16 before the service is looked at",
)
def refuses_no_telecommands(subject: Subject) -> None:
    """What is no telecommand is refused as MALFORMED, by its first four octets: CRC-16, APID, type, length, version."""
    good, _ = subject.talk.pack(AreYouAlive())
    broken = {
        "a wrong CRC-16": good[:-1] + bytes([good[-1] ^ 1]),
        "a wrong APID": broken_packet(good, 1, bytes([good[1] ^ 1])),
        "a telemetry packet": broken_packet(good, 0, bytes([good[0] & ~0x10])),
        "no secondary header": broken_packet(good, 0, bytes([good[0] & ~0x08])),
        "packet version 1": broken_packet(good, 0, bytes([good[0] | 0x20])),
        "a first segment": broken_packet(good, 2, bytes([0x40 | good[2] & 0x3F])),
        "a length that is too large": broken_packet(good, 4, (len(good) - 6).to_bytes(2, "big")),
        "a length that is too small": broken_packet(good, 4, (len(good) - 8).to_bytes(2, "big")),
        "PUS version 1": broken_packet(good, 6, b"\x19"),
    }
    for what, packet in broken.items():
        code = _refusal(subject, packet, what).code
        require(code == FailureCode.MALFORMED, f"MALFORMED for {what}", code)


@check(
    "packets.refuses_short",
    clause="Packets: Verification, ST[01]",
    hint="a body may have any length from 0 on; name zeros where there are no four octets",
)
def refuses_short(subject: Subject) -> None:
    """A Data frame with too short a body, down to none, is refused as MALFORMED and takes its sequence number."""
    good, _ = subject.talk.pack(AreYouAlive())
    for length in (0, 1, 3, 4, 5, 6, 10, 12):
        code = _refusal(subject, good[:length], f"a packet of {length} bytes").code
        require(code == FailureCode.MALFORMED, f"MALFORMED for a packet of {length} bytes", code)


CHECKS = (headers, crc16, fields, counts, time, refuses_no_telecommands, refuses_short)
