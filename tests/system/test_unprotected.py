"""A payload that was built without guards, checkpoints and watchdog: it says so, and trains as the whole one does."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from bench.build import build_firmware
from bench.protection import Protection
from bench.target import Target, load_target
from bench.trace import TargetFailed
from bench.transport import Transport, make_process
from firmware_if.messages import (
    AreYouAlive,
    FailureCode,
    FaultAction,
    Message,
    Operation,
    ProtectBank,
    ProtectModel,
    RequestProtection,
    RequestStatistics,
    ResetBank,
    Statistics,
)
from tests.system.emulated import CORTEX_M, build, start
from tests.system.guarded import Payload, create, rows
from tests.system.test_protected_scenario import GUARDED
from tests.system.test_session import SCENARIO, carry_out

LEARNERS = [("arow", "f32"), ("arow", "flight"), ("adam", "f64"), ("pa", "f32"), ("scw", "f64")]
ROWS, PACKET_ROWS = 200, 10
REFUSED: list[Message] = [ProtectModel(0, 3, 1, 0, 0, FaultAction.STOP), ProtectBank(10, 0), RequestProtection()]


@pytest.fixture(scope="module")
def unprotected_payload() -> Path:
    return build_firmware("host", sanitize=True, protection=False).elf


def without(target: Target) -> Target:
    return replace(target, capabilities=target.capabilities - {"protection"})


def train(line: AbstractContextManager[Transport]) -> tuple[list[bytes], list[Statistics]]:
    """State and sums of every model after the same rows."""
    with line as opened:
        payload = Payload(opened)
        created = [payload.create(create(*learner)) for learner in LEARNERS]
        for first in range(0, ROWS, PACKET_ROWS):
            payload.done(rows(first, PACKET_ROWS))
        states = [payload.dump(model)[0] for model in created]
        sums = [answer for answer in payload.done(RequestStatistics()) if isinstance(answer, Statistics)]
    return states, sums


def test_its_telecommands_are_unknown_to_it(unprotected_payload: Path) -> None:
    with make_process(unprotected_payload) as line:
        payload = Payload(line)
        payload.create(create("arow", "f64"))
        for refused in REFUSED:
            number = refused.SERVICE << 8 | refused.SUBTYPE
            assert payload.refused(refused) == (FailureCode.UNKNOWN_SERVICE, number)
        payload.done(rows(0, PACKET_ROWS))
        payload.done(AreYouAlive())
        payload.done(ResetBank())


def test_it_learns_what_the_whole_one_learns(unprotected_payload: Path, sanitized_payload: Path) -> None:
    assert train(make_process(unprotected_payload))[0] == train(make_process(sanitized_payload))[0]


def test_a_protected_model_is_a_verdict_with_a_hint(unprotected_payload: Path) -> None:
    outcome, trace = carry_out(
        make_process(unprotected_payload),
        replace(SCENARIO, models=(replace(GUARDED, protection=Protection(copies=2)),)),
    )
    assert outcome == "target_failed"
    [failure] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    assert failure.reason.startswith("the payload refused to protect model guarded: no such service")
    assert "this payload was built without protections" in failure.hint


@pytest.mark.parametrize("name", CORTEX_M)
def test_protections_cost_a_plain_model_nothing(name: str) -> None:
    """In a measured call at most the one instruction that takes the stamp's address (docs/benchmarks.md)."""
    target = load_target(name)
    plain = without(target)
    states, sums = train(start(plain, build(plain)))
    whole_states, whole_sums = train(start(target, build(target)))
    assert states == whole_states
    for one, other in zip(sums[: len(LEARNERS)], whole_sums[: len(LEARNERS)], strict=True):
        for mine, theirs in zip(one.sums, other.sums, strict=True):
            assert (mine.operation, mine.count) == (theirs.operation, theirs.count)
            if mine.operation in {Operation.TRAIN, Operation.PREDICT, Operation.FEATURE}:
                assert (mine.sum - theirs.sum) / mine.count in {-1, 0, 1}
