"""Protection, where a payload offers it. Upsets cannot be made over the line, so what mends them is not seen here."""

from __future__ import annotations

from collections.abc import Sequence

from bench.conform.check import NotApplicable, check, require
from bench.conform.heard import Answer, Event, code_name
from bench.conform.models import dump, load, place_bytes
from bench.conform.rows import Reported, Row, make_rows, predict, stream
from bench.conform.subject import Recipe, Subject
from firmware_if.messages import (
    ArrayType,
    ConfigureStream,
    EventId,
    FaultAction,
    LoadMemory,
    Message,
    Mode,
    ModelCreated,
    ModelProtected,
    OpenDataSet,
    Operation,
    ProtectBank,
    ProtectionReport,
    ProtectModel,
    RequestProtection,
    RequestStatistics,
    Statistics,
    TrainEpoch,
)
from firmware_if.packets import crc16

_ROWS = 20
_BOUND = 1e6
_WILD = b"\x7b"
"""Repeated, a real beyond the bound in either width and byte order: 1.3e36 and 1e286."""
_INFINITE = float("inf")
_EVERY = 5
"""Rows between two checkpoints."""


def _code(answer: Answer) -> str:
    return code_name(answer.failure.code) if answer.failure is not None else answer.describe()


def _events(answer: Answer) -> list[Event]:
    return [packet.message for packet in answer.packets if isinstance(packet.message, Event)]


def _numbers(events: list[Event], wanted: EventId) -> list[int]:
    return [event.number for event in events if event.event == wanted]


def _report(subject: Subject) -> ProtectionReport:
    """Raise NotApplicable for a payload without protections."""
    answer = subject.talk.ask(RequestProtection())
    if _code(answer) == "UNKNOWN_SERVICE":
        raise NotApplicable("it has no protections")
    require(answer.failure is None, "that RequestProtection is carried out", answer.describe())
    found = [message for message in answer.messages if isinstance(message, ProtectionReport)]
    require(len(found) == len(answer.messages) == 1, "one ProtectionReport and nothing else", answer.describe())
    return found[0]


def _protect(subject: Subject, request: ProtectModel) -> ModelProtected:
    """Raise NotApplicable where there is no room."""
    answer = subject.talk.ask(request)
    if _code(answer) == "ARENA_FULL":
        raise NotApplicable("its arena has no room for a protected model")
    found = [message for message in answer.messages if isinstance(message, ModelProtected)]
    require(answer.failure is None and len(found) == 1, "one ModelProtected", answer.describe())
    require(found[0].model == request.model, f"ModelProtected of model {request.model}", found[0].model)
    return found[0]


def _guard(model: int, copies: int, action: FaultAction = FaultAction.STOP, *, bound: float = 0.0) -> ProtectModel:
    return ProtectModel(model, copies, 1, int(bound > 0), bound, action)


def _make(subject: Subject, recipe: Recipe, count: int) -> list[ModelCreated]:
    subject.talk.demand(recipe.configure())
    return [subject.create(recipe.create()) for _ in range(count)]


def _wild_state(subject: Subject, created: ModelCreated) -> bytes:
    """Its state, but for one real beyond the bound, which is loaded."""
    reals = [p for p in created.arrays if p.type in (ArrayType.F32, ArrayType.F64) and p.count]
    if not reals:
        raise NotApplicable("its learner has no reals in its state")
    width = place_bytes(reals[0]) // reals[0].count
    load(subject, created, _WILD * width, address=reals[0].offset)
    return dump(subject, created)


@check(
    "protection.report",
    clause="Protection",
    hint="every count begins at 0 with ResetBank, and there is one report for each request",
)
def report(subject: Subject) -> None:
    """After ResetBank one ProtectionReport says that nothing is protected, nothing was seen and nothing is kept."""
    found = _report(subject)
    require(found == ProtectionReport(*[0] * 14), "a report of zeros", found)


