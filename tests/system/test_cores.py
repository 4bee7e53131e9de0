"""What every emulated core promises: idling for nothing, counts that repeat, faults that are told."""

import os
import re
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.build import FIRMWARE
from bench.clock import MonotonicClock
from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario
from bench.session import Recorder, Session, run
from bench.target import load_target
from bench.trace import ConsolePrinted, TargetFailed
from firmware_if import messages as wire
from firmware_if.connection import Connection, LinkTimes
from firmware_if.events import Connected, PacketReceived
from tests.system.command_line import read_verdicts, run_bench, save_rows, sun_sensor, write_scenario
from tests.system.emulated import CORTEX_M, QEMU_TARGETS, build, dialogue_with, patch_functions, start

UNDEFINED = {"zynq": bytes.fromhex("f000f0e7"), "mps2": bytes.fromhex("00de")}
"""UDF #0, in the instruction set of the port."""
FAULT = {
    "zynq": r"fault: undefined instruction pc=0x[0-9a-f]{8}\n",
    "mps2": r"fault: usage error pc=0x[0-9a-f]{8} status=0x00010000 exception=0x00000006\n",
}
"""What the console says of it: UNDEFINSTR of the CFSR, and exception 6, a usage fault (DDI 0403, B3.2.15)."""
IDLE_S = 1.0
IDLE_SHARE = 0.05
"""Of a core. Measured 0.00; a core that polls takes 1, a timer that wakes it again and again 0.8 (docs/benchmarks.md);
the kernel counts in hundredths of a second, and a busy machine may have some late work done in the meantime."""


def processor_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_an_idle_payload_costs_no_processor_time(name: str) -> None:
    with dialogue_with(name) as (dialogue, transport):
        assert transport.pid is not None
        before, since = processor_s(transport.pid), time.monotonic()
        assert transport.transfer(b"", IDLE_S).received == b""
        used = (processor_s(transport.pid) - before) / (time.monotonic() - since)
        assert dialogue.demand(wire.AreYouAlive()) == [wire.Alive()]
    print(f"{name}: {used:.3f} of a core while idle")
    assert used <= IDLE_SHARE


def uptimes_of(name: str, requests: int) -> list[float]:
    """Time stamps of the telemetry that answers so many requests, one after the other."""
    target, clock = load_target(name), MonotonicClock()
    connection, outgoing = Connection(lambda: 7), b""
    stamps: list[float] = []
    completed = 0
    connection.open(clock.now())
    end = clock.now() + 20.0
    with start(target, build(target)) as transport:
        while completed < requests and clock.now() < end:
            outgoing += connection.bytes_to_send(clock.now())
            transfer = transport.transfer(outgoing, 0.05)
            outgoing = outgoing[transfer.written :]
            connection.receive_data(transfer.received, clock.now())
            connection.handle_deadline(clock.now())
            while (event := connection.next_event()) is not None:
                answered = False
                if isinstance(event, PacketReceived):
                    stamps.append(event.telemetry.uptime_s)
                    answered = isinstance(event.telemetry.message, wire.Completed)
                    completed += answered
                if answered or isinstance(event, Connected):
                    connection.send(wire.AreYouAlive())
    return stamps


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_uptime_never_runs_backwards_nor_ahead_of_what_was_done(name: str) -> None:
    stamps = uptimes_of(name, 50)
    assert len(stamps) >= 150, "accepted, alive, completed"
    assert stamps == sorted(stamps)
    assert stamps[-1] < 5.0, "a second is millions of instructions; a timer that QEMU jumps to lies minutes ahead"
    print(f"{name}: 50 requests in {stamps[-1]:.3f} s of uptime")


