"""Resets: an empty bank, and a start anew."""

from bench.conform.check import check, require
from bench.conform.heard import code_name
from bench.conform.rows import Row, stream
from bench.conform.subject import Subject
from firmware_if.messages import (
    AreYouAlive,
    DumpMemory,
    FrameType,
    Message,
    Predict,
    RequestStatistics,
    ResetBank,
    Samples,
    Statistics,
)

_STARTS = 3


@check(
    "reset.empties_the_bank",
    clause="Telecommands: ResetBank",
    hint="models, mappings, arena, data set, configuration, next row and sums all go",
)
def empties_the_bank(subject: Subject) -> None:
    """ResetBank leaves no model, no configuration, no row and no sum."""
    talk = subject.talk
    recipe = subject.any_recipe()
    subject.make(recipe)
    talk.demand(ResetBank())
    report = subject.housekeeping()
    found = (report.models, report.arena_used_bytes, report.data_used_bytes, report.next_row)
    require(found == (0, 0, 0, 0), "no models, arena used, data used, next row", found)
    row = Row(1, (0.5,) * recipe.channels)
    refused: dict[str, Message] = {
        "UNKNOWN_MODEL": DumpMemory(0, 1, 0, 1),
        "NOT_CONFIGURED": Samples(0, row.record()),
    }
    for code, message in refused.items():
        answer = talk.ask(message)
        found_code = code_name(answer.failure.code) if answer.failure is not None else answer.describe()
        require(found_code == code, f"{type(message).__name__} refused as {code}", found_code)
    answer = talk.ask(Predict(0, row.scored()))
    require(answer.failure is not None, "that Predict is refused", answer.describe())
    reports = [a for a in talk.demand(RequestStatistics()) if isinstance(a, Statistics)]
    counts = [(report.model, [s.count for s in report.sums]) for report in reports]
    right = len(counts) == 1 and counts[0][0] == 255 and not any(counts[0][1])
    require(right, "statistics of the bank alone, all counts 0", counts)


@check(
    "reset.frees_the_arena",
    clause="Telecommands: ResetBank",
    hint="the arena is given back as a whole; nothing of an earlier bank stays taken",
)
def frees_the_arena(subject: Subject) -> None:
    """However often a bank is made, trained and reset, the next one has as much room, and learns as the first did."""
    recipe = subject.stream_recipe()
    rows = [Row(1 if n % 2 else -1, (0.25 * (n % 7), *(0.5,) * (recipe.channels - 1))) for n in range(10)]
    first: tuple[int, list[str]] | None = None
    for _ in range(30):
        created = subject.make(recipe)
        reported = stream(subject.talk, rows)
        found = (created.arena_used_bytes, reported.predictions)
        first = first or found
        require(found == first, f"the same arena and predictions {first}", found)
        subject.reset()


@check(
    "reset.restart_says_hello",
    clause="Telecommands: Restart",
    hint="restart the whole machine, and say Hello with tag 0 and nonce 0 as at every start",
    deadline_s=40.0,
    restarts=True,
)
def restart_says_hello(subject: Subject) -> None:
    """After Restart the payload says Hello by itself, with tag 0 and nonce 0, and then has another nonce each time."""
    talk = subject.talk
    nonces = [talk.peer]
    for _ in range(_STARTS):
        subject.restart()
        talk.greet(timeout_s=5.0)
        nonces.append(talk.peer)
    require(len(set(nonces)) == len(nonces), "another nonce after each start", nonces)


@check(
    "reset.restart_forgets",
    clause="Telecommands: Restart",
    hint="everything is as after power-on: bank, link, counters, time",
    deadline_s=30.0,
    restarts=True,
)
def restart_forgets(subject: Subject) -> None:
    """After Restart the bank is empty, counters and time begin anew, and there is full credit."""
    talk = subject.talk
    credit = talk.credit
    subject.make(subject.any_recipe())
    for _ in range(50):
        talk.demand(AreYouAlive())
    before = subject.housekeeping()
    subject.restart()
    header = talk.greet(timeout_s=5.0).header
    stands = (header.sequence, header.ack, header.credit)
    require(stands == (0, 0, credit), f"sequence, ack and credit {(0, 0, credit)}", stands)
    after = subject.housekeeping()
    found = (after.models, after.arena_used_bytes, after.next_row)
    require(found == (0, 0, 0), "no models, arena used, next row", found)
    fewer = after.frames_received < before.frames_received
    require(fewer, f"fewer frames received than {before.frames_received}", after.frames_received)


@check(
    "reset.session_after_restart",
    clause="Sessions",
    hint="a bench that still has the old nonce is answered by a Hello that shows that all has gone",
    restarts=True,
)
def session_after_restart(subject: Subject) -> None:
    """A bench that missed the start sees it: its frames are answered by a Hello with another nonce."""
    talk = subject.talk
    old = talk.peer
    subject.restart()
    talk.wire.write(talk.frame(FrameType.STATUS, tag=old, poll=talk.new_poll()))
    heard = talk.listen(
        lambda item: item.type == FrameType.HELLO, what="Hello in answer to a poll for an earlier start"
    )
    nonce = int.from_bytes(heard[-1].frame.body[30:34], "big")
    require(nonce != old, "another nonce than before", nonce)


CHECKS = (empties_the_bank, frees_the_arena, restart_says_hello, restart_forgets, session_after_restart)
