"""Checkpoints of the native payload in a file: it is killed at any moment, and the next process goes on."""

from __future__ import annotations

import os
import random
import resource
import signal
import struct
import zlib
from pathlib import Path

import pytest

from bench.transport import ProcessTransport, make_process
from firmware_if.messages import (
    AreYouAlive,
    ConfigureStream,
    EventId,
    FailureCode,
    FaultAction,
    Mode,
    ModelCreated,
    ProtectBank,
    ResetBank,
    Restart,
)
from tests.system.guarded import CHANNELS, SEED, Payload, create, events, rows
from tests.system.process_memory import find, flip

EVERY = 16
MODELS = [("arow", "f64"), ("adam", "f64"), ("adam", "flight"), ("scw", "f32"), ("adam", "f32")]
HEADER = struct.Struct(">5I")
SLOT_BYTES = 131072


def begin(line: ProcessTransport, *, every: int = EVERY) -> tuple[Payload, list[ModelCreated]]:
    """A bank of which one half is protected."""
    payload = Payload(line)
    created = [payload.create(create(*model)) for model in MODELS]
    for model in created[1::2]:
        payload.protect(model.model, 3, 1, action=FaultAction.ROLL_BACK, bound=1e6)
    if every:
        payload.done(ProtectBank(every, 0))
    return payload, created


def resume(line: ProcessTransport) -> tuple[Payload, list[tuple[EventId, int]]]:
    """A payload that starts with what it finds, and what it says of that."""
    payload = Payload(line, resumed=True)
    return payload, events(payload.done(AreYouAlive()))


def states(payload: Payload, created: list[ModelCreated]) -> list[bytes]:
    return [payload.dump(model)[0] for model in created]


def golden(elf: Path, count: int) -> list[bytes]:
    with make_process(elf) as line:
        payload, created = begin(line, every=0)
        for row in range(0, count, EVERY):
            payload.done(rows(row, min(EVERY, count - row)))
        return states(payload, created)


def slots(path: Path) -> list[int | None]:
    """Sequence number of each slot that has a header."""
    content = path.read_bytes()
    heads = [HEADER.unpack_from(content, slot * SLOT_BYTES) for slot in range(2)]
    return [head[1] if head[0] == 0x48434B31 else None for head in heads]


def test_a_killed_payload_goes_on_from_its_last_checkpoint(sanitized_payload: Path, tmp_path: Path) -> None:
    count = 200
    expected = golden(sanitized_payload, count)
    draw = random.Random(SEED)
    arguments = ("--storage", str(tmp_path / "flash"))
    with make_process(sanitized_payload, arguments=arguments) as line:
        payload, created = begin(line)
    next_row, starts = 0, 0
    while next_row < count:
        with make_process(sanitized_payload, arguments=arguments) as line:
            payload, told = resume(line)
            assert [name for name, _ in told] == [EventId.RESUMED]
            lost = next_row - told[0][1]
            assert 0 <= lost < EVERY
            report = payload.report()
            assert (report.resumed, report.rows, report.next_row) == (1, EVERY, told[0][1])
            next_row, starts = told[0][1], starts + 1
            until = min(count, next_row + draw.randrange(1, 3 * EVERY))
            while next_row < until:
                some = min(draw.randrange(1, EVERY), until - next_row)
                payload.done(rows(next_row, some))
                next_row += some
            if next_row == count:
                assert states(payload, created) == expected
            os.kill(payload.pid, signal.SIGKILL)
    print(f"seed {SEED}: {starts} starts")
    assert starts > 5


def test_it_loses_no_more_when_it_is_killed_in_the_middle_of_its_work(host_payload: Path, tmp_path: Path) -> None:
    """Rows are sent without waiting; the kill comes after some bytes, wherever the payload is then."""
    arguments = ("--storage", str(tmp_path / "flash"))
    with make_process(host_payload, arguments=arguments) as line:
        begin(line, every=2)
    committed = 0
    for number in range(40):
        with make_process(host_payload, arguments=arguments) as line:
            payload, told = resume(line)
            [first] = [row for name, row in told if name == EventId.RESUMED]
            assert first >= committed, "what was committed is not lost"
            payload.done(rows(first, 1 + number % 3))
            committed = max(committed, payload.report().next_row)
            payload.caller.tell(rows(first + 1 + number % 3, 25), random.Random(number).randrange(20, 900))
            os.kill(payload.pid, signal.SIGKILL)
    assert committed > 40


