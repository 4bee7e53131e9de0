"""A transport with faults in it, on a clock that the test moves."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.clock import ManualClock
from bench.errors import ConfigurationError, TransportError
from bench.transport import LineCut, MemoryTransport, PeerDied, RecordingTransport, Transfer
from bench.transport.faults import Fault, FaultyTransport, LinkFaultPlan, drawn_plan, listed_plan
from bench.transport.faults.profile import LinkFaultProfile
from tests.unit.test_link_faults_drawn import RATES

SENT = random.Random(7).randbytes(3000)
SIZES = st.lists(st.integers(1, 700), min_size=1, max_size=40)


class Ends:
    """A faulty transport at the bench, and the payload's end of its line."""

    def __init__(self, plan: LinkFaultPlan, *, capacity: int = 1 << 16, resets: bool = False) -> None:
        self.clock = ManualClock()
        self.cycled = 0
        self.line = MemoryTransport(capacity=capacity, on_wait=self.clock.advance)
        if resets:
            self.line.on_power_cycle = self.cycle
        self.payload = MemoryTransport(capacity=capacity)
        self.line.join(self.payload)
        self.faults: list[Fault] = []
        self.faulty = FaultyTransport(self.line, clock=self.clock)
        self.faulty.begin(plan, on_fault=self.faults.append)

    def cycle(self) -> None:
        self.cycled += 1

    def taken(self) -> bytes:
        """What the payload finds on its side."""
        return self.payload.transfer(b"", 0.0).received

    def send(self, data: bytes, sizes: Sequence[int]) -> bytes:
        """Offer `data` in pieces, going on where a cut left off; what arrives at the payload."""
        arrived, at, number = b"", 0, 0
        while at < len(data):
            size = sizes[number % len(sizes)]
            number += 1
            try:
                at += self.faulty.transfer(data[at : at + size], 0.0).written
            except LineCut as cut:
                self.clock.advance(1.0)
                cut.line.reopen(0.0)
            arrived += self.taken()
        self.clock.advance(100.0)
        self.faulty.transfer(b"", 0.0)
        return arrived + self.taken()

    def receive(self, data: bytes, sizes: Sequence[int]) -> bytes:
        """The payload says `data` in pieces; what arrives at the bench, one look after each piece."""
        arrived, at, number = b"", 0, 0
        while at < len(data):
            size = sizes[number % len(sizes)]
            number += 1
            at += self.payload.transfer(data[at : at + size], 0.0).written
            arrived += self.faulty.transfer(b"", 0.0).received
        self.clock.advance(100.0)
        return arrived + self.faulty.transfer(b"", 0.0).received


def plan_of(*kinds: str, seed: int) -> LinkFaultPlan:
    return drawn_plan(LinkFaultProfile("test", "", tuple(RATES[kind] for kind in kinds)), seed=seed)


CARRIED = ("flip", "burst", "drop", "truncate", "duplicate", "insert", "stall")


@given(sizes=SIZES, seed=st.integers(0, 1 << 32))
@settings(deadline=None)  # of a busy machine
def test_the_sizes_of_writes_change_neither_the_faults_nor_what_arrives(sizes: list[int], seed: int) -> None:
    whole, pieces = Ends(plan_of(*CARRIED, seed=seed)), Ends(plan_of(*CARRIED, seed=seed))
    assert whole.send(SENT, [len(SENT)]) == pieces.send(SENT, sizes)
    assert whole.faults == pieces.faults


@given(sizes=SIZES, seed=st.integers(0, 1 << 32))
@settings(deadline=None)  # of a busy machine
def test_the_sizes_of_reads_change_neither_the_faults_nor_what_arrives(sizes: list[int], seed: int) -> None:
    whole, pieces = Ends(plan_of(*CARRIED, seed=seed)), Ends(plan_of(*CARRIED, seed=seed))
    assert whole.receive(SENT, [len(SENT)]) == pieces.receive(SENT, sizes)
    assert whole.faults == pieces.faults


@given(sizes=SIZES, seed=st.integers(0, 1 << 32))
@settings(deadline=None)  # of a busy machine
def test_cuts_too_come_at_the_same_bytes_and_lose_nothing_that_was_not_taken(sizes: list[int], seed: int) -> None:
    whole, pieces = (Ends(plan_of("disconnect", "renumber", "flip", seed=seed)) for _ in range(2))
    assert whole.send(SENT, [len(SENT)]) == pieces.send(SENT, sizes)
    assert whole.faults == pieces.faults


def test_without_faults_it_is_the_line_itself() -> None:
    ends = Ends(listed_plan("none", [], light_time_s=0.0))
    ends.faulty.end()
    ends.payload.transfer(b"hello", 0.0)
    assert ends.faulty.transfer(b"who", 0.0) == Transfer(3, b"hello")
    assert ends.taken() == b"who"


def test_light_takes_its_time_both_ways() -> None:
    ends = Ends(listed_plan("far", [], light_time_s=1.5))
    assert ends.faulty.transfer(b"who", 0.0).written == 3
    assert ends.faulty.transfer(b"", 1.4) == Transfer(0, b"")
    assert ends.taken() == b""
    assert ends.faulty.transfer(b"", 0.2) == Transfer(0, b"")
    assert ends.taken() == b"who"
    ends.payload.transfer(b"me", 0.0)
    assert ends.faulty.transfer(b"", 1.0) == Transfer(0, b"")
    begun = ends.clock.now()
    assert ends.faulty.transfer(b"", 9.0) == Transfer(0, b"me")
    assert ends.clock.now() - begun < 1.6


