"""Runs that go on with a payload that has started anew and resumed: the models are those of an undisturbed run."""

from __future__ import annotations

import os
import re
import signal
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.board import Board, make_job
from bench.clock import MonotonicClock
from bench.errors import ConfigurationError
from bench.measure.checkpoints import unplanned_restarts
from bench.measure.run import why_incomplete
from bench.plan import make_plan
from bench.protection import Checkpoints, Protection
from bench.run_folder import judge_run
from bench.scenario import ModelSpec, Scenario, load_scenario
from bench.selection import Part
from bench.session import Recorder, Session, run
from bench.session.heal import MOST_FRUITLESS
from bench.session.open import make_transport
from bench.target import QemuTransportSpec, load_target
from bench.trace import (
    CheckpointsKept,
    Entry,
    EvaluationScored,
    EventReported,
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
from bench.transport import ProcessTransport, Transfer, Transport, make_process
from bench.transport.faults import Fault, FaultyTransport, listed_plan
from firmware_if.framing import Deframer, Frame, enframe
from firmware_if.messages import FrameType, ProtectionReport
from firmware_if.octets import Reader, Writer
from firmware_if.packets import crc16
from tests.system.command_line import sun_sensor
from tests.system.emulated import build, patch_functions

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
    line: Transport,
    scenario: Scenario,
    *,
    observe: Callable[[Entry], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[str, list[Entry]]:
    recording = sun_sensor().rows(200, 200 + ROWS)
    clock = MonotonicClock()
    recorder = Recorder(clock, observers=(observe,))
    recorder.record(RunStarted(1, "made", "host", "sun-sensor", ROWS, {}, []))
    with line:
        session = Session(
            line,
            recording,
            recorder=recorder,
            clock=clock,
            target_name="host",
            ready_s=5.0,
            speed=None,
            should_stop=stop,
        )
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
    assert 2 <= len(cuts) == len(resumed) == len(of(trace, PayloadRestarted)) <= len(CUTS)
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
                    self.kill()
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


class Liar(CutAt):
    """After the cut it alters packets of one kind: `lie` makes another packet of service, subtype and fields."""

    kind = (0, 0)
    lie: Callable[[bytes], tuple[int, int, bytes]] = staticmethod(lambda fields: (128, 26, fields))

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        transfer = super().transfer(data, timeout_s)
        heard = [item for item in self._said.feed(transfer.received) if isinstance(item, Frame)]
        return Transfer(transfer.written, b"".join(enframe(frame.header, self._altered(frame)) for frame in heard))

    def open(self) -> None:
        self._said = Deframer()
        super().open()

    def _altered(self, frame: Frame) -> bytes:
        body = frame.body
        if frame.header.type != FrameType.DATA or tuple(body[7:9]) != self.kind or not self.cuts:
            return body
        service, subtype, fields = self.lie(body[20:-2])
        packet = body[:7] + bytes([service, subtype]) + body[9:20] + fields
        packet = packet[:4] + struct.pack(">H", len(packet) + 2 - 7) + packet[6:]
        return packet + crc16(packet).to_bytes(2, "big")


def rewritten(**values: int) -> Callable[[bytes], tuple[int, int, bytes]]:
    """The report of a payload's protections with other values."""

    def lie(fields: bytes) -> tuple[int, int, bytes]:
        writer = Writer()
        replace(ProtectionReport.read(Reader(fields)), **values).write(writer)
        return 128, 26, writer.getvalue()

    return lie


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (rewritten(next_row=17), r"the payload resumed at row \d+ from a checkpoint before row 17; rows up to \d+ had"),
        (
            rewritten(rows=99),
            r"the payload resumed with another bank: checkpoints every 99 rows \(watchdog 0\), 2 model",
        ),
        (
            rewritten(watchdog=1),
            r"resumed with another bank: .*\(watchdog 1\), .*; this run has .*\(watchdog 0\), 2 mod",
        ),
        (rewritten(resumed=0), "the payload restarted by itself and lost its models: it found no checkpoint"),
        (lambda _: (17, 2, b""), "the payload broke the contract: 0 reports of its protections"),
    ],
)
def test_a_payload_that_resumes_something_else_is_a_verdict(
    host_payload: Path, tmp_path: Path, lie: Callable[[bytes], tuple[int, int, bytes]], reason: str
) -> None:
    line = Liar(with_storage(host_payload, tmp_path).program, ready_s=5.0)
    line.kinds, line.kind, line.lie = [STATISTICS], (128, 26), lie
    outcome, trace = carry_out(line, keeping())
    assert outcome == "target_failed"
    assert re.search(reason, failure(trace)), failure(trace)


def test_another_build_after_a_restart_is_a_verdict(
    host_payload: Path, sanitized_payload: Path, tmp_path: Path
) -> None:
    line = cut_at(with_storage(host_payload, tmp_path), STATISTICS)
    other = with_storage(sanitized_payload, tmp_path).program
    line.before_start = lambda: setattr(line, "program", other)
    outcome, trace = carry_out(line, keeping())
    assert outcome == "target_failed"
    assert re.match("after a restart another payload answers: host with build .*; it was host with", failure(trace))


class NoSwitch(ProcessTransport):
    """A board whose power the bench cannot cut."""

    can_power_cycle = False


def test_power_that_cannot_be_cut_is_an_error(host_payload: Path, tmp_path: Path) -> None:
    line = NoSwitch(with_storage(host_payload, tmp_path).program, ready_s=5.0)
    with pytest.raises(ConfigurationError, match="the scenario cuts the payload's power, and the bench cannot start"):
        carry_out(line, keeping(30))