@pytest.mark.parametrize("where", ["magic", "sequence", "first byte", "last byte", "checksum"])
def test_a_damaged_record_is_passed_over_for_the_one_before(
    sanitized_payload: Path, tmp_path: Path, where: str
) -> None:
    path = tmp_path / "flash"
    arguments = ("--storage", str(path))
    with make_process(sanitized_payload, arguments=arguments) as line:
        payload, _ = begin(line)
        payload.done(rows(0, EVERY))
        payload.done(rows(EVERY, EVERY))
        assert payload.report().sequence == 3
    assert sorted(filter(None, slots(path))) == [2, 3]
    newest = slots(path).index(3)
    content = bytearray(path.read_bytes())
    length = HEADER.unpack_from(content, newest * SLOT_BYTES)[2]
    place = {"magic": 0, "sequence": 7, "first byte": 32, "last byte": 31 + length, "checksum": 12}[where]
    content[newest * SLOT_BYTES + place] ^= 4
    path.write_bytes(content)
    with make_process(sanitized_payload, arguments=arguments) as line:
        payload, told = resume(line)
        assert told == [(EventId.CHECKPOINT_TORN, newest), (EventId.RESUMED, EVERY)]
        payload.done(rows(EVERY, EVERY))
        assert payload.report().sequence == 3


def test_a_checkpoint_of_another_build_is_not_taken(
    sanitized_payload: Path, host_payload: Path, tmp_path: Path
) -> None:
    arguments = ("--storage", str(tmp_path / "flash"))
    with make_process(host_payload, arguments=arguments) as line:
        begin(line)
    with make_process(sanitized_payload, arguments=arguments) as line:
        payload, told = resume(line)
        assert told == [(EventId.CHECKPOINT_UNUSABLE, 1)]
        assert payload.refused(rows(0, 1)) == (FailureCode.NOT_CONFIGURED, 0)
        payload.done(ResetBank())
    with make_process(sanitized_payload, arguments=arguments) as line:
        assert resume(line)[1] == []


def test_whatever_a_whole_record_holds_the_payload_starts(sanitized_payload: Path, tmp_path: Path) -> None:
    """Bytes of the record's body are changed, and its checksums made right again."""
    path = tmp_path / "flash"
    arguments = ("--storage", str(path))
    with make_process(sanitized_payload, arguments=arguments) as line:
        begin(line)
    written = path.read_bytes()
    slot = slots(path).index(1) * SLOT_BYTES
    length = HEADER.unpack_from(written, slot)[2]
    draw = random.Random(SEED)
    seen: set[EventId] = set()
    for number in range(48):
        body = bytearray(written[slot + 32 : slot + 32 + length])
        first = 16 if number % 8 else 0  # mostly behind the build id, and in the lengths and names
        for _ in range(draw.randrange(1, 4)):
            body[draw.randrange(first, 120 if number % 2 else length)] = draw.choice(
                (0, 1, 0x7F, 0xFF, draw.randrange(256))
            )
        if number % 5 == 0:
            del body[draw.randrange(1, length) :]
        head = HEADER.pack(0x48434B31, 1, len(body), zlib.crc32(body), 0)[:16]
        record = head + zlib.crc32(head).to_bytes(4, "big") + b"\xff" * 12 + body
        path.write_bytes(written[:slot] + record + written[slot + len(record) :])
        with make_process(sanitized_payload, arguments=arguments) as line:
            payload, told = resume(line)
            assert {name for name, _ in told} <= {
                EventId.RESUMED,
                EventId.CHECKPOINT_UNUSABLE,
                EventId.TRAINING_STOPPED,
            }
            seen.update(name for name, _ in told)
            payload.done(ResetBank())
    print(f"seed {SEED}: {sorted(name.name for name in seen)}")
    assert {EventId.RESUMED, EventId.CHECKPOINT_UNUSABLE} <= seen


@pytest.mark.parametrize("ending", [ResetBank(), ProtectBank(0, 0)], ids=["reset", "none"])
def test_what_was_reset_does_not_come_back(
    sanitized_payload: Path, tmp_path: Path, ending: ResetBank | ProtectBank
) -> None:
    arguments = ("--storage", str(tmp_path / "flash"))
    with make_process(sanitized_payload, arguments=arguments) as line:
        payload, _ = begin(line)
        payload.done(rows(0, EVERY))
        payload.done(ending)
        assert payload.report().sequence == 0
    with make_process(sanitized_payload, arguments=arguments) as line:
        assert resume(line)[1] == []


def test_a_model_without_a_copy_goes_back_to_the_checkpoint(sanitized_payload: Path, tmp_path: Path) -> None:
    with make_process(sanitized_payload, arguments=("--storage", str(tmp_path / "flash"))) as line:
        payload = Payload(line)
        created = payload.create(create("adam", "f64"))
        payload.protect(created.model, 1, 1, action=FaultAction.ROLL_BACK)
        payload.done(ProtectBank(EVERY, 0))
        payload.done(rows(0, EVERY))
        kept, _ = payload.dump(created)
        payload.done(rows(EVERY, 5))
        state, _ = payload.dump(created)
        assert state != kept
        flip(payload.pid, find(payload.pid, state)[0] + 3, 6)
        back, told = payload.dump(created)
        assert told == [(EventId.STATE_CORRUPT, 0), (EventId.ROLLED_BACK, created.model << 24 | 5)]
        assert back == kept
        assert payload.report().rolled_back == 1