def test_a_stall_holds_one_direction_back_and_loses_nothing() -> None:
    ends = Ends(listed_plan("s", [Fault("from_payload", "stall", 2, seconds=0.7)], light_time_s=0.0))
    ends.payload.transfer(b"abcd", 0.0)
    assert ends.faulty.transfer(b"x", 0.0) == Transfer(1, b"ab")
    assert ends.taken() == b"x"
    assert ends.faulty.transfer(b"", 0.5) == Transfer(0, b"")
    assert ends.faulty.transfer(b"", 0.5) == Transfer(0, b"cd")


def test_a_cut_is_told_after_what_came_before_it_and_the_line_comes_back() -> None:
    cut = Fault("from_payload", "disconnect", 2, seconds=0.5)
    ends = Ends(listed_plan("c", [cut], light_time_s=0.0))
    ends.payload.transfer(b"abcd", 0.0)
    assert ends.faulty.transfer(b"", 0.0).received == b"ab"
    with pytest.raises(LineCut, match=r"an injected disconnect cut the line for 0\.5 s") as raised:
        ends.faulty.transfer(b"x", 0.0)
    line = raised.value.line
    assert line.reconnect_s == 10.0
    ends.payload.transfer(b"while it is away", 0.0)
    with pytest.raises(TransportError, match="the same line is not there"):
        line.reopen(0.1)
    assert line.reopen(0.5) == "the same line"
    ends.payload.transfer(b"ef", 0.0)
    assert ends.faulty.transfer(b"y", 0.0) == Transfer(1, b"ef")
    assert ends.taken() == b"y"
    assert ends.faults == [cut]


def test_an_adapter_comes_back_under_another_number() -> None:
    ends = Ends(listed_plan("r", [Fault("to_payload", "renumber", 0, seconds=0.1)], light_time_s=0.0))
    with pytest.raises(LineCut, match="an injected renumber") as raised:
        ends.faulty.transfer(b"x", 0.0)
    assert raised.value.line.reopen(0.2) == "the same line as number 2"


def test_a_reset_starts_the_payload_anew() -> None:
    ends = Ends(listed_plan("r", [Fault("to_payload", "reset", 2)], light_time_s=0.0), resets=True)
    assert ends.faulty.transfer(b"abcd", 0.0).written == 4
    assert (ends.taken(), ends.cycled) == (b"cd", 1)


def test_a_reset_needs_a_payload_that_can_be_started_anew() -> None:
    with pytest.raises(ConfigurationError, match="reset the payload, and the bench cannot start this one anew"):
        Ends(listed_plan("r", [Fault("to_payload", "reset", 2)], light_time_s=0.0))


def test_a_power_cycle_forgets_what_was_under_way() -> None:
    ends = Ends(listed_plan("far", [], light_time_s=1.0), resets=True)
    ends.faulty.transfer(b"lost", 0.0)
    ends.faulty.power_cycle()
    ends.clock.advance(5.0)
    ends.faulty.transfer(b"", 0.0)
    assert (ends.taken(), ends.cycled) == (b"", 1)


class Dying(MemoryTransport):
    """Says one thing and ends."""

    said = False

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        del data, timeout_s
        if self.said:
            raise PeerDied("it ended", returncode=1, words="")
        self.said = True
        return Transfer(0, b"last words")


def test_what_a_payload_said_before_its_end_is_heard_first() -> None:
    clock = ManualClock()
    faulty = FaultyTransport(Dying(capacity=1), clock=clock)
    faulty.begin(listed_plan("far", [], light_time_s=1.0), on_fault=lambda _: None)
    assert faulty.transfer(b"", 0.0) == Transfer(0, b"")
    assert faulty.transfer(b"", 0.5) == Transfer(0, b"last words")
    with pytest.raises(PeerDied, match="it ended"):
        faulty.transfer(b"", 0.5)


class Unplugged(MemoryTransport):
    """A line that is really gone."""

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        del data, timeout_s
        raise LineCut("really gone", line=FaultyTransport(self, clock=ManualClock()))


def test_a_real_cut_goes_through_as_it_is() -> None:
    faulty = FaultyTransport(Unplugged(capacity=1), clock=ManualClock())
    faulty.begin(listed_plan("none", [], light_time_s=0.0), on_fault=lambda _: None)
    with pytest.raises(LineCut, match="really gone"):
        faulty.transfer(b"x", 0.0)


def test_a_line_that_takes_little_keeps_what_waits() -> None:
    ends = Ends(listed_plan("none", [], light_time_s=0.0), capacity=10)
    assert ends.faulty.transfer(b"a" * 100, 0.0).written == 100
    arrived = ends.taken()
    while len(arrived) < 100:
        ends.faulty.transfer(b"", 0.0)
        arrived += ends.taken()
    assert arrived == b"a" * 100


def test_what_is_recorded_is_what_the_bench_saw() -> None:
    ends = Ends(listed_plan("f", [Fault("from_payload", "flip", 0, data=b"\x20")], light_time_s=0.0))
    recording = RecordingTransport(ends.faulty, clock=ends.clock)
    ends.payload.transfer(b"abc", 0.0)
    assert recording.transfer(b"", 0.0).received == b"Abc"
    assert [chunk.data for chunk in recording.tail.chunks()] == [b"Abc"]
