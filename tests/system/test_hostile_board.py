"""Boards that never stop talking, lie, or vanish: one verdict in time, bounded memory, a run that can be judged."""

import math
import random
import resource
import struct
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pytest

from bench.clock import MonotonicClock
from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario
from bench.session import ConnectError, Recorder, Session, run
from bench.session.dialogue import _MOST_OUTGOING_BYTES, Dialogue
from bench.session.noise import MOST_NOISE
from bench.session.patience import Patience
from bench.target import load_target
from bench.trace import Entry, RunEnded, SamplesTrained, TargetFailed
from bench.transport import Transfer, make_serial
from firmware_if import messages as wire
from firmware_if.connection import LinkTimes
from firmware_if.framing import Deframer, Frame
from firmware_if.octets import Reader, Writer
from firmware_if.packets import crc16
from tests.system.command_line import read_trace, read_verdicts, run_bench, save_rows, sun_sensor, write_scenario
from tests.system.hostile import (
    CREDIT,
    Change,
    Flood,
    Script,
    hostile_board,
    in_session,
    packet_of,
    repeated,
    stale,
    statuses,
)
from tests.system.hostile import Session as BoardSession
from tests.system.scripted import HELLO, packed

SAMPLE_REPORT = (128, 8)
CATALOGUE = (128, 2)
CREATED = (128, 6)
DUMP = (6, 6)
PATIENCE = Patience(answer_s=0.5, stall_s=1.0)
TIMES = LinkTimes(answer_s=0.05, answer_max_s=0.1, lost_s=0.8)
LATEST_S = 6 * PATIENCE.answer_s + 4.0
"""The longest of these deadlines, and what a busy machine adds."""
MOST_GROWTH_BYTES = 96 << 20
"""Of the process while a flood lasts: some portions of 256 KiB and what they are parsed into, and 10,000 entries of
noise. A pty carries more than that each second."""
MODELS = (ModelSpec("a", "arow", "orbitai-3d", "flight"), ModelSpec("b", "rda", "orbitai-2d", "flight"))
NOISE = random.Random(5).randbytes(1 << 16).replace(b"\0", b"\1")
TEXT = b"all work and no play makes the payload a dull board\n" * 100

FLOODS: dict[str, Flood] = {
    "garbage": repeated(NOISE),
    "garbage and zero bytes": repeated(NOISE.replace(b"\x10", b"\0")),
    "zero bytes": repeated(bytes(4096)),
    "text": repeated(TEXT),
    "text without an end": repeated(b"all work and no play " * 100),
    "stale frames": stale,
    "statuses": statuses,
    "events": in_session(wire.InformativeEvent(1, 2)),
    "acceptances": in_session(wire.Accepted(0, 0)),
    "answers that nobody asked for": in_session(wire.Alive()),
    "dumps that nobody asked for": in_session(wire.MemoryDump(0, 1, 0, bytes(800), 0)),
}


@dataclass(frozen=True)
class Ended:
    outcome: str
    trace: list[Entry]
    seconds: float
    growth_bytes: int

    @property
    def failure(self) -> TargetFailed:
        [failure] = [entry for entry in self.trace if isinstance(entry, TargetFailed)]
        return failure


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak_bytes() -> int:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) << 10


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM


def carry_out(port: str, *, speed: float | None = None, ready_s: float = 5.0) -> Ended:
    """A run on the board at `port`, with short deadlines."""
    recording, clock = replace(sun_sensor().rows(0, 400), evaluation=None), MonotonicClock()
    recorder = Recorder(clock)
    forget_peak()
    before, started = resident_bytes(), clock.now()
    with make_serial(port, baud=115200, reconnect_s=0.0) as transport:
        session = Session(
            transport,
            recording,
            recorder=recorder,
            clock=clock,
            target_name="board",
            ready_s=ready_s,
            speed=speed,
            link_times=TIMES,
            patience=PATIENCE,
        )
        plan = make_plan(Scenario("made", "made", MODELS, ()), recording, target=load_target("host"))
        outcome = run(plan, session, recorder=recorder)
    return Ended(outcome, recorder.entries, clock.now() - started, peak_bytes() - before)


def check_ended(ended: Ended, *reasons: str) -> None:
    """One verdict, in time, in little memory."""
    print(f"{ended.seconds:.1f} s, {ended.growth_bytes >> 20} MiB more: {ended.failure.reason}")
    assert ended.outcome == "target_failed"
    assert any(reason in ended.failure.reason for reason in reasons), ended.failure.reason
    assert ended.seconds < LATEST_S
    assert ended.growth_bytes < MOST_GROWTH_BYTES
    assert len(ended.trace) < MOST_NOISE + 1000
    last = ended.trace[-1]
    assert isinstance(last, RunEnded)
    assert last.reason == ended.failure.reason


