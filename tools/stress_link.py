"""Send a million frames over a line that garbles, drops, doubles and cuts, and check every one of them.

`python -m tools.stress_link --frames 1000000 --seed 1`; exits 1 at the first frame that was lost, doubled or accepted
corrupt. The native payload trains one model on rows and scores others between them, so each of its answers depends on
every row before it. Three things are compared:

* telemetry, packet by packet, with what the payload wrote before any fault: the same packets, once and in order;
* all results and scores, bit for bit, with those of the same telecommands over a clean line;
* refused telecommands, of which there must be none.

Data frames are counted, of both directions, each once however often it was sent. The bounded form of this is
tests/system/test_link_stress.py.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import struct
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

if not __package__:  # started as a file: `bench` is found from the checkout
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.build import build_firmware
from bench.clock import Clock, MonotonicClock
from bench.transport import LineCut, Transfer, Transport, make_process
from bench.transport.around import TransportAround
from bench.transport.faults import WAYS, Fault, FaultyTransport, drawn_plan
from bench.transport.faults.profile import FaultRate, LinkFaultProfile
from firmware_if.connection import Connection, LinkTimes
from firmware_if.events import BadPacket, Connected, LinkLost, PacketReceived
from firmware_if.events import PayloadRestarted as Restarted
from firmware_if.framing import Deframer, Frame
from firmware_if.messages import (
    Completed,
    ConfigureStream,
    CreateModel,
    FrameType,
    Message,
    Mode,
    NotAccepted,
    NotCompleted,
    Predict,
    Predictions,
    SampleReport,
    Samples,
)
from firmware_if.packets import Telemetry, unpack_telemetry

TIMES = LinkTimes(hello_s=0.01, answer_s=0.004, answer_max_s=0.2, lost_s=20.0)
"""A native payload answers within a millisecond: what is not there by then was lost, and is asked for."""
AHEAD = 4
"""Requests under way. All that follow a lost frame are sent again, so more of them make the run longer, not harder."""
ROW = struct.Struct(">Ih2f")
VALUES = struct.Struct(">2f")
_COSTS = 16
"""Bytes of a record that say how long it took, which no two runs share."""
_STATUS = 1
_FRAMES = 4
"""Of a pair: rows, what became of them, a question and its answer."""
CLEAN = LinkFaultProfile("clean", "", ())
WORST = LinkFaultProfile(
    "a million frames",
    "",
    (
        FaultRate("flip", WAYS, "the bit error rate that is asked for", per_bit=1e-4),
        FaultRate("drop", WAYS, "an overrun in one of 200 frames", per_byte=1e-4, length=(1, 64)),
        FaultRate("duplicate", WAYS, "as often", per_byte=1e-4, length=(1, 64)),
        FaultRate("truncate", WAYS, "half as often", per_byte=5e-5, length=(100, 1024)),
        FaultRate("insert", WAYS, "half as often", per_byte=5e-5, length=(1, 32)),
        FaultRate("burst", WAYS, "half as often", per_byte=5e-5, mean_bytes=8, per_bit=0.5),
        FaultRate("disconnect", WAYS, "some hundred in the whole", per_byte=1e-6, seconds=(0.01, 0.05)),
    ),
)


class LinkBroke(Exception):  # noqa: N818 - what the tool is there to find
    """A frame was lost, doubled or accepted corrupt."""


class Tap(TransportAround):
    """What the payload says, before any fault: each packet once, in the order in which it was made."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self._deframer = Deframer()
        self._sequence = 0
        self.said: deque[Telemetry] = deque()

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        transfer = self.inner.transfer(data, timeout_s)
        for item in self._deframer.feed(transfer.received):
            new = isinstance(item, Frame) and item.header.type == FrameType.DATA
            if new and isinstance(item, Frame) and item.header.sequence == self._sequence:
                self._sequence = (self._sequence + 1) % 0x10000
                self.said.append(unpack_telemetry(item.body))
        return transfer


@dataclass
class Result:
    """What a run gave. `digest` is of all results and scores, `frames` counts Data frames of both directions."""

    frames: int = 0
    rows: int = 0
    resent: int = 0
    corrupt: int = 0
    cuts: int = 0
    seconds: float = 0.0
    digest: str = ""
    faults: Counter[str] = field(default_factory=Counter)