@pytest.mark.parametrize("name", CORTEX_M)
def test_two_runs_agree_in_everything_that_repeats(tmp_path: Path, name: str) -> None:
    scenario = write_scenario(tmp_path / "small.toml")
    recording = save_rows(tmp_path / "rows", 640, 800)
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        words = ("run", scenario, "--recording", recording, "--target", name, "--out", folder)
        ended = run_bench(tmp_path, *words)
        assert ended.status == 0, ended
    assert (first / "models.json").read_bytes() == (second / "models.json").read_bytes()
    ones, others = read_verdicts(first), read_verdicts(second)
    repeatable = {key for key, verdict in ones.items() if verdict["repeatable"]}
    assert {key: ones[key] for key in repeatable} == {key: others[key] for key in repeatable}
    assert {"timing.train.p99", "timing.predict.max", "timing.feature.mean"} <= repeatable
    memory = {key for key in set(ones) - repeatable if key.startswith("memory.")}
    assert memory == {"memory.stack_peak_bytes", "memory.handler_stack_peak_bytes"}
    frame = load_target(name).memory.interrupt_frame_bytes
    assert abs(ones["memory.stack_peak_bytes"]["value"] - others["memory.stack_peak_bytes"]["value"]) <= frame


@pytest.mark.parametrize("name", CORTEX_M)
def test_the_demonstration_passes(tmp_path: Path, name: str) -> None:
    ended = run_bench(tmp_path, "run", "sun-sensor", "--target", name, "--out", tmp_path / "run")
    assert ended.status == 0, ended
    assert read_verdicts(tmp_path / "run")["timing.train.p99"]["outcome"] == "PASS"


def run_broken(name: str, elf: Path) -> tuple[str, str]:
    """Train on a payload that cannot: what the console said, and why the target failed."""
    target, recording = load_target(name), replace(sun_sensor().rows(0, 40), evaluation=None)
    scenario = Scenario("broken", "broken", (ModelSpec("a", "arow", "orbitai-3d", "flight"),), ())
    recorder = Recorder(MonotonicClock())
    with start(target, elf) as transport:
        session = Session(
            transport,
            recording,
            recorder=recorder,
            clock=MonotonicClock(),
            target_name=name,
            ready_s=target.transport.ready_s,
            speed=None,
            link_times=LinkTimes(answer_s=0.05, lost_s=0.5),
        )
        assert run(make_plan(scenario, recording, target=target), session, recorder=recorder) == "target_failed"
    [failure] = [entry for entry in recorder.entries if isinstance(entry, TargetFailed)]
    console = "".join(entry.text for entry in recorder.entries if isinstance(entry, ConsolePrinted))
    return console, failure.reason


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_a_fault_is_told_on_the_console_and_fails_the_run(tmp_path: Path, name: str) -> None:
    target = load_target(name)
    code = {"hil_request_samples": UNDEFINED[target.port or ""]}
    console, reason = run_broken(name, patch_functions(build(target), tmp_path / "broken.elf", code))
    assert re.search(FAULT[target.port or ""], console), console
    assert "link lost: silent for 0." in reason


@pytest.mark.parametrize("name", CORTEX_M)
def test_a_fault_of_the_fault_handler_locks_the_core_up_and_fails_the_run(tmp_path: Path, name: str) -> None:
    target = load_target(name)
    code = dict.fromkeys(("hil_request_samples", "mps2_fault"), UNDEFINED["mps2"])
    console, reason = run_broken(name, patch_functions(build(target), tmp_path / "broken.elf", code))
    assert "fault:" not in console
    assert "ended by itself (SIGABRT): qemu: fatal: Lockup" in reason


@pytest.mark.parametrize("name", CORTEX_M)
def test_an_overflow_of_the_main_stack_is_told(tmp_path: Path, name: str) -> None:
    target = load_target(name)
    words = ["PORT=mps2", f"BOARD={target.board}", "STACK_BYTES=64", f"BUILD={tmp_path}"]
    subprocess.run(["make", "-s", "-C", FIRMWARE, *words], check=True, stdout=subprocess.DEVNULL)
    said = b""
    end = time.monotonic() + target.transport.ready_s
    with start(target, tmp_path / "payload.elf") as transport:
        while not (b"fault: " in said and said.endswith(b"\n")) and time.monotonic() < end:
            said += transport.transfer(b"", 1.0).received
    assert re.search(rb"\nfault: stack overflow sp=0x1fffff[0-9a-f]{2} ", said), said
