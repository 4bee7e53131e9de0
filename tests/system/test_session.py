"""Sessions with payloads that break the contract, are stopped, or restart: what the run says of it.

The payload is the native one; what it says is altered on its way, packet by packet.
"""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.errors import ConfigurationError
from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario
from bench.session import Recorder, Session, run
from bench.target import load_target
from bench.trace import Entry, ModelDumped, PayloadRestarted, RunEnded, TargetFailed
from bench.transport import ProcessTransport, Transfer, make_process
from firmware_if.framing import Deframer, Frame, enframe
from firmware_if.messages import FrameType
from firmware_if.packets import crc16
from tests.system.command_line import sun_sensor

MODELS = (ModelSpec("a", "arow", "orbitai-3d", "flight"), ModelSpec("b", "rda", "orbitai-2d", "flight"))
SCENARIO = Scenario("made", "made", MODELS, (), restart_between_segments=True)
HEADER_BYTES = 20
"""Of a telemetry packet; its service and subtype are bytes 7 and 8."""

Change = Callable[[bytes], bytes]
"""What is made of the fields of one kind of packet."""


class AlteredLine(ProcessTransport):
    """The way to the native payload, on which packets of one kind are altered."""

    kind = (0, 0)
    change: Change = staticmethod(lambda fields: fields)

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        transfer = super().transfer(data, timeout_s)
        frames = [item for item in self._deframer.feed(transfer.received) if isinstance(item, Frame)]
        return Transfer(transfer.written, b"".join(map(self._altered, frames)))

    def open(self) -> None:
        self._deframer = Deframer()
        super().open()

    def _altered(self, frame: Frame) -> bytes:
        body = frame.body
        if frame.header.type == FrameType.DATA and tuple(body[7:9]) == self.kind:
            packet = body[:HEADER_BYTES] + self.change(body[HEADER_BYTES:-2])
            packet = packet[:4] + struct.pack(">H", len(packet) + 2 - 7) + packet[6:]
            body = packet + crc16(packet).to_bytes(2, "big")
        return enframe(frame.header, body)


def altered(elf: Path, kind: tuple[int, int], change: Change) -> AlteredLine:
    plain = make_process(elf)
    line = AlteredLine(plain.program, ready_s=5.0)
    line.kind = kind
    line.change = change
    return line


def carry_out(
    line: ProcessTransport,
    scenario: Scenario = SCENARIO,
    *,
    stop: Callable[[], bool] = lambda: False,
    observe: Callable[[Entry], None] = lambda _: None,
) -> tuple[str, list[Entry]]:
    """Outcome and trace of a run over 160 rows in two segments."""
    recording = sun_sensor().rows(640, 800)
    clock = MonotonicClock()
    recorder = Recorder(clock, observers=(observe,))
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


def flip(position: int) -> Change:
    """Change one byte."""
    return lambda fields: fields[:position] + bytes([fields[position] ^ 0x40]) + fields[position + 1 :]


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ((128, 2), flip(0), "the payload broke the contract: the catalogue holds an entry of unknown kind"),
        ((128, 6), flip(0), "the payload broke the contract: no ModelCreated for handle 0"),
        ((6, 6), flip(8), "the dump of a is torn at byte 0"),
        ((6, 6), flip(2), "the dump of a is torn at byte 0"),
        ((128, 12), flip(0), "the payload gave statistics of 0 models; it has 2"),
        ((128, 8), flip(2), "row 0 was next"),
        ((128, 8), lambda fields: fields[:-1], "the payload broke the contract: SampleReport of "),
        ((128, 10), lambda fields: fields + b"x", "the payload broke the contract: Predictions of "),
        ((1, 7), lambda fields: fields[:-1], "the payload broke the contract: Completed: "),
    ],
)
def test_a_payload_that_breaks_the_contract_is_a_verdict(
    host_payload: Path, *, kind: tuple[int, int], change: Change, reason: str
) -> None:
    outcome, trace = carry_out(altered(host_payload, kind, change))
    assert outcome == "target_failed"
    [failure] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    assert reason in failure.reason
    last = trace[-1]
    assert isinstance(last, RunEnded)
    assert last.reason == failure.reason


@pytest.mark.parametrize(
    ("model", "message", "hint"),
    [
        (
            ModelSpec("f", "arow", "orbitai-5d", "flight", channels=("pd6",)),
            "orbitai-5d reads 5 channels, 1 are named",
            "leave",
        ),
        (
            ModelSpec("g", "logistic", "identity", "flight"),
            "no learner 'logistic' in flight",
            'write arithmetic = "f32"',
        ),
        (ModelSpec("g", "logistic", "identity"), "logistic trains on mini-batches", 'write mode = "batch"'),
        (ModelSpec("g", "arow", "identity", "flight", bias=True), "flew without a bias", "leave out bias"),
        (ModelSpec("c", "arrow", "identity", "flight"), "no learner 'arrow' in flight arithmetic", "'arow'"),
        (ModelSpec("c", "arow", "identiti", "flight"), "no feature map 'identiti'", "'identity'"),
        (ModelSpec("c", "arow", "identity", "flight", {"rr": 1.0}), "no hyperparameter 'rr'", "'r'"),
        (
            ModelSpec("c", "arow", "identity", "flight", lost_at_restart=("cow",)),
            "model c: lost_at_restart names 'cow', arow has no such state array",
            "did you mean 'cov'?",
        ),
        (ModelSpec("c", "arow", "identity", "flight", {"r": -1.0}), "r = -1 is outside ", "limits are those of arow"),
    ],
)
def test_a_model_that_the_payload_cannot_know_is_an_error_of_the_bench(
    host_payload: Path, *, model: ModelSpec, message: str, hint: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        carry_out(make_process(host_payload), replace(SCENARIO, models=(model,)))
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_stop_during_a_restart_keeps_the_models_of_the_segment_before(host_payload: Path) -> None:
    """The payload that has just restarted has learnt nothing: what it holds must not replace what was dumped."""
    stopping: list[Entry] = []

    def observe(entry: Entry) -> None:
        if isinstance(entry, PayloadRestarted):
            stopping.append(entry)

    outcome, trace = carry_out(make_process(host_payload), stop=lambda: bool(stopping), observe=observe)
    assert outcome == "aborted"
    assert [entry for entry in trace if isinstance(entry, TargetFailed)] == []
    dumps = [entry for entry in trace if isinstance(entry, ModelDumped)]
    assert [(dump.name, dump.end_row, dump.complete) for dump in dumps] == [("a", 80, True), ("b", 80, True)]
    last = trace[-1]
    assert isinstance(last, RunEnded)
    assert (last.outcome, last.rows) == ("aborted", 80)