@check(
    "protection.says_what_it_takes",
    clause="Telemetry: ModelProtected",
    hint="guarded is all that training reads and writes: parameters, state, scratch; each copy more is as large",
)
def says_what_it_takes(subject: Subject) -> None:
    """ModelProtected says how much is guarded, the state at least, and the arena holds each copy beside the rest."""
    _report(subject)
    for copies in (1, 2, 3):
        subject.reset()
        created = subject.make(subject.any_recipe())
        answer = _protect(subject, _guard(created.model, copies))
        least = created.state_bytes
        require(answer.guarded_bytes >= least, f"at least {least} guarded bytes", answer.guarded_bytes)
        least = (copies - 1) * answer.guarded_bytes
        require(answer.arena_bytes >= least, f"at least {least} bytes of arena for {copies} copies", answer.arena_bytes)
        used = created.arena_used_bytes + answer.arena_bytes
        counted = (answer.arena_used_bytes, subject.housekeeping().arena_used_bytes)
        require(counted == (used, used), f"{used} bytes of arena used, in both reports", counted)


@check(
    "protection.refuses_the_impossible",
    clause="Telecommands: ProtectModel",
    hint="look at every field, at what is protected already and at rows that were trained on, before anything changes",
)
def refuses_the_impossible(subject: Subject) -> None:
    """What cannot be meant is refused by its code, and leaves model and arena as they were."""
    _report(subject)
    recipe = subject.stream_recipe()
    first, second = _make(subject, recipe, 2)
    used = subject.housekeeping().arena_used_bytes
    stop = FaultAction.STOP
    refused: list[tuple[Message, str]] = [
        (ProtectModel(2, 3, 1, 0, 0.0, stop), "UNKNOWN_MODEL"),
        (ProtectModel(0, 0, 1, 0, 0.0, stop), "PROTECTION"),
        (ProtectModel(0, 4, 1, 0, 0.0, stop), "PROTECTION"),
        (ProtectModel(0, 2, 2, 0, 0.0, stop), "PROTECTION"),
        (ProtectModel(0, 2, 1, 2, 1.0, stop), "PROTECTION"),
        (ProtectModel(0, 2, 1, 1, float("nan"), stop), "PROTECTION"),
        (ProtectModel(0, 2, 1, 1, -1.0, stop), "PROTECTION"),
        (ProtectModel(0, 2, 1, 0, 0.0, 0), "PROTECTION"),
        (ProtectModel(0, 2, 1, 0, 0.0, 9), "PROTECTION"),
        (ProtectBank(0, 2), "PROTECTION"),
    ]
    for message, code in refused:
        answer = subject.talk.ask(message)
        require(_code(answer) == code, f"{message} refused as {code}", _code(answer))
    counted = subject.housekeeping().arena_used_bytes
    require(counted == used, f"{used} bytes of arena used, as before", counted)
    _protect(subject, _guard(first.model, 2))
    answer = subject.talk.ask(_guard(first.model, 2))
    require(_code(answer) == "PROTECTION", "a second ProtectModel refused as PROTECTION", _code(answer))
    stream(subject.talk, make_rows(subject, 1, channels=recipe.channels))
    answer = subject.talk.ask(_guard(second.model, 2))
    require(_code(answer) == "STREAM_ACTIVE", "ProtectModel after a row refused as STREAM_ACTIVE", _code(answer))


@check(
    "protection.learns_the_same",
    clause="Protection",
    hint="a guard compares and copies around a row; it changes nothing of what the learner does or counts",
    deadline_s=60.0,
)
def learns_the_same(subject: Subject) -> None:
    """A guarded model learns what its plain twin learns, bit for bit, and tells its checks and what they cost."""
    _report(subject)
    recipe = subject.stream_recipe()
    plain, *guarded = _make(subject, recipe, 4)
    for copies, created in enumerate(guarded, start=1):
        _protect(subject, _guard(created.model, copies, bound=_INFINITE))
    reported = stream(subject.talk, make_rows(subject, _ROWS, channels=recipe.channels))
    for digits in zip(reported.predictions, reported.updated, strict=True):
        require(all(len(set(d)) == 1 for d in digits), "the same prediction and update of every model", digits)
    state = dump(subject, plain)
    for created in guarded:
        found = dump(subject, created)
        require(found == state, f"the state of model {created.model} as that of its plain twin", found.hex())
    _check_costs(subject, [created.model for created in guarded])
    seen = _report(subject)
    require(seen.checks >= _ROWS, f"at least {_ROWS} checks", seen.checks)
    require(seen.scrubs <= seen.checks, "no more scrubs than checks", seen)
    nothing = (seen.corrected, seen.corrupt, seen.out_of_range, seen.rolled_back, seen.stopped)
    require(nothing == (0, 0, 0, 0, 0), "nothing corrected, corrupt, out of range, rolled back or stopped", seen)


