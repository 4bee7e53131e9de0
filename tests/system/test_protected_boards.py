"""Checkpoints and watchdogs of the emulated boards: reset, hung, and without power in the middle of a write."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bench.target import QemuTransportSpec, Target, load_target
from bench.transport import ProcessTransport
from firmware_if.messages import (
    AreYouAlive,
    EventId,
    FaultAction,
    ModelCreated,
    ProtectBank,
    RequestStatistics,
    Restart,
)
from tests.system.emulated import CORTEX_M, QEMU_TARGETS, build, patch_functions, start
from tests.system.guarded import SEED, Payload, create, events, rows

EVERY = 10
MODELS = [("arow", "f32"), ("adam", "f64")]
ZYNQ = "qemu-zynq-a9"
FLASH_BYTES = 64 * 2**20
HANG = {True: b"\xfe\xe7", False: b"\xfe\xff\xff\xea"}
"""A branch to itself, in Thumb or ARM."""


def begin(line: ProcessTransport, *, every: int = EVERY, watchdog: int = 0) -> tuple[Payload, list[ModelCreated]]:
    payload = Payload(line)
    created = [payload.create(create(*model)) for model in MODELS]
    payload.protect(created[1].model, 3, 1, action=FaultAction.ROLL_BACK, bound=1e6)
    payload.done(ProtectBank(every, watchdog))
    return payload, created


def resume(line: ProcessTransport) -> tuple[Payload, list[tuple[EventId, int]]]:
    payload = Payload(line, resumed=True)
    return payload, events(payload.done(AreYouAlive()))


def train(payload: Payload, first: int, until: int) -> None:
    for row in range(first, until, EVERY):
        payload.done(rows(row, min(EVERY, until - row)))


def states(payload: Payload, created: list[ModelCreated]) -> list[bytes]:
    return [payload.dump(model)[0] for model in created]


@contextmanager
def running(target: Target, elf: Path) -> Iterator[ProcessTransport]:
    with start(target, elf) as line:
        yield line


def golden(target: Target, elf: Path, until: int) -> list[bytes]:
    with running(target, elf) as line:
        payload, created = begin(line)
        train(payload, 0, until)
        return states(payload, created)


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_a_restarted_board_goes_on(name: str) -> None:
    target = load_target(name)
    elf = build(target)
    expected = golden(target, elf, 3 * EVERY)
    with running(target, elf) as line:
        payload, created = begin(line)
        train(payload, 0, EVERY + 4)
        payload.caller.tell(Restart())
        payload, told = resume(line)
        assert told == [(EventId.RESUMED, EVERY)]
        train(payload, EVERY, 3 * EVERY)
        assert states(payload, created) == expected


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_a_board_that_hangs_is_started_anew_by_its_watchdog(name: str, tmp_path: Path) -> None:
    target = load_target(name)
    hanging = patch_functions(
        build(target), tmp_path / "hanging.elf", {"hil_request_statistics": HANG[name in CORTEX_M]}
    )
    expected = golden(target, hanging, 2 * EVERY)
    with running(target, hanging) as line:
        payload, created = begin(line, watchdog=1)
        train(payload, 0, EVERY + 4)
        for _ in range(2):
            payload.caller.tell(RequestStatistics())
            payload, told = resume(line)
            assert told == [(EventId.WATCHDOG_RESET, 0), (EventId.RESUMED, EVERY)]
            assert payload.report().watchdog == 1
            train(payload, EVERY, EVERY + 3)
        train(payload, EVERY + 3, 2 * EVERY)
        assert states(payload, created) == expected


def with_flash(target: Target, flash: Path) -> Target:
    assert isinstance(target.transport, QemuTransportSpec)
    drive = ("-drive", f"if=pflash,format=raw,file={flash}")
    return replace(target, transport=replace(target.transport, arguments=(*target.transport.arguments, *drive)))


def test_power_goes_at_any_moment_and_the_flash_is_kept(tmp_path: Path) -> None:
    """QEMU is killed at random instants of training and writing; the next one has the same flash."""
    flash = tmp_path / "flash"
    with flash.open("wb") as file:
        file.truncate(FLASH_BYTES)
    plain = load_target(ZYNQ)
    elf = build(plain)
    until = 10 * EVERY
    expected = golden(plain, elf, until)
    target = with_flash(plain, flash)
    draw = random.Random(SEED)
    with running(target, elf) as line:
        payload, created = begin(line, every=1)
        committed = 0
        _kill(payload, line, draw)
    starts, torn = 0, 0
    while True:
        with running(target, elf) as line:
            payload, told = resume(line)
            torn += sum(name == EventId.CHECKPOINT_TORN for name, _ in told)
            assert told[-1][0] == EventId.RESUMED
            next_row = told[-1][1]
            assert next_row >= committed
            assert payload.report().next_row == next_row
            starts += 1
            if next_row == until:
                assert states(payload, created) == expected
                break
            payload.done(rows(next_row, 1))
            committed = next_row + 1
            if committed < until:
                payload.caller.tell(rows(committed, min(EVERY, until - committed)))
            _kill(payload, line, draw)
    print(f"seed {SEED}: {starts} starts, {torn} torn checkpoints passed over")
    assert starts > 5
    assert torn > 0


def _kill(payload: Payload, line: ProcessTransport, draw: random.Random) -> None:
    """End the process within 60 ms: training and writing these rows takes longer."""
    end = time.monotonic() + draw.random() * 0.06
    while (left_s := end - time.monotonic()) > 0:
        line.transfer(b"", left_s)
    payload.kill()
