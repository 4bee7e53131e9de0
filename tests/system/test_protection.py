"""A payload that guards its models: bits of its memory are turned over from outside while it trains."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.transport import make_process
from firmware_if.messages import (
    EventId,
    FailureCode,
    FaultAction,
    LoadMemory,
    Operation,
    ProtectModel,
    RequestStatistics,
    Statistics,
)
from firmware_if.packets import crc16
from tests.system.guarded import SEED, Payload, create, events, rows
from tests.system.process_memory import find, flip

FEW, MORE = 30, 25
LEARNERS = [("arow", "f64"), ("adam", "f64"), ("scw", "f32"), ("pa_ii", "flight")]


@pytest.fixture
def payload(sanitized_payload: Path) -> Iterator[Payload]:
    with make_process(sanitized_payload) as line:
        yield Payload(line)


@pytest.mark.parametrize(("learner", "arithmetic"), LEARNERS)
@pytest.mark.parametrize(("copies", "checksum"), [(3, 0), (3, 1), (2, 1)])
def test_an_upset_in_any_copy_is_mended_and_told(
    payload: Payload, learner: str, arithmetic: str, copies: int, checksum: int
) -> None:
    plain = payload.create(create(learner, arithmetic))
    guarded = payload.create(create(learner, arithmetic))
    payload.protect(guarded.model, copies, checksum, action=FaultAction.STOP)
    payload.done(rows(0, FEW))
    state, _ = payload.dump(guarded)
    assert state == payload.dump(plain)[0]
    places = find(payload.pid, state)
    assert len(places) == 1 + copies, "the plain model's state and the guarded one's copies"
    row = FEW
    draw = random.Random(SEED)
    for place in places[1:]:
        flip(payload.pid, place + draw.randrange(len(state)), draw.randrange(8))
        told = events(payload.done(rows(row, MORE)))
        assert told == [(EventId.STATE_CORRECTED, guarded.model)]
        row += MORE
        assert payload.dump(guarded) == (payload.dump(plain)[0], [])
        places = find(payload.pid, payload.dump(guarded)[0])
    report = payload.report()
    assert (report.corrected, report.corrupt, report.stopped, report.rolled_back) == (copies, 0, 0, 0)


@pytest.mark.parametrize(("copies", "checksum"), [(1, 1), (2, 0)])
@pytest.mark.parametrize("action", [FaultAction.STOP, FaultAction.ROLL_BACK, FaultAction.COUNT])
def test_what_cannot_be_mended_is_told_and_acted_on(
    payload: Payload, copies: int, checksum: int, action: FaultAction
) -> None:
    guarded = payload.create(create("arow", "f64"))
    payload.protect(guarded.model, copies, checksum, action=action)
    payload.done(rows(0, FEW))
    state, _ = payload.dump(guarded)
    flip(payload.pid, find(payload.pid, state)[0] + 1, 3)
    stopped = action != FaultAction.COUNT
    corrupt, stop = (EventId.STATE_CORRUPT, guarded.model), (EventId.TRAINING_STOPPED, guarded.model)
    damaged, told = payload.dump(guarded)
    assert told == ([corrupt, stop] if stopped else [corrupt])
    assert damaged != state
    assert events(payload.done(rows(FEW, MORE))) == []
    after, told = payload.dump(guarded)
    assert (after == damaged, told) == (stopped, [])
    report = payload.report()
    assert (report.corrupt, report.stopped, report.corrected) == (1, int(stopped), 0)
    payload.done(LoadMemory(guarded.model, 1, 0, state, crc16(state)))
    payload.done(rows(FEW + MORE, MORE))
    assert payload.dump(guarded)[0] not in (state, damaged), "a model that was loaded trains again"
    assert payload.report().stopped == 0


@pytest.mark.parametrize("action", FaultAction)
@pytest.mark.parametrize("copies", [1, 2])
def test_a_value_out_of_range_is_told_and_acted_on(payload: Payload, action: FaultAction, copies: int) -> None:
    guarded = payload.create(create("arow", "f64"))
    payload.protect(guarded.model, copies, 0, action=action, bound=10.0)
    payload.done(rows(0, FEW))
    state, _ = payload.dump(guarded)
    wild = struct.pack("=d", 1e30) + state[8:]
    payload.done(LoadMemory(guarded.model, 1, 0, wild, crc16(wild)))
    told = events(payload.done(rows(FEW, 1)))
    expected = [(EventId.STATE_OUT_OF_RANGE, guarded.model)]
    if action == FaultAction.ROLL_BACK and copies > 1:
        expected.append((EventId.ROLLED_BACK, guarded.model << 24 | 1))
    elif action != FaultAction.COUNT:
        expected.append((EventId.TRAINING_STOPPED, guarded.model))
    assert told == expected
    again = events(payload.done(rows(FEW + 1, MORE)))
    if action == FaultAction.ROLL_BACK and copies > 1:
        assert set(again) <= set(expected)
        assert payload.dump(guarded)[0] == wild
    else:
        assert again == []
    assert payload.report().out_of_range >= 1


def test_nan_is_out_of_any_range(payload: Payload) -> None:
    guarded = payload.create(create("arow", "f64"))
    payload.protect(guarded.model, 1, 0, action=FaultAction.STOP, bound=math.inf)
    state, _ = payload.dump(guarded)
    wild = struct.pack("=d", math.nan) + state[8:]
    payload.done(LoadMemory(guarded.model, 1, 0, wild, crc16(wild)))
    told = events(payload.done(rows(0, 1)))
    assert (EventId.STATE_OUT_OF_RANGE, 0) in told or (EventId.TRAINING_STOPPED, 0) in told


def test_a_guarded_model_says_what_it_takes_and_costs(payload: Payload) -> None:
    payload.create(create("arow", "f64"))
    guarded = payload.create(create("adam", "f64"))
    answer = payload.protect(guarded.model, 3, 1, action=FaultAction.ROLL_BACK, bound=1e6)
    parameters, scratch = 5 * 8, 7 * 8
    assert answer.guarded_bytes == guarded.state_bytes + parameters + scratch
    assert answer.arena_bytes >= 2 * answer.guarded_bytes
    assert answer.arena_used_bytes == guarded.arena_used_bytes + answer.arena_bytes
    payload.done(rows(0, FEW))
    sums = {
        a.model: {s.operation: s for s in a.sums}
        for a in payload.done(RequestStatistics())
        if isinstance(a, Statistics)
    }
    assert Operation.PROTECT not in sums[0]
    assert sums[1][Operation.PROTECT].count == FEW
    report = payload.report()
    assert report.checks >= FEW
    assert (report.corrected, report.corrupt) == (0, 0)


@pytest.mark.parametrize(
    ("request_", "code", "number"),
    [
        (ProtectModel(1, 3, 1, 0, 0, FaultAction.STOP), FailureCode.UNKNOWN_MODEL, 1),
        (ProtectModel(0, 0, 1, 0, 0, FaultAction.STOP), FailureCode.PROTECTION, 0),
        (ProtectModel(0, 4, 1, 0, 0, FaultAction.STOP), FailureCode.PROTECTION, 4),
        (ProtectModel(0, 3, 2, 0, 0, FaultAction.STOP), FailureCode.PROTECTION, 0),
        (ProtectModel(0, 3, 0, 1, math.nan, FaultAction.STOP), FailureCode.PROTECTION, 1),
        (ProtectModel(0, 3, 0, 1, -1.0, FaultAction.STOP), FailureCode.PROTECTION, 1),
        (ProtectModel(0, 3, 0, 0, 0, 9), FailureCode.PROTECTION, 9),
    ],
)
def test_no_such_protection(payload: Payload, request_: ProtectModel, code: FailureCode, number: int) -> None:
    payload.create(create("arow", "f64"))
    assert payload.refused(request_) == (code, number)


def test_a_model_is_protected_once_and_before_the_first_sample(payload: Payload) -> None:
    payload.create(create("arow", "f64"))
    payload.create(create("arow", "f64"))
    payload.protect(0, 2, 0, action=FaultAction.COUNT)
    assert payload.refused(ProtectModel(0, 2, 0, 0, 0, FaultAction.COUNT)) == (FailureCode.PROTECTION, 0)
    payload.done(rows(0, 1))
    assert payload.refused(ProtectModel(1, 2, 0, 0, 0, FaultAction.COUNT)) == (FailureCode.STREAM_ACTIVE, 1)


def test_a_protection_that_does_not_fit_leaves_the_arena_as_it_was(tiny_payload: Path) -> None:
    with make_process(tiny_payload) as line:
        payload = Payload(line)
        created = payload.create(create("adam", "f64"))
        code, left = payload.refused(ProtectModel(0, 3, 1, 0, 0, FaultAction.STOP))
        assert (code, left) == (FailureCode.ARENA_FULL, 1024 - created.arena_used_bytes)
        assert events(payload.done(rows(0, FEW))) == []