def test_a_stopped_model_stays_stopped(sanitized_payload: Path, tmp_path: Path) -> None:
    arguments = ("--storage", str(tmp_path / "flash"))
    with make_process(sanitized_payload, arguments=arguments) as line:
        payload = Payload(line)
        created = payload.create(create("arow", "f64"))
        payload.protect(created.model, 1, 1, action=FaultAction.STOP)
        payload.done(rows(0, EVERY))
        flip(payload.pid, find(payload.pid, payload.dump(created)[0])[0], 6)
        payload.done(rows(EVERY, 1))
        payload.done(ProtectBank(EVERY, 0))
        stopped, _ = payload.dump(created)
    with make_process(sanitized_payload, arguments=arguments) as line:
        payload, told = resume(line)
        assert told == [(EventId.RESUMED, EVERY + 1), (EventId.TRAINING_STOPPED, 0)]
        payload.done(rows(EVERY + 1, EVERY))
        assert payload.dump(created)[0] == stopped


def test_a_start_forced_by_the_watchdog_is_told(sanitized_payload: Path, tmp_path: Path) -> None:
    arguments = ("--storage", str(tmp_path / "flash"), "--watchdog", "30")
    with make_process(sanitized_payload, arguments=arguments) as line:
        payload, _ = begin(line, every=0)
        payload.done(ProtectBank(EVERY, 1))
        payload.done(rows(0, EVERY + 3))
        for _ in range(2):
            os.kill(payload.pid, signal.SIGALRM)
            payload, told = resume(line)
            assert told == [(EventId.WATCHDOG_RESET, 0), (EventId.RESUMED, EVERY)]
            assert payload.report().watchdog == 1
            payload.done(rows(EVERY, 3))


def test_a_commanded_restart_resumes_as_well(sanitized_payload: Path, tmp_path: Path) -> None:
    with make_process(sanitized_payload, arguments=("--storage", str(tmp_path / "flash"))) as line:
        payload, created = begin(line)
        payload.done(rows(0, EVERY))
        before = states(payload, created)
        payload.caller.tell(Restart())
        payload, told = resume(line)
        assert told == [(EventId.RESUMED, EVERY)]
        assert states(payload, created) == before
        assert payload.refused(create("arow", "f64")) == (FailureCode.STREAM_ACTIVE, EVERY)


def test_what_cannot_keep_checkpoints_says_so(sanitized_payload: Path, tmp_path: Path) -> None:
    with make_process(sanitized_payload) as line:
        payload, _ = begin(line, every=0)
        assert payload.refused(ProtectBank(EVERY, 0)) == (FailureCode.STORAGE, 0)
    with make_process(sanitized_payload, arguments=("--storage", str(tmp_path / "flash"))) as line:
        payload = Payload(line, resumed=True)
        assert payload.refused(ProtectBank(EVERY, 0)) == (FailureCode.NOT_CONFIGURED, 0)
        assert payload.refused(ProtectBank(0, 1)) == (FailureCode.PROTECTION, 1), "started without one"
        assert payload.refused(ProtectBank(0, 2)) == (FailureCode.PROTECTION, 2)
        payload.done(ConfigureStream(CHANNELS, 0, (-1, 1), Mode.BATCH))
        assert payload.refused(ProtectBank(EVERY, 0)) == (FailureCode.MODE, Mode.BATCH)


def test_a_bank_does_not_go_back_to_a_checkpoint_of_the_one_before(sanitized_payload: Path, tmp_path: Path) -> None:
    """The storage fails while ResetBank forgets: the old record stays the newest, and is another bank's."""
    with make_process(sanitized_payload, arguments=("--storage", str(tmp_path / "flash"))) as line:
        payload, _ = begin(line)
        payload.done(rows(0, EVERY))
        hard = resource.prlimit(payload.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(payload.pid, resource.RLIMIT_FSIZE, (100, hard))  # an erase ends early
        assert events(payload.done(ResetBank())) == [(EventId.CHECKPOINT_FAILED, 0)]
        payload.done(ConfigureStream(CHANNELS, 0, (-1, 1), Mode.STREAM))
        created = payload.create(create(*MODELS[0]))
        payload.protect(created.model, 1, 1, action=FaultAction.ROLL_BACK)
        payload.done(rows(0, EVERY))
        state, _ = payload.dump(created)
        flip(payload.pid, find(payload.pid, state)[0], 3)
        assert payload.dump(created)[1] == [(EventId.STATE_CORRUPT, 0), (EventId.TRAINING_STOPPED, 0)]