class Stress:
    """A bench in miniature at one end of a line, and the tap at the other."""

    def __init__(self, line: FaultyTransport, tap: Tap, *, seed: int, clock: Clock) -> None:
        self._line = line
        self._tap = tap
        self._clock = clock
        self._draw = random.Random(seed)  # noqa: S311 - test input, not a secret
        nonces = random.Random(seed)  # noqa: S311
        self._connection = Connection(lambda: nonces.getrandbits(32), times=TIMES)
        self._outgoing = b""
        self._results = hashlib.sha256()
        self._scores = hashlib.sha256()
        self._due_row = 0
        self._next_answer = 0
        self._sent = 0
        self.result = Result()

    def run(self, pairs: int) -> Result:
        """So many times rows and a question, each with its answer: at least four Data frames; raises LinkBroke."""
        begun = self._clock.now()
        self._connection.open(begun)
        self._await_completed(None)
        self._await_completed(ConfigureStream(2, 0, (-1, 1), Mode.STREAM))
        self._await_completed(CreateModel("arow", "identity", "flight", (0, 1), 0, ()))
        row = 0
        while self._next_answer < pairs:
            while self._sent < min(pairs, self._next_answer + AHEAD):
                row = self._send_pair(row)
            self._take(self._receive())
        if self._due_row != row or self._tap.said:
            raise LinkBroke(f"rows up to {self._due_row} of {row} came back, and {len(self._tap.said)} packets did not")
        statistics = self._connection.statistics
        self.result.frames += statistics.frames_sent
        self.result.rows, self.result.resent = row, statistics.frames_resent
        self.result.corrupt, self.result.seconds = statistics.frames_corrupt, self._clock.now() - begun
        self.result.digest = f"{self._results.hexdigest()} {self._scores.hexdigest()}"
        return self.result

    def _send_pair(self, row: int) -> int:
        count = self._draw.randrange(1, 5)
        rows = [self._row(number) for number in range(row, row + count)]
        self._connection.send(Samples(row, b"".join(rows)), acknowledge=False)
        values = VALUES.pack(self._draw.uniform(-1, 1), self._draw.uniform(-1, 1))
        self._connection.send(Predict(self._sent, values), acknowledge=False)
        self._sent += 1
        return row + count

    def _row(self, number: int) -> bytes:
        a, b = self._draw.uniform(-1, 1), self._draw.uniform(-1, 1)
        return ROW.pack(number, 1 if a + b * b > self._draw.uniform(-0.2, 0.2) else -1, a, b)

    def _await_completed(self, message: Message | None) -> None:
        """Send `message` and wait until it is done; None waits for the connection."""
        if message is not None:
            self._connection.send(message)
        while True:
            events = self._receive()
            if any(isinstance(event, Completed if message is not None else Connected) for event in events):
                return

    def _receive(self) -> list[Message | Connected]:
        """Move bytes once; what came."""
        now = self._clock.now()
        self._outgoing += self._connection.bytes_to_send(now)
        deadline = self._connection.deadline()
        try:
            transfer = self._line.transfer(self._outgoing, max(0.0, (deadline or now + 1.0) - now))
        except LineCut as cut:
            self.result.cuts += 1
            self._outgoing, transfer = b"", Transfer(0, b"")
            cut.line.reopen(cut.line.reconnect_s)
            self._connection.resume(self._clock.now())
        self._outgoing = self._outgoing[transfer.written :]
        now = self._clock.now()
        self._connection.receive_data(transfer.received, now)
        self._connection.handle_deadline(now)
        found: list[Message | Connected] = []
        while (event := self._connection.next_event()) is not None:
            if isinstance(event, PacketReceived):
                found.append(self._check(event.telemetry))
            elif isinstance(event, Connected):
                found.append(event)
            elif isinstance(event, BadPacket | LinkLost | Restarted):
                raise LinkBroke(f"{event}")
        return found

    def _check(self, telemetry: Telemetry) -> Message:
        self.result.frames += 1
        said = self._tap.said.popleft() if self._tap.said else None
        if telemetry != said:
            raise LinkBroke(f"telemetry {self.result.frames}: the payload said {said}, {telemetry} was accepted")
        if isinstance(telemetry.message, NotAccepted | NotCompleted):
            raise LinkBroke(f"a telecommand was refused: {telemetry.message}")
        return telemetry.message

    def _take(self, messages: list[Message | Connected]) -> None:
        for message in messages:
            if isinstance(message, Predictions):
                if message.first_row != self._next_answer:
                    raise LinkBroke(f"request {self._next_answer} was due, {message.first_row} was answered")
                self._next_answer += 1
                self._scores.update(message.records)
            elif isinstance(message, SampleReport):
                if message.first_row != self._due_row:
                    raise LinkBroke(f"row {self._due_row} was due, row {message.first_row} was reported")
                self._due_row += message.count
                size = len(message.records) // message.count
                for at in range(0, len(message.records), size):
                    record = message.records[at : at + size]
                    self._results.update(record[:_STATUS] + record[_STATUS + _COSTS :])


def stress(elf: Path, *, pairs: int, seed: int, profile: LinkFaultProfile) -> Result:
    """One run; raises LinkBroke."""
    clock = MonotonicClock()
    counts: Counter[str] = Counter()

    def count(fault: Fault) -> None:
        counts[fault.kind] += 1

    tap = Tap(make_process(elf))
    with FaultyTransport(tap, clock=clock) as line:
        line.begin(drawn_plan(profile, seed=seed), on_fault=count)
        result = Stress(line, tap, seed=seed, clock=clock).run(pairs)
    result.faults = counts
    return result


def compare(elf: Path, *, frames: int, seed: int) -> tuple[Result, Result]:
    """The same telecommands over a clean line and over the worst; raises LinkBroke where they differ."""
    pairs = -(-frames // _FRAMES)
    garbled = stress(elf, pairs=pairs, seed=seed, profile=WORST)
    clean = stress(elf, pairs=pairs, seed=seed, profile=CLEAN)
    if clean.digest != garbled.digest:
        raise LinkBroke(f"results of {garbled.rows} rows differ: clean {clean.digest}, garbled {garbled.digest}")
    return clean, garbled


def main() -> int:
    """Run, and print what was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000, help="Data frames; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    options = parser.parse_args()
    begun = time.monotonic()
    try:
        clean, garbled = compare(build_firmware("host").elf, frames=options.frames, seed=options.seed)
    except LinkBroke as broke:
        print(f"seed {options.seed}: {broke}")
        return 1
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in garbled.faults.most_common())
    print(f"seed {options.seed}: {garbled.frames:,} Data frames, {garbled.rows:,} rows: none lost, doubled or corrupt")
    print(f"faults: {kinds}")
    print(f"bench: {garbled.resent:,} sent again, {garbled.corrupt:,} corrupt received, {garbled.cuts:,} cuts")
    print(f"{garbled.seconds:.0f} s garbled, {clean.seconds:.0f} s clean, {time.monotonic() - begun:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
