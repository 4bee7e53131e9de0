"""Runs that go on with a payload that has started anew and resumed: the models are those of an undisturbed run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.measure.checkpoints import unplanned_restarts
from bench.measure.run import why_incomplete
from bench.plan import make_plan
from bench.protection import Checkpoints, Protection
from bench.scenario import ModelSpec, Scenario
from bench.session import Recorder, Session, run
from bench.session.heal import MOST_FRUITLESS
from bench.target import load_target
from bench.trace import (
    CheckpointsKept,
    Entry,
    EvaluationScored,
    ModelDumped,
    PayloadConnected,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    RunStarted,
    SamplesRepeated,
    SamplesTrained,
    TargetFailed,
)
from bench.transport import ProcessTransport, Transfer, make_process
from firmware_if.framing import Deframer, Frame
from firmware_if.messages import FrameType
from tests.system.command_line import sun_sensor

MODELS = (
    ModelSpec("a", "arow", "orbitai-3d", "flight"),
    ModelSpec("b", "adam", "identity", "f64", protection=Protection(copies=3, checksum=True)),
)
PLAIN = Scenario("made", "made", MODELS, ())
ROWS = 640
EVERY = 16
CUTS = (30, 200, 201, 480, 640)


def keeping(*cuts: int, watchdog: bool = False) -> Scenario:
    return replace(PLAIN, checkpoints=Checkpoints(EVERY, watchdog=watchdog, power_cuts=cuts))


def with_storage(elf: Path, folder: Path, *more: str) -> ProcessTransport:
    return make_process(elf, arguments=("--storage", str(folder / "storage"), *more))


def carry_out(
    line: ProcessTransport, scenario: Scenario, *, observe: Callable[[Entry], None] = lambda _: None
) -> tuple[str, list[Entry]]:
    recording = sun_sensor().rows(200, 200 + ROWS)
    clock = MonotonicClock()
    recorder = Recorder(clock, observers=(observe,))
    recorder.record(RunStarted(1, "made", "host", "sun-sensor", ROWS, {}, []))
    with line:
        session = Session(line, recording, recorder=recorder, clock=clock, target_name="host", ready_s=5.0, speed=None)
        outcome = run(make_plan(scenario, recording, target=load_target("host")), session, recorder=recorder)
    return outcome, recorder.entries


def models(trace: list[Entry]) -> dict[tuple[str, int], tuple[object, int]]:
    return {(e.name, e.end_row): (e.state, e.updates) for e in trace if isinstance(e, ModelDumped)}


def scores(trace: list[Entry]) -> list[tuple[int, list[list[float]]]]:
    return [(e.first_row, e.scores) for e in trace if isinstance(e, EvaluationScored)]


def of(trace: list[Entry], kind: type[Entry]) -> list[Entry]:
    return [entry for entry in trace if type(entry) is kind]


def failure(trace: list[Entry]) -> str:
    [entry] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    return entry.reason


def test_a_run_whose_power_is_cut_ends_with_the_same_models(host_payload: Path, tmp_path: Path) -> None:
    _, undisturbed = carry_out(make_process(host_payload), PLAIN)
    outcome, trace = carry_out(with_storage(host_payload, tmp_path), keeping(*CUTS))
    assert outcome == "completed", of(trace, TargetFailed)
    assert models(trace) == models(undisturbed)
    assert scores(trace) == scores(undisturbed)
    assert why_incomplete(trace) == ""
    assert unplanned_restarts(trace) == []
    assert len(of(trace, CheckpointsKept)) == 1
    cuts, resumed = of(trace, PowerCut), of(trace, PayloadResumed)
    assert 3 <= len(cuts) == len(resumed) == len(of(trace, PayloadRestarted)) <= len(CUTS)
    assert [entry.start for entry in trace if isinstance(entry, PayloadConnected)] == list(range(1, len(cuts) + 2))
    for entry in resumed:
        assert isinstance(entry, PayloadResumed)
        assert entry.next_row % EVERY == 0
        assert entry.lost_rows <= EVERY


def test_each_row_has_one_result_and_rows_that_are_repeated_have_the_same(host_payload: Path, tmp_path: Path) -> None:
    _, trace = carry_out(with_storage(host_payload, tmp_path), keeping(*CUTS))
    first, again = rows_of(trace, SamplesTrained), rows_of(trace, SamplesRepeated)
    assert len(first) == len({row for row, *_ in first})
    lost = [entry for entry in trace if isinstance(entry, PayloadResumed)]
    assert len(first) + sum(entry.unreported_rows for entry in lost) == ROWS
    assert set(again) <= set(first)
    assert len(again) == sum(entry.lost_rows for entry in lost)


def rows_of(trace: list[Entry], kind: type[SamplesTrained | SamplesRepeated]) -> list[tuple[int, str, str]]:
    return [
        (entry.first_row + offset, entry.predictions[offset], entry.updated[offset])
        for entry in trace
        if isinstance(entry, kind)
        for offset in range(len(entry.status))
    ]


def test_segments_and_planned_restarts_stay_what_they_are(host_payload: Path, tmp_path: Path) -> None:
    segmented = replace(PLAIN, restart_between_segments=True)
    _, undisturbed = carry_out(make_process(host_payload), segmented)
    cut = replace(segmented, checkpoints=keeping(*CUTS).checkpoints)
    outcome, trace = carry_out(with_storage(host_payload, tmp_path), cut)
    assert outcome == "completed", of(trace, TargetFailed)
    assert models(trace) == models(undisturbed)
    planned = [entry for entry in trace if isinstance(entry, PayloadRestarted) and entry.planned]
    assert len(of(trace, CheckpointsKept)) == len(planned) + 1 > 1


class CutAt(ProcessTransport):
    """Cuts the power when telecommands of these kinds, service and subtype, have been written, once each."""

    kinds: list[tuple[int, int]]
    cuts = 0
    again = False
    before_start: Callable[[], None] = staticmethod(lambda: None)

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        transfer = super().transfer(data, timeout_s)
        for item in self._frames.feed(data[: transfer.written]):
            if isinstance(item, Frame) and item.header.type == FrameType.DATA:
                kind = (item.body[7], item.body[8])
                if kind in self.kinds:
                    if not self.again:
                        self.kinds.remove(kind)
                    self.cuts += 1
                    self._end(grace_s=0.0)
                    self.before_start()
                    self.open()
                    return Transfer(transfer.written, b"")
        return transfer

    def open(self) -> None:
        self._frames = Deframer()
        super().open()


def cut_at(line: ProcessTransport, *kinds: tuple[int, int], again: bool = False) -> CutAt:
    other = CutAt(line.program, ready_s=5.0)
    other.kinds, other.again = list(kinds), again
    return other


STATISTICS, DUMP, PREDICT, HOUSEKEEPING, SAMPLES = (128, 11), (6, 5), (128, 9), (3, 27), (128, 7)


@pytest.mark.parametrize("kind", [STATISTICS, DUMP, PREDICT])
def test_the_power_may_go_in_any_step(host_payload: Path, tmp_path: Path, kind: tuple[int, int]) -> None:
    _, undisturbed = carry_out(make_process(host_payload), PLAIN)
    line = cut_at(with_storage(host_payload, tmp_path), kind)
    outcome, trace = carry_out(line, keeping())
    assert outcome == "completed", of(trace, TargetFailed)
    assert line.cuts == 1
    assert models(trace) == models(undisturbed)
    assert scores(trace) == scores(undisturbed)


def test_a_payload_that_restarts_over_and_over_is_a_verdict(host_payload: Path, tmp_path: Path) -> None:
    line = cut_at(with_storage(host_payload, tmp_path), SAMPLES, again=True)
    outcome, trace = carry_out(line, keeping())
    assert outcome == "target_failed"
    restarts = len(of(trace, PayloadRestarted))
    reached = max((row + 1 for row, *_ in rows_of(trace, SamplesTrained)), default=0)
    assert failure(trace).startswith(f"the payload restarted {restarts} times, and got no further than row ")
    assert int(failure(trace).split()[-1]) >= reached
    assert len(of(trace, PayloadResumed)) == restarts - 1
    assert restarts > MOST_FRUITLESS


def test_a_payload_that_finds_no_checkpoint_is_a_verdict(host_payload: Path, tmp_path: Path) -> None:
    line = cut_at(with_storage(host_payload, tmp_path), STATISTICS)
    line.before_start = (tmp_path / "storage").unlink
    outcome, trace = carry_out(line, keeping())
    assert outcome == "target_failed"
    assert failure(trace) == (
        "the payload restarted by itself and lost its models: it found no checkpoint to resume from"
    )


def test_without_checkpoints_a_restart_ends_the_run(host_payload: Path) -> None:
    line = cut_at(make_process(host_payload), STATISTICS)
    outcome, trace = carry_out(line, PLAIN)
    assert outcome == "target_failed"
    assert failure(trace) == "the payload restarted by itself and lost its models"
    assert unplanned_restarts(trace) == ["it said Hello anew"]


def test_a_payload_without_storage_says_so(host_payload: Path) -> None:
    outcome, trace = carry_out(make_process(host_payload), keeping())
    assert outcome == "target_failed"
    assert failure(trace).startswith("the payload refused to keep checkpoints: no storage for checkpoints")


def test_a_payload_without_a_watchdog_says_so(host_payload: Path, tmp_path: Path) -> None:
    outcome, trace = carry_out(with_storage(host_payload, tmp_path), keeping(watchdog=True))
    assert outcome == "target_failed"
    assert failure(trace).startswith("the payload refused to keep checkpoints: no such protection here")