def _check_costs(subject: Subject, guarded: list[int]) -> None:
    """PROTECT is a sum of guarded models alone, one count for each row."""
    reports = [a for a in subject.talk.demand(RequestStatistics()) if isinstance(a, Statistics)]
    counts = {r.model: s.count for r in reports for s in r.sums if s.operation == Operation.PROTECT}
    wanted = dict.fromkeys(guarded, _ROWS)
    require(counts == wanted, f"counts of PROTECT, by model: {wanted}", counts)


@check(
    "protection.acts_on_the_range",
    clause="Telecommands: ProtectModel",
    hint="after a row that changed the model compare every real with the bound, then do what the action says",
)
def acts_on_the_range(subject: Subject) -> None:
    """A real beyond the bound after a row is told; the model trains on, goes back to before the row, or stops."""
    _report(subject)
    recipe = subject.stream_recipe()
    created = _make(subject, recipe, 3)
    for model, action in zip(created, FaultAction, strict=True):
        _protect(subject, _guard(model.model, 2, action, bound=_BOUND))
    counts, back, stops = created
    wild = [_wild_state(subject, model) for model in created]
    rows = make_rows(subject, _ROWS, channels=recipe.channels)
    reported = _stream_singly(subject, rows)
    if "1" not in {digits[0] for digits in reported.updated}:
        raise NotApplicable("no row changed a model with so large a value")
    found = _report(subject)
    _check_told(reported, found)
    after = dump(subject, counts)
    require(after != wild[0], "that a model whose action is COUNT trains on", "the state that was loaded")
    after = dump(subject, back)
    require(after == wild[1], "the state before the row of a model whose action is ROLL_BACK", after.hex())
    stopped = dump(subject, stops)
    _stream_singly(subject, rows, first_row=_ROWS)
    after = dump(subject, stops)
    require(after == stopped, "that a stopped model trains no more", after.hex())
    predict(subject.talk, rows[:3], outputs=(1, 1, 1))
    data = bytes(stops.state_bytes)
    subject.talk.demand(LoadMemory(stops.model, 1, 0, data[:896], crc16(data[:896])))
    left = _report(subject).stopped
    require(left == 0, "that LoadMemory lets a stopped model train again", f"{left} stopped models")


def _stream_singly(subject: Subject, rows: Sequence[Row], *, first_row: int = 0) -> Reported:
    """Row by row: a payload whose window is full of events answers polls before it has done with all rows."""
    together = Reported()
    for number, row in enumerate(rows, first_row):
        one = stream(subject.talk, [row], first_row=number)
        together.updated += one.updated
        together.events += one.events
    return together


def _check_told(reported: Reported, found: ProtectionReport) -> None:
    """Events and counts of one model that counts, one that rolls back, and one that stops."""
    told = {number & 0xFF for number in _numbers(reported.events, EventId.STATE_OUT_OF_RANGE)}
    require(told == {0, 1, 2}, "STATE_OUT_OF_RANGE of models 0, 1 and 2", told)
    back = _numbers(reported.events, EventId.ROLLED_BACK)
    once = back and set(back) == {1 << 24 | 1}
    require(once, f"ROLLED_BACK of model 1 and one row each time, {1 << 24 | 1}", back)
    ended = _numbers(reported.events, EventId.TRAINING_STOPPED)
    require(ended == [2], "TRAINING_STOPPED of model 2, once", ended)
    require(found.stopped == 1, "a report of 1 stopped model", found)
    require(found.rolled_back >= len(back), f"at least {len(back)} times rolled back", found)
    require(found.out_of_range >= found.rolled_back + 2, "a count of each step out of range", found)
    require((found.corrected, found.corrupt) == (0, 0), "nothing corrected or corrupt", found)


