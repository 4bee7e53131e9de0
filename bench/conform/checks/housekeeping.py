"""Housekeeping: what the payload counts, and whether it is so."""

from itertools import pairwise

from bench.conform.check import check, require
from bench.conform.rows import make_rows, stream
from bench.conform.subject import UNMEASURED, Subject
from firmware_if.messages import (
    AreYouAlive,
    FailureCode,
    FrameType,
    Housekeeping,
    Message,
    RequestHousekeeping,
)
from firmware_if.packets import ACKNOWLEDGE_NONE

_GROWING = (
    "stack_peak_bytes",
    "handler_stack_peak_bytes",
    "frames_received",
    "frames_corrupt",
    "frames_out_of_order",
    "frames_resent",
    "receive_overruns",
    "interrupts_in_steps",
)


@check(
    "housekeeping.structure",
    clause="Telemetry: Housekeeping",
    hint="0xFFFFFFFF where the port does not measure; sizes are those of Hello",
)
def structure(subject: Subject) -> None:
    """The report has sizes that fit Hello, and peaks within them or said to be unmeasured."""
    report = subject.housekeeping()
    require(report.structure == 1, "structure 1", report.structure)
    arena = subject.facts.arena_bytes
    require(report.arena_bytes == arena, f"arena_bytes {arena} as in Hello", report.arena_bytes)
    require(report.arena_used_bytes <= arena, "no more arena used than there is", report.arena_used_bytes)
    require(report.data_used_bytes <= report.data_bytes, "no more data used than there is", report.data_used_bytes)
    for size, peak in (
        (report.stack_bytes, report.stack_peak_bytes),
        (report.handler_stack_bytes, report.handler_stack_peak_bytes),
    ):
        measured = peak != UNMEASURED
        require(not measured or peak <= size, f"a peak within a stack of {size} bytes", peak)
        require(not measured or peak % 4 == 0, "a peak of whole words", peak)


@check(
    "housekeeping.only_structure_1",
    clause="Telecommands: RequestHousekeeping",
    hint="count and structure are 1; anything else is MALFORMED",
)
def only_structure_1(subject: Subject) -> None:
    """Any other structure, or number of structures, is refused as MALFORMED."""
    for count, number in ((0, 1), (2, 1), (1, 0), (1, 2), (255, 255)):
        answer = subject.talk.ask(RequestHousekeeping(count, number))
        code = answer.failure.code if answer.failure is not None else None
        require(code == FailureCode.MALFORMED, f"MALFORMED for count {count}, structure {number}", answer.describe())


@check(
    "housekeeping.never_falls",
    clause="Telemetry: Housekeeping",
    hint="peaks and counts are since the last ResetBank, not since the last report or session",
)
def never_falls(subject: Subject) -> None:
    """Peaks and counters only grow until the bank is reset, also over a new session."""
    reports = [subject.housekeeping()]
    recipe = subject.any_recipe()
    subject.make(recipe)
    reports.append(subject.housekeeping())
    subject.talk.wire.write(b"\0\5abcd\0")
    subject.talk.greet()
    reports.append(subject.housekeeping())
    subject.talk.demand(recipe.create())
    reports.append(subject.housekeeping())
    for name in _GROWING:
        values = [getattr(report, name) for report in reports]
        falls = [(one, other) for one, other in pairwise(values) if other < one]
        require(not falls, f"{name} that only grows", values)


@check(
    "housekeeping.begins_anew",
    clause="Telecommands: ResetBank",
    hint="ResetBank sets every count to 0, so that the figures of a run are of that run alone",
)
def begins_anew(subject: Subject) -> None:
    """ResetBank sets the counts of frames to 0."""
    talk = subject.talk
    talk.wire.write(b"\0\5abcd\0" + talk.frame(FrameType.DATA, sequence=(talk.sequence - 1) % 0x10000))
    for _ in range(20):
        talk.demand(AreYouAlive())
    before = subject.housekeeping()
    require(before.frames_corrupt and before.frames_out_of_order, "a corrupt frame and one out of order", before)
    subject.reset()
    after = subject.housekeeping()
    found = (after.frames_corrupt, after.frames_out_of_order, after.frames_resent, after.receive_overruns)
    require(found == (0, 0, 0, 0), "no frames corrupt, out of order or resent, no overruns", found)
    fewer = after.frames_received < before.frames_received
    require(fewer, f"fewer frames received than {before.frames_received}", after.frames_received)


