"""A bank that is reset begins anew: a run has the same figures whatever ran on the payload before."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from bench.board import Board, make_job
from bench.clock import MonotonicClock
from bench.measure import Measurement, RunContext, measure
from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario, load_scenario
from bench.session import Recorder, Session, run
from bench.session.dialogue import Dialogue
from bench.session.open import make_transport
from bench.target import Target, load_target
from bench.trace import BytesCorrupted, EventReported
from bench.transport import ProcessTransport, make_process
from firmware_if import messages as wire
from tests.system.command_line import sun_sensor
from tests.system.emulated import QEMU_TARGETS, build, dialogue_with

SMALL = Scenario("small", "small", (ModelSpec("a", "arow", "orbitai-1d", "flight"),), ())
STACK_PEAK = "memory.stack_peak_bytes"
ARENA = "memory.arena_used_bytes"
PEAKS = {STACK_PEAK, ARENA}
FLOOD_BYTES = 20_000
"""More than the native payload's queue and less than a socket's."""
GARBAGE = b"\0\1 nothing that was sent\2\0"


def figures(transport: ProcessTransport, target: Target, scenario: Scenario) -> dict[str, Measurement]:
    """Carry a short run out on a payload that is already started, and measure it."""
    recording, clock = replace(sun_sensor().rows(640, 700), evaluation=None), MonotonicClock()
    recorder = Recorder(clock)
    session = Session(
        transport,
        recording,
        recorder=recorder,
        clock=clock,
        target_name=target.name,
        ready_s=target.transport.ready_s,
        speed=None,
    )
    assert run(make_plan(scenario, recording, target=target), session, recorder=recorder) == "completed"
    context = RunContext(
        recording,
        masks_interrupts=target.masks_interrupts,
        interrupt_frame_bytes=target.memory.interrupt_frame_bytes,
    )
    return {measurement.name: measurement for measurement in measure(recorder.entries, context)}


@pytest.mark.parametrize("name", [*QEMU_TARGETS, "host"])
def test_a_run_has_the_figures_of_a_fresh_payload_whatever_ran_before(name: str) -> None:
    target = load_target(name)
    elf = build(target)
    with make_transport(target, elf) as transport:
        assert isinstance(transport, ProcessTransport)
        fresh = figures(transport, target, SMALL)
    with make_transport(target, elf) as transport:
        assert isinstance(transport, ProcessTransport)
        large = figures(transport, target, load_scenario("sun-sensor"))
        again = [figures(transport, target, SMALL) for _ in range(2)]
    repeatable = {key for key, figure in fresh.items() if figure.repeatable}
    assert repeatable >= PEAKS - {STACK_PEAK}
    assert "timing.train.p99" in repeatable or name == "host"
    for later in again:
        assert {key: later[key] for key in repeatable} == {key: fresh[key] for key in repeatable}
    peaks = [one[STACK_PEAK].value for one in (fresh, *again)]
    print(f"{name}: stack peaks {peaks} fresh and after a run with {large[ARENA].value} bytes of arena")
    assert (large[ARENA].value or 0) > (fresh[ARENA].value or 0), "the large run would show"
    frame = target.memory.interrupt_frame_bytes
    assert (
        (peaks == [None] * 3)
        if name == "host"
        else max(peak or 0 for peak in peaks) - min(peak or 0 for peak in peaks) <= frame
    )


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_what_went_deep_before_is_not_in_the_peak(name: str) -> None:
    frame = load_target(name).memory.interrupt_frame_bytes
    peaks = []
    with dialogue_with(name) as (dialogue, _):
        for _ in range(2):
            dialogue.demand(wire.ResetBank())
            peaks.append(housekeeping(dialogue).stack_peak_bytes)
            dialogue.demand(wire.List())  # goes deeper than any other request
            peaks.append(housekeeping(dialogue).stack_peak_bytes)
    shallow, deep, shallow_again, deep_again = peaks
    print(f"{name}: {peaks} bytes at most, of ResetBank and List in turn")
    assert shallow_again + 100 < deep
    assert abs(shallow - shallow_again) <= frame
    assert abs(deep - deep_again) <= frame


def housekeeping(dialogue: Dialogue) -> wire.Housekeeping:
    [report] = dialogue.demand(wire.RequestHousekeeping(1, 1))
    assert isinstance(report, wire.Housekeeping)
    return report


def connected(transport: ProcessTransport) -> tuple[Dialogue, Recorder]:
    recorder = Recorder(MonotonicClock())
    dialogue = Dialogue(transport, clock=MonotonicClock(), recorder=recorder, target_name="host")
    dialogue.connect(5.0, starting=True)
    return dialogue, recorder


def test_the_counts_of_the_link_begin_anew(sanitized_payload: Path) -> None:
    with make_process(sanitized_payload) as transport:
        dialogue, _ = connected(transport)
        assert transport.transfer(GARBAGE, 1.0).written == len(GARBAGE)
        before = housekeeping(dialogue)
        dialogue.demand(wire.ResetBank())
        after = housekeeping(dialogue)
    assert (before.frames_corrupt, after.frames_corrupt) == (1, 0)
    assert before.frames_received >= 2
    assert after.frames_received <= 2, "the request for this report, and perhaps an acknowledgement"


def overrun(transport: ProcessTransport) -> None:
    """Let the payload sleep while more arrives than its queue holds."""
    assert transport.pid is not None
    os.kill(transport.pid, signal.SIGSTOP)
    sent = 0
    while sent < FLOOD_BYTES:
        sent += transport.transfer(b"\x55" * (FLOOD_BYTES - sent), 0.1).written
    assert transport.transfer(b"\0", 1.0).written == 1
    os.kill(transport.pid, signal.SIGCONT)


def test_lost_bytes_are_counted_and_told_anew(sanitized_payload: Path) -> None:
    transport = make_process(sanitized_payload, arguments=["--no-backpressure"])
    told: list[list[int]] = []
    counted: list[int] = []
    with transport:
        dialogue, recorder = connected(transport)
        for _ in range(2):
            overrun(transport)
            already = len(recorder.entries)
            dialogue.demand(wire.AreYouAlive())
            entries = recorder.entries[already:]
            told.append([entry.number for entry in entries if isinstance(entry, EventReported)])
            counted.append(housekeeping(dialogue).receive_overruns)
            dialogue.demand(wire.ResetBank())
            assert housekeeping(dialogue).receive_overruns == 0
    assert counted[0] > 0
    assert told[0][-1:] == counted[:1]
    assert told[1][-1:] == counted[1:]


@pytest.mark.parametrize("name", ["qemu-zynq-a9", "host"])
def test_nothing_is_left_on_the_line_for_the_next_run(name: str, tmp_path: Path) -> None:
    target = load_target(name)
    recording = replace(sun_sensor().rows(640, 700), evaluation=None)
    job = make_job(SMALL, target, recording=recording)
    with Board(target) as board:
        for number in range(20):
            folder = tmp_path / str(number)
            folder.mkdir()
            trace = board.run(job, folder).trace
            assert not any(isinstance(entry, BytesCorrupted) for entry in trace)
            assert board.transport.transfer(b"", 0.01).received == b"", "after a run"
            board.reset()
            assert board.transport.transfer(b"", 0.01).received == b"", "after a reset"