def test_a_watchdog_in_mid_run_is_no_end(host_payload: Path, tmp_path: Path) -> None:
    """The native payload's watchdog is an alarm, after which the same process begins anew."""
    _, undisturbed = carry_out(make_process(host_payload), PLAIN)
    line = with_storage(host_payload, tmp_path, "--watchdog", "30")
    hung: list[int] = []

    def hang(entry: Entry) -> None:
        if isinstance(entry, SamplesTrained) and not hung and line.pid:
            hung.append(line.pid)
            os.kill(line.pid, signal.SIGALRM)

    outcome, trace = carry_out(line, keeping(watchdog=True), observe=hang)
    assert outcome == "completed", of(trace, TargetFailed)
    assert hung
    assert models(trace) == models(undisturbed)
    told = [entry.event for entry in trace if isinstance(entry, EventReported)]
    assert [event for event in told if event != "checkpoint_torn"] == ["watchdog_reset", "resumed"]
    assert unplanned_restarts(trace) == ["it said Hello anew"]
    assert len(of(trace, PayloadResumed)) == 1


def test_a_wish_to_stop_is_heard_while_a_payload_comes_back(host_payload: Path, tmp_path: Path) -> None:
    """The models that it holds then are fetched, at the row at which they are."""
    wishes: list[int] = []

    def wish(entry: Entry) -> None:
        if isinstance(entry, PayloadResumed):
            wishes.append(entry.next_row)

    line = with_storage(host_payload, tmp_path)
    outcome, trace = carry_out(line, keeping(200), observe=wish, stop=lambda: bool(wishes))
    assert outcome == "aborted"
    dumped = [entry for entry in trace if isinstance(entry, ModelDumped) and not entry.complete]
    assert {entry.name for entry in dumped} == {"a", "b"}
    assert all(entry.end_row >= wishes[0] for entry in dumped)


def test_faults_of_the_line_that_reset_the_board_are_outlived(host_payload: Path, tmp_path: Path) -> None:
    _, undisturbed = carry_out(make_process(host_payload), PLAIN)
    clock = MonotonicClock()
    faulty = FaultyTransport(with_storage(host_payload, tmp_path), clock=clock)
    resets = [Fault("to_payload", "reset", offset) for offset in (4000, 9000, 14000)]
    injected: list[Fault] = []

    def begin(entry: Entry) -> None:
        if isinstance(entry, CheckpointsKept):
            faulty.begin(listed_plan("resets", resets, light_time_s=0.0), on_fault=injected.append)

    outcome, trace = carry_out(faulty, keeping(), observe=begin)
    assert outcome == "completed", of(trace, TargetFailed)
    assert len(injected) == len(resets)
    assert 1 <= len(of(trace, PayloadResumed)) <= len(resets)  # two may fall before the first is noticed
    assert models(trace) == models(undisturbed)


@pytest.mark.parametrize("name", ["host", "qemu-mps2-an500", "qemu-zynq-a9"])
def test_a_scenario_that_cuts_the_power_passes(name: str, tmp_path: Path) -> None:
    with Board(load_target(name)) as board:
        scenario = load_scenario("sun-sensor-power-cuts")
        assert scenario.checkpoints is not None
        kept = replace(scenario.checkpoints, power_cuts=scenario.checkpoints.power_cuts[:3])  # the last is beyond
        job = make_job(replace(scenario, checkpoints=kept), board.target, part=Part(end_row=1600))
        finished = board.run(job, tmp_path)
        verdicts = judge_run(tmp_path, finished.files)
    assert {v.name: v.outcome for v in verdicts if v.outcome not in {None, "PASS"}} == {}
    [cuts] = [verdict.value for verdict in verdicts if verdict.name == "checkpoints.power_cuts"]
    assert cuts == 3, "those after rows 400 and 410 do not fall together"
    names = {verdict.name for verdict in verdicts if verdict.outcome == "PASS"}
    assert {"checkpoints.rows_lost", "checkpoints.rows_differing", "parity.plain.adam_guarded"} <= names


def test_a_board_that_hangs_over_and_over_is_a_verdict(tmp_path: Path) -> None:
    """At each request for statistics; its watchdog starts it anew, and the bench asks again."""
    target = load_target("qemu-mps2-an386")
    elf = patch_functions(build(target), tmp_path / "hanging.elf", {"hil_request_statistics": b"\xfe\xe7"})
    storage = tmp_path / "storage"
    assert isinstance(target.transport, QemuTransportSpec)
    assert target.transport.storage is not None
    storage.write_bytes(bytes(target.transport.storage.bytes))
    outcome, trace = carry_out(make_transport(target, elf, storage=storage), keeping(watchdog=True))
    assert outcome == "target_failed"
    assert re.fullmatch(r"the payload restarted \d+ times, and got no further than row \d+", failure(trace))
    told = [entry.event for entry in trace if isinstance(entry, EventReported)]
    assert told.count("watchdog_reset") >= MOST_FRUITLESS
    assert len(unplanned_restarts(trace)) == MOST_FRUITLESS + 1


def test_a_board_is_given_storage_by_the_first_run_that_wants_checkpoints(tmp_path: Path) -> None:
    """It is started anew for that, and once."""
    recording = sun_sensor().rows(200, 300)
    with Board(load_target("host")) as board:
        starts = []
        for number, scenario in enumerate((PLAIN, keeping(30), keeping(), PLAIN)):
            folder = tmp_path / str(number)
            folder.mkdir()
            finished = board.run(make_job(scenario, board.target, recording=recording), folder)
            assert finished.outcome == "completed"
            starts.append(finished.trace[0])
    commands = [" ".join(started.command) for started in starts if isinstance(started, RunStarted)]
    assert ["--storage" in command for command in commands] == [False, True, True, True]
    place = Path(commands[-1].split("--storage ")[1].split()[0])
    assert not place.exists()
