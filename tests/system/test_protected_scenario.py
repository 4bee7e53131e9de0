"""A scenario in which a guarded model trains beside its plain twin, over a restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.protection import Protection
from bench.scenario import ModelSpec
from bench.trace import ModelDumped, StatisticsReported, TargetFailed
from bench.transport import make_process
from tests.system.test_session import SCENARIO, altered, carry_out

PLAIN = ModelSpec("plain", "arow", "orbitai-3d", "flight")
FULL = Protection(copies=3, checksum=True, bound=1e6)
GUARDED = replace(PLAIN, name="guarded", protection=FULL)


@pytest.mark.parametrize("protection", [FULL, Protection(copies=2), Protection(checksum=True, action="stop")])
def test_a_guarded_model_learns_what_its_plain_twin_learns(host_payload: Path, protection: Protection) -> None:
    scenario = replace(SCENARIO, models=(PLAIN, replace(GUARDED, protection=protection)))
    outcome, trace = carry_out(make_process(host_payload), scenario)
    assert outcome == "completed", [entry for entry in trace if isinstance(entry, TargetFailed)]
    dumps = [entry for entry in trace if isinstance(entry, ModelDumped)]
    assert [(dump.name, dump.end_row) for dump in dumps] == [(n, r) for r in (80, 160) for n in ("plain", "guarded")]
    for plain, guarded in zip(dumps[::2], dumps[1::2], strict=True):
        assert (plain.state, plain.updates) == (guarded.state, guarded.updates)
    statistics = [entry for entry in trace if isinstance(entry, StatisticsReported)][-1]
    assert ["protect" in model.operations for model in statistics.models] == [False, True]


def test_a_protection_that_does_not_fit_is_a_verdict(tiny_payload: Path) -> None:
    scenario = replace(SCENARIO, models=(replace(GUARDED, learner="adam", features="orbitai-5d"),))
    outcome, trace = carry_out(make_process(tiny_payload), scenario)
    assert outcome == "target_failed"
    [failure] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    assert "the payload refused to protect model guarded: " in failure.reason


def test_an_answer_for_another_model_is_a_verdict(host_payload: Path) -> None:
    line = altered(host_payload, (128, 22), lambda fields: bytes([fields[0] ^ 1]) + fields[1:])
    outcome, trace = carry_out(line, replace(SCENARIO, models=(GUARDED,)))
    assert outcome == "target_failed"
    [failure] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    assert "the payload broke the contract: no ModelProtected for handle 0" in failure.reason
