"""Both ends of the real link, the bench's and the native payload's, over a line that loses and garbles bytes."""

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.transport import ProcessTransport, make_process
from bench.transport.faults import WAYS, FaultyTransport, drawn_plan
from bench.transport.faults.profile import FaultRate, LinkFaultProfile
from firmware_if.connection import Connection, LinkTimes
from firmware_if.events import Connected, PacketReceived
from firmware_if.messages import (
    Completed,
    ConfigureStream,
    Message,
    Mode,
    NotAccepted,
    SampleReport,
    Samples,
)

TIMES = LinkTimes(answer_s=0.02, answer_max_s=0.1, lost_s=20.0)
"""Short, as what a garbled line loses is only missed once that time has passed."""
PATIENT = LinkTimes()
"""On a clean line, where a busy machine must not be taken for silence."""
ROW = struct.Struct(">Ih2f")


def garbled(line: ProcessTransport, seed: int, rate: float) -> FaultyTransport:
    """A line on which of all bytes the part `rate` is dropped, doubled, or has a bit turned over."""
    rates = (
        FaultRate("flip", WAYS, "a third", per_bit=rate / 24),
        FaultRate("drop", WAYS, "a third", per_byte=rate / 3, length=(1, 1)),
        FaultRate("duplicate", WAYS, "a third", per_byte=rate / 3, length=(1, 1)),
    )
    faulty = FaultyTransport(line, clock=MonotonicClock())
    faulty.begin(drawn_plan(LinkFaultProfile("garbled", "", rates), seed=seed), on_fault=lambda _: None)
    return faulty


class Bench:
    """A bench in miniature: it sends rows and takes their results."""

    def __init__(self, line: FaultyTransport | ProcessTransport, seed: int, times: LinkTimes = TIMES) -> None:
        draws = random.Random(seed)
        self.clock = MonotonicClock()
        self.line = line
        self.connection = Connection(lambda: draws.getrandbits(32), times=times)
        self.connection.open(self.clock.now())

    def messages(self) -> Iterator[Message]:
        """Everything that the payload says, for at most 30 s."""
        outgoing = b""
        end = self.clock.now() + 30
        while self.clock.now() < end:
            now = self.clock.now()
            outgoing += self.connection.bytes_to_send(now)
            deadline = self.connection.deadline()
            transfer = self.line.transfer(outgoing, max(0.0, (deadline or now + 0.1) - now))
            outgoing = outgoing[transfer.written :]
            self.connection.receive_data(transfer.received, self.clock.now())
            self.connection.handle_deadline(self.clock.now())
            while (event := self.connection.next_event()) is not None:
                if isinstance(event, PacketReceived):
                    yield event.telemetry.message
                elif isinstance(event, Connected):
                    self.connection.send(ConfigureStream(2, 0, (-1, 1), Mode.STREAM))
        pytest.fail(f"30 s were not enough: {self.connection.statistics}")

    def stream(self, rows: int) -> list[tuple[int, int]]:
        """First row and count of every report, until all rows are reported."""
        reports, sent = [], 0
        for message in self.messages():
            assert not isinstance(message, NotAccepted), f"refused: {message}"
            if isinstance(message, Completed | SampleReport):
                while sent < rows and self.connection.queued < 4:
                    count = min(40, rows - sent)
                    records = b"".join(ROW.pack(row, 1, 0.5, row / rows) for row in range(sent, sent + count))
                    self.connection.send(Samples(sent, records), acknowledge=False)
                    sent += count
            if isinstance(message, SampleReport):
                reports.append((message.first_row, message.count))
                if message.first_row + message.count == rows:
                    return reports
        return reports


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rate", [1e-9, 1e-4, 1e-3])
def test_every_row_arrives_once_and_in_order_on_a_garbled_line(sanitized_payload: Path, seed: int, rate: float) -> None:
    with make_process(sanitized_payload) as line:
        bench = Bench(garbled(line, seed, rate), seed, TIMES if rate > 1e-6 else PATIENT)
        reports = bench.stream(4000)
        assert [first for first, _ in reports] == [sum(count for _, count in reports[:i]) for i in range(len(reports))]
        assert sum(count for _, count in reports) == 4000
        statistics = bench.connection.statistics
        print(f"seed {seed} rate {rate:g}: 4000 rows once and in order; {statistics}")
        if rate < 1e-6:
            assert statistics.frames_resent == 0
            assert statistics.polls_on_silence == 0
        if rate > 5e-4:
            assert statistics.frames_resent > 0


def test_a_session_goes_on_where_it_stopped_after_the_line_was_cut(sanitized_payload: Path) -> None:
    with make_process(sanitized_payload) as line:
        bench = Bench(line, 1)
        answers = bench.messages()
        while not isinstance(next(answers), Completed):
            pass
        bench.connection.send(Samples(0, ROW.pack(0, 1, 0.5, 0.5)), acknowledge=False)
        bench.connection.bytes_to_send(bench.clock.now())  # lost: the line is cut now
        bench.connection.resume(bench.clock.now())
        report = next(message for message in answers if isinstance(message, SampleReport))
        assert (report.first_row, report.count) == (0, 1)
        assert bench.connection.statistics.frames_resent >= 1