@check(
    "protection.stopped_refuses_epochs",
    clause="Telecommands: ProtectModel",
    hint="TrainEpoch of a model that was stopped is refused; it still predicts",
)
def stopped_refuses_epochs(subject: Subject) -> None:
    """In batch mode a model that was stopped refuses TrainEpoch as TRAINING_STOPPED, and no checkpoint is kept."""
    _report(subject)
    recipe = subject.batch_recipe()
    [created] = _make(subject, recipe, 1)
    _protect(subject, _guard(created.model, 1, bound=_BOUND))
    answer = subject.talk.ask(ProtectBank(_EVERY, 0))
    require(_code(answer) == "MODE", "ProtectBank refused as MODE", _code(answer))
    subject.talk.demand(OpenDataSet(_ROWS))
    stream(subject.talk, make_rows(subject, _ROWS, channels=recipe.channels))
    _wild_state(subject, created)
    told = _events(subject.talk.ask(TrainEpoch(created.model, 0)))
    ended = _numbers(told, EventId.TRAINING_STOPPED)
    require(ended == [created.model], f"TRAINING_STOPPED of model {created.model}", told)
    state = dump(subject, created)
    answer = subject.talk.ask(TrainEpoch(created.model, 1))
    require(_code(answer) == "TRAINING_STOPPED", "TrainEpoch refused as TRAINING_STOPPED", _code(answer))
    require(dump(subject, created) == state, "the state of a stopped model as it was", "another one")


@check(
    "protection.resumes",
    clause="Protection",
    hint="a checkpoint holds configuration, models, their protection and memory; a start makes them anew from it",
    deadline_s=60.0,
    restarts=True,
)
def resumes(subject: Subject) -> None:
    """A payload with storage goes on from its last checkpoint after a restart, and has forgotten it after ResetBank."""
    _report(subject)
    talk = subject.talk
    answer = talk.ask(ProtectBank(_EVERY, 0))
    require(_code(answer) == "NOT_CONFIGURED", "ProtectBank of no bank refused as NOT_CONFIGURED", _code(answer))
    recipe = subject.stream_recipe()
    created = _make(subject, recipe, 2)
    _protect(subject, _guard(created[1].model, 3))
    answer = talk.ask(ProtectBank(_EVERY, 0))
    if _code(answer) == "STORAGE":
        raise NotApplicable("it has no storage for checkpoints, or too little")
    require(answer.failure is None, "that ProtectBank is carried out", answer.describe())
    rows = make_rows(subject, 2 * _EVERY + 2, channels=recipe.channels)
    stream(talk, rows[: 2 * _EVERY])
    states = [dump(subject, model) for model in created]
    stream(talk, rows[2 * _EVERY :], first_row=2 * _EVERY)
    written = _report(subject)
    kept = (written.rows, written.written, written.failed, written.next_row)
    wanted = (_EVERY, 3, 0, 2 * _EVERY)
    require(kept == wanted, f"rows between two, written, failed, next row: {wanted}", kept)
    subject.restart()
    talk.greet(timeout_s=5.0)
    answer = talk.ask(RequestProtection())
    resumed = _numbers(_events(answer), EventId.RESUMED)
    require(resumed == [2 * _EVERY], f"RESUMED with the next row, {2 * _EVERY}", answer.describe())
    require(_report(subject).resumed == 1, "a report that says resumed", _report(subject))
    found = [dump(subject, model) for model in created]
    require(found == states, "the states of the last checkpoint", [state.hex() for state in found])
    again = talk.ask(ConfigureStream(recipe.channels, 2 * _EVERY, (-1, 1), Mode.STREAM))
    require(again.failure is None, "that the stream goes on at that row", again.describe())
    stream(talk, rows[2 * _EVERY :], first_row=2 * _EVERY)
    subject.reset()
    subject.restart()
    talk.greet(timeout_s=5.0)
    require(subject.housekeeping().models == 0, "no models after ResetBank and a restart", "some")


CHECKS = (
    report,
    says_what_it_takes,
    refuses_the_impossible,
    learns_the_same,
    acts_on_the_range,
    stopped_refuses_epochs,
    resumes,
)
