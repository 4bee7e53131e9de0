"""Verification, ST[01]: what is accepted, what is refused, and how it is said."""

from bench.conform.check import check, require
from bench.conform.heard import Answer
from bench.conform.subject import Subject
from firmware_if.messages import (
    TELECOMMANDS,
    Accepted,
    Alive,
    AreYouAlive,
    Completed,
    FailureCode,
    Hyperparameter,
    NotAccepted,
    RequestHousekeeping,
    Restart,
    Samples,
)
from firmware_if.octets import Writer
from firmware_if.packets import crc16


def _names(answer: Answer) -> list[str]:
    return [type(message).__name__ for message in answer.everything]


@check(
    "verification.accepts_then_completes",
    clause="Packets: Verification, ST[01]",
    hint="Accepted once every check has passed, then the answers, then Completed",
)
def accepts_then_completes(subject: Subject) -> None:
    """A telecommand that asks for both is accepted, answered, completed, in this order, by its own name."""
    for _ in range(3):
        answer = subject.talk.ask(AreYouAlive())
        require(_names(answer) == ["Accepted", "Alive", "Completed"], "Accepted, Alive, Completed", answer.describe())
        wanted = (answer.request.packet_id, answer.request.sequence)
        for message in answer.everything:
            if isinstance(message, Accepted | Completed):
                named = (message.packet_id, message.sequence)
                require(named == wanted, f"the request {wanted}", named)


@check(
    "verification.heeds_flags",
    clause="Packets: Verification, ST[01]",
    hint="of the four acknowledgement flags 8 asks for acceptance, 1 for completion; the others are ignored",
)
def heeds_flags(subject: Subject) -> None:
    """Accepted and Completed come only where the telecommand asks for them."""
    for flags in range(16):
        wanted = ["Accepted"] * (flags >> 3) + ["Alive"] + ["Completed"] * (flags & 1)
        answer = subject.talk.ask(AreYouAlive(), flags=flags)
        require(_names(answer) == wanted, f"{', '.join(wanted)} for flags {flags:04b}", answer.describe())


@check(
    "verification.always_refuses_aloud",
    clause="Packets: Verification, ST[01]",
    hint="NotAccepted and NotCompleted do not depend on the acknowledgement flags",
)
def always_refuses_aloud(subject: Subject) -> None:
    """A refusal is reported, alone and once, whether or not reports were asked for."""
    for flags in (0, 1, 8, 9):
        answer = subject.talk.ask(RequestHousekeeping(1, 77), flags=flags)
        require(_names(answer) == ["NotAccepted"], f"NotAccepted alone for flags {flags:04b}", answer.describe())


@check(
    "verification.demands_exact_fields",
    clause="Packets: Field types",
    hint="fields must fill the packet exactly: one byte more or fewer is MALFORMED",
)
def demands_exact_fields(subject: Subject) -> None:
    """A telecommand with a byte too many, or without any of its fields, is refused as MALFORMED."""
    talk = subject.talk
    recipe = subject.any_recipe()
    whole = (
        AreYouAlive(),
        RequestHousekeeping(1, 1),
        recipe.configure(),
        recipe.create(),
        recipe.create(hyperparameters=(Hyperparameter("none", 1.0),)),
    )
    for message in whole:
        writer = Writer()
        message.write(writer)
        fields = writer.getvalue()
        wrong = [fields + b"\0", *([fields[:-1], b""] if fields else [])]
        for data in wrong:
            code = _send_fields(subject, message.SERVICE, message.SUBTYPE, data)
            what = f"{type(message).__name__} with {len(data)} bytes of fields in place of {len(fields)}"
            require(code == FailureCode.MALFORMED, f"MALFORMED for {what}", code)
    for service, subtype in TELECOMMANDS:
        if TELECOMMANDS[service, subtype] not in (Restart, Samples):
            code = _send_fields(subject, service, subtype, bytes([255]) * 3)
            name = TELECOMMANDS[service, subtype].__name__
            require(code is not None, f"that {name} with three bytes FF for fields is refused", "no refusal")
    require(talk.demand(AreYouAlive()) == [Alive()], "Alive", "something else")


def _send_fields(subject: Subject, service: int, subtype: int, data: bytes) -> int | None:
    """Send a telecommand whose fields are `data`; its failure code."""
    good, request = subject.talk.pack(AreYouAlive())
    length = 11 + len(data) + 2 - 7
    packet = good[:4] + length.to_bytes(2, "big") + good[6:7] + bytes([service, subtype]) + good[9:11] + data
    what = f"a report on [{service},{subtype}]"
    answer = subject.talk.ask_packet(packet + crc16(packet).to_bytes(2, "big"), request, reported=True, what=what)
    return answer.failure.code if answer.failure is not None else None


@check(
    "verification.leaves_all_as_it_was",
    clause="Packets: Verification, ST[01]",
    hint="check everything before anything changes; give back what was taken when a later check fails",
)
def leaves_all_as_it_was(subject: Subject) -> None:
    """After a refusal the payload is as it was: bank, arena, configuration and next row."""
    talk = subject.talk
    recipe = subject.any_recipe()
    subject.make(recipe)
    before = subject.housekeeping()
    refused = (
        recipe.create(hyperparameters=(Hyperparameter("none of that name", 1.0),)),
        Samples(5, b"\0" * (6 + 4 * recipe.channels)),
        Samples(0, b"\0"),
        recipe.configure(mode=7),
    )
    for message in refused:
        answer = talk.ask(message)
        require(isinstance(answer.failure, NotAccepted), f"that {type(message).__name__} is refused", answer.describe())
    after = subject.housekeeping()
    for name in ("models", "arena_used_bytes", "data_used_bytes", "next_row"):
        was, became = getattr(before, name), getattr(after, name)
        require(was == became, f"{name} {was} as before the refusals", became)
    require(subject.make(recipe, configure=False).model == 1, "that the next model has handle 1", "another handle")


CHECKS = (accepts_then_completes, heeds_flags, always_refuses_aloud, demands_exact_fields, leaves_all_as_it_was)