@check(
    "housekeeping.arena_is_the_sum",
    clause="Telemetry: ModelCreated",
    hint="arena_bytes of a model holds its share of a new feature map; the sum over all models is what is used",
)
def arena_is_the_sum(subject: Subject) -> None:
    """The arena used is the sum of what its models took, in ModelCreated and in housekeeping alike."""
    recipe = subject.any_recipe()
    subject.talk.demand(recipe.configure())
    total = 0
    for number in range(1, 4):
        created = subject.make(recipe, configure=False)
        total += created.arena_bytes
        require(created.state_bytes <= created.arena_bytes, "a state within what the model took", created.state_bytes)
        require(
            created.arena_used_bytes == total, f"arena_used_bytes {total} in ModelCreated", created.arena_used_bytes
        )
        report = subject.housekeeping()
        found = (report.models, report.arena_used_bytes)
        require(found == (number, total), f"{number} models and {total} bytes in housekeeping", found)


@check(
    "housekeeping.counts_frames",
    clause="Telemetry: Housekeeping",
    hint="count intact frames of every type, runs that are none, frames out of order, and frames sent again",
)
def counts_frames(subject: Subject) -> None:
    """Frames received, corrupt, out of order and sent again are counted one by one."""
    talk = subject.talk
    talk.settle()
    before = subject.housekeeping()
    talk.settle()
    for _ in range(5):
        talk.wire.write(b"\0\5abcd\0")
    behind = talk.frame(FrameType.DATA, talk.pack(AreYouAlive())[0], sequence=(talk.sequence - 1) % 0x10000)
    for _ in range(3):
        talk.wire.write(behind)
    after = subject.housekeeping()
    found = _grown(before, after, "frames_corrupt", "frames_out_of_order")
    require(found == (5, 3), "5 corrupt frames more and 3 out of order", found)
    received = _grown(before, after, "frames_received")[0]
    require(received > 3, "more than 3 frames received meanwhile", received)
    talk.acknowledge()
    talk.hold()
    talk.wire.write(talk.frame(FrameType.DATA, talk.pack(AreYouAlive(), ACKNOWLEDGE_NONE)[0]))
    talk.sequence += 1
    talk.poll()
    talk.wire.write(talk.frame(FrameType.REJECT))
    again = sum(item.packet is not None for item in talk.poll())
    talk.acknowledge()
    resent = _grown(after, subject.housekeeping(), "frames_resent")[0]
    require(resent == again == 1, "1 frame sent again, and counted", f"{again} sent again, {resent} counted")


def _grown(before: Housekeeping, after: Housekeeping, *names: str) -> tuple[int, ...]:
    return tuple(getattr(after, name) - getattr(before, name) for name in names)


@check(
    "housekeeping.counts_rows",
    clause="Telemetry: Housekeeping",
    hint="next_row is the row expected next, which ConfigureStream sets and every row of Samples moves",
)
def counts_rows(subject: Subject) -> None:
    """The next row is where ConfigureStream put it, and goes up by one for every row."""
    recipe = subject.stream_recipe()
    messages: list[Message] = [recipe.configure(next_row=1000), recipe.create()]
    for message in messages:
        subject.talk.demand(message)
    next_row = subject.housekeeping().next_row
    require(next_row == 1000, "next row 1000 as configured", next_row)
    stream(subject.talk, make_rows(subject, 25, channels=recipe.channels), first_row=1000)
    next_row = subject.housekeeping().next_row
    require(next_row == 1025, "next row 1025 after 25 rows", next_row)


CHECKS = (structure, only_structure_1, never_falls, begins_anew, arena_is_the_sum, counts_frames, counts_rows)