@pytest.mark.parametrize(
    "name", [name for name in FLOODS if not name.startswith(("events", "acc", "answers", "dumps"))]
)
def test_a_flood_before_the_run_is_an_error_when_the_time_to_answer_is_over(host_payload: Path, name: str) -> None:
    forget_peak()
    before, started = resident_bytes(), time.monotonic()
    with (
        hostile_board(host_payload, Script(until=0, flood=FLOODS[name])) as port,
        pytest.raises(ConnectError) as caught,
    ):
        carry_out(port, ready_s=1.0)
    print(f"{time.monotonic() - started:.1f} s, {(peak_bytes() - before) >> 20} MiB more: {caught.value.message}")
    assert "no HELLO from board within 1 s (received " in caught.value.message
    assert caught.value.hint
    assert peak_bytes() - before < MOST_GROWTH_BYTES
    assert time.monotonic() - started < LATEST_S


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_while_a_request_waits_ends_in_a_verdict(host_payload: Path, name: str) -> None:
    with hostile_board(host_payload, Script(CATALOGUE, 3, FLOODS[name])) as port:
        check_ended(
            carry_out(port), "link lost: silent for ", "List was not completed within ", "List was answered by "
        )


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_while_rows_stream_ends_in_a_verdict(host_payload: Path, name: str) -> None:
    with hostile_board(host_payload, Script(SAMPLE_REPORT, 1, FLOODS[name])) as port:
        ended = carry_out(port)
    check_ended(ended, "link lost: silent for ", "were sent, but no result came for 1 s")
    assert [entry for entry in ended.trace if isinstance(entry, SamplesTrained)], "what came before is kept"


def test_a_board_that_floods_and_never_reads_fills_no_memory(host_payload: Path) -> None:
    for flood in (FLOODS["events"], FLOODS["statuses"]):
        with hostile_board(host_payload, Script(SAMPLE_REPORT, 1, flood, deaf=True)) as port:
            check_ended(carry_out(port), "were sent, but no result came for 1 s")


class DeafLine:
    """A line on which a payload answers the first word, then takes nothing and reports events for ever."""

    can_power_cycle = False
    line_bytes_per_s = None

    def __init__(self) -> None:
        self.board = BoardSession()
        self.most_bytes = 0
        self._deframer = Deframer()

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        del timeout_s
        if self.board.tag:
            self.most_bytes = max(self.most_bytes, len(data))
            events = [self.board.data(packet_of(wire.InformativeEvent(1, 2))) for _ in range(4)]
            return Transfer(0, b"".join(events))
        [request] = [frame for frame in self._deframer.feed(data) if isinstance(frame, Frame)]
        self.board.tag = int.from_bytes(request.body[:4], "big")
        return Transfer(len(data), packed(HELLO, tag=self.board.tag))

    def open(self) -> None: ...
    def power_cycle(self) -> None: ...
    def describe(self) -> list[str]:
        return []

    def close(self) -> None: ...
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


def test_what_waits_for_a_line_that_takes_nothing_is_bounded() -> None:
    line, clock = DeafLine(), MonotonicClock()
    dialogue = Dialogue(line, clock=clock, recorder=Recorder(clock), target_name="deaf")
    dialogue.connect(5.0, starting=False)
    for _ in range(10 * _MOST_OUTGOING_BYTES // 20):  # each is answered by an acknowledgement of 20 bytes
        dialogue.receive(0.0)
    assert _MOST_OUTGOING_BYTES <= line.most_bytes < _MOST_OUTGOING_BYTES + CREDIT
    assert len(dialogue.recorder.entries) == MOST_NOISE


def remade(kind: type[Any], **lies: object) -> Change:
    """Other values in some fields of a packet of that kind, or of a Hello."""

    def change(fields: bytes) -> bytes:
        writer = Writer()
        replace(kind.read(Reader(fields)), **lies).write(writer)
        return writer.getvalue()

    return change


NAN = wire.ParameterInfo("r", math.nan, math.nan, math.nan, 0)
FAR = wire.ArrayPlace("\x1b[2Jw", 1, 0, 0xFFFFFFFF)
LIES = [
    (CATALOGUE, remade(wire.CatalogueEntry, parameters=(NAN,)), "has 'r' = nan, which is not within nan to nan"),
    (CATALOGUE, remade(wire.CatalogueEntry, mode=77), "the payload broke the contract: 77 is not a valid Mode"),
    (CATALOGUE, lambda fields: fields[:-1] + b"\xff", "the payload broke the contract: CatalogueEntry: "),
    (CREATED, remade(wire.ModelCreated, state_bytes=0xFFFFFFFF), "model a has a state of 4294967295 bytes"),
    (CREATED, remade(wire.ModelCreated, state_bytes=0), "model a has a state of 0 bytes"),
    (CREATED, remade(wire.ModelCreated, state_bytes=1 << 24, arrays=()), "DumpMemory was refused: "),
    (CREATED, remade(wire.ModelCreated, arrays=(FAR,)), "an array '\\x1b[2Jw' that reaches beyond its state of "),
    (CREATED, remade(wire.ModelCreated, dimension=0xFFFF), "model a has 65535 features"),
    (CREATED, remade(wire.ModelCreated, outputs=0), "model a has 0 outputs and predictions of 1 bits for 2 classes"),
    (CREATED, remade(wire.ModelCreated, outputs=255), "model a has 255 outputs"),
    (CREATED, remade(wire.ModelCreated, prediction_bits=255), "predictions of 255 bits"),
    (DUMP, lambda fields: fields[:6] + struct.pack(">H", 896) + fields[8:-2] * 9, "the payload broke the contract: "),
    (DUMP, remade(wire.MemoryDump, address=0x7FFFFFFF), "the dump of a is torn at byte 0"),
    (
        DUMP,
        remade(wire.MemoryDump, data=bytes(900), checksum=crc16(bytes(900))),
        "the dump of a has 900 bytes; its state",
    ),
    (SAMPLE_REPORT, remade(wire.SampleReport, count=0xFFFF), "the payload reported rows 0 to 65534; row 0 was next"),
    (SAMPLE_REPORT, remade(wire.SampleReport, count=0), "row 0 was next"),
    (SAMPLE_REPORT, remade(wire.SampleReport, models=255), "results of 255 models; it has 2"),
    (SAMPLE_REPORT, remade(wire.SampleReport, records=b""), "has 0 bytes of records; expected "),
    (SAMPLE_REPORT, remade(wire.SampleReport, records=b"\xee" * 900), "bytes of records"),
    ((128, 12), remade(wire.Statistics, model=0), "the payload gave statistics of 3 models; it has 2"),
    ((128, 12), remade(wire.Statistics, model=254), "the payload gave statistics of 0 models; it has 2"),
    ((128, 10), remade(wire.Predictions, count=0xFFFF), "the payload broke the contract: Predictions of 65535 rows"),
    ((128, 10), remade(wire.Predictions, models=0), "the payload scored 0 models"),
    ((128, 10), remade(wire.Predictions, records=b""), "has 0 bytes of records"),
]


@pytest.mark.parametrize(("kind", "change", "reason"), LIES)
def test_a_lie_about_lengths_is_one_verdict(
    host_payload: Path, kind: tuple[int, int], change: Change, reason: str
) -> None:
    with hostile_board(host_payload, Script(changes={kind: change})) as port:
        check_ended(carry_out(port), reason)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remade(wire.Hello, receive_bytes=0), "has a receive queue of 0 bytes; one frame needs 1280"),
        (remade(wire.Hello, frame_bytes=0), "its largest frame has 0 bytes; in this contract that is 1024"),
        (remade(wire.Hello, frame_bytes=0xFFFF), "its largest frame has 65535 bytes"),
        (
            lambda fields: fields[:-15] + b"\xff" * 15,
            "something answers, but breaks the contract: Hello: text field is not UTF-8",
        ),
        (lambda fields: fields[:20], "something answers, but breaks the contract: Hello: "),
    ],
)
def test_a_hello_that_lies_is_one_error(host_payload: Path, change: Change, message: str) -> None:
    with hostile_board(host_payload, Script(hello=change)) as port, pytest.raises(ConnectError) as caught:
        carry_out(port, ready_s=1.0)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "lies", [{"receive_bytes": 0xFFFFFFFF}, {"arena_bytes": 0xFFFFFFFF}, {"clock_kind": 99}, {"name": "\x1b[2J"}]
)
def test_a_hello_whose_lies_do_no_harm_is_believed(host_payload: Path, lies: dict[str, object]) -> None:
    with hostile_board(host_payload, Script(hello=remade(wire.Hello, **lies))) as port:
        assert carry_out(port).outcome == "completed"


def judged(folder: Path, name: str) -> dict[str, object]:
    """The verdict of a run, judged again from its folder."""
    before = read_verdicts(folder)
    assert run_bench(folder.parent, "judge", folder).status == 1
    assert read_verdicts(folder) == before
    return before[name]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Script(SAMPLE_REPORT, 2), "did not come back within 1 s"),
        (Script(SAMPLE_REPORT, 2, FLOODS["garbage"]), "link lost: silent for "),
        (Script(changes={DUMP: remade(wire.MemoryDump, address=1)}), "the dump of arow_3D is torn at byte 0"),
    ],
)
def test_a_run_on_such_a_board_is_saved_and_can_be_judged_again(
    tmp_path: Path, host_payload: Path, script: Script, reason: str
) -> None:
    scenario = write_scenario(tmp_path / "small.toml")
    recording = save_rows(tmp_path / "rows", 0, 400)
    out = tmp_path / "run"
    with hostile_board(host_payload, script) as port:
        station = tmp_path / "station.toml"
        station.write_text(f'[station.host]\nport = "{port}"\nreconnect_s = 1.0\nbuild_id = "any"\n')
        ended = run_bench(tmp_path, "run", scenario, "--recording", recording, "--station", station, "--out", out)
    assert ended.status == 1, ended
    assert reason in " ".join(ended.out.split())
    trace = read_trace(out)
    assert trace[-1]["outcome"] == "target_failed"
    assert [entry for entry in trace if entry["kind"] == "samples_trained"]
    assert reason in str(judged(out, "run.completed")["because"])
