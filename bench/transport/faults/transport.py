"""A transport around another that puts faults in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from bench.clock import Clock
from bench.errors import ConfigurationError, TransportError
from bench.transport.around import TransportAround
from bench.transport.base import LineCut, Transfer, Transport
from bench.transport.faults.damage import Damage, Step
from bench.transport.faults.fault import Fault
from bench.transport.faults.lane import Lane
from bench.transport.faults.plan import LinkFaultPlan

_MOST_UNDER_WAY: Final = 1 << 16
"""Bytes towards the payload that are taken before those that went first have arrived: far more than any credit."""
_RECONNECT_S: Final = 10.0
"""How long an injected cut is waited for; as a line of a station where nothing else is said."""


class _Way:
    """One direction: what happens to its bytes, and those that are under way."""

    def __init__(self, plan: LinkFaultPlan, name: str, *, on_fault: Callable[[Fault], None]) -> None:
        self.damage = Damage(plan.faults(name), on_fault=on_fault)
        self.lane = Lane(plan.light_time_s)


class FaultyTransport(TransportAround):
    """`inner`; from `begin` to `end` with the faults of a plan, else as it is.

    An offset counts the bytes that have entered the line in that direction since `begin`: towards the payload those
    that were taken from the caller, from it those that `inner` gave. While the line is cut nothing enters it.
    """

    def __init__(self, inner: Transport, *, clock: Clock) -> None:
        super().__init__(inner)
        self._clock = clock
        self._plan: LinkFaultPlan | None = None
        self._cut: Fault | None = None
        self._cut_at = 0.0
        self._ended: TransportError | None = None
        self._place = 1

    def begin(self, plan: LinkFaultPlan, *, on_fault: Callable[[Fault], None]) -> None:
        """From the next byte on; raises ConfigurationError where the payload cannot be reset as the plan wants."""
        if plan.resets and not self.inner.can_power_cycle:
            raise ConfigurationError(
                f"link faults {plan.name} reset the payload, and the bench cannot start this one anew",
                hint="give the station a reset command, or take a profile without resets",
            )
        self._plan = plan
        self._to = _Way(plan, "to_payload", on_fault=on_fault)
        self._from = _Way(plan, "from_payload", on_fault=on_fault)
        self._cut, self._ended = None, None

    def end(self) -> None:
        """No more faults; what is still under way is lost."""
        self._plan = None

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        if self._plan is None:
            return self.inner.transfer(data, timeout_s)
        until = self._clock.now() + timeout_s
        taken = self._offer(data) if self._cut is None and self._ended is None else 0
        while True:
            self._move(0.0 if taken else self._wait_s(until))
            now = self._clock.now()
            received = self._from.lane.arrived(now if self._ended is None else math.inf)
            self._from.lane.take(len(received))
            if taken or received:
                return Transfer(taken, received)
            if self._cut is not None:
                raise self._line_cut(self._cut)
            if self._ended is not None:
                raise self._ended
            if now >= until:
                return Transfer(0, b"")

    def _wait_s(self, until: float) -> float:
        """Until something is due, or may be."""
        if self._cut is not None:
            return 0.0
        now = self._clock.now()
        due = [until]
        for way in (self._to, self._from):
            at = way.lane.next_at()
            if at is not None and (at > now or way is self._from):  # what is late waits for `inner`, not for its time
                due.append(at)
        return max(0.0, min(due) - now)

    def _offer(self, data: bytes) -> int:
        """How many bytes have entered the line towards the payload."""
        end = min(len(data), _MOST_UNDER_WAY - self._to.lane.size)
        taken = 0
        while taken < end and self._cut is None:  # behind a reset the line goes on
            steps, more = self._to.damage.feed(data[taken:end])
            self._carry_out(steps, self._to.lane)
            taken += more
        return taken

    def _move(self, wait_s: float) -> None:
        """Hand on what has arrived at the payload, and take what it says."""
        if self._ended is not None:
            return
        arrived = self._to.lane.arrived(self._clock.now())
        try:
            transfer = self.inner.transfer(arrived, wait_s)
        except LineCut:
            self._lose()
            raise
        except TransportError as error:  # what it said before is still on its way
            self._ended = error
            return
        self._to.lane.take(transfer.written)
        if transfer.received and self._cut is None:  # behind a cut there is no line
            steps, _ = self._from.damage.feed(transfer.received)
            self._carry_out(steps, self._from.lane)

    def _carry_out(self, steps: Sequence[Step], lane: Lane) -> None:
        now = self._clock.now()
        for step in steps:
            if isinstance(step, bytes):
                lane.push(step, now)
            elif step.kind == "stall":
                lane.stall(step.seconds, now)
            elif step.kind == "reset":
                self._to.lane.clear()
                self.inner.power_cycle()
            else:
                self._cut, self._cut_at = step, now

    def _lose(self) -> None:
        self._to.lane.clear()
        self._from.lane.clear()

    def _line_cut(self, fault: Fault) -> LineCut:
        self._lose()
        text = f"an injected {fault.kind} cut the line for {fault.seconds:g} s"
        return LineCut(text, line=self, hint="it is one of the link faults that were asked for.")

    @property
    def reconnect_s(self) -> float:
        return _RECONNECT_S

    def reopen(self, timeout_s: float) -> str:
        """Wait for the line that an injected fault has cut; what the payload says meanwhile is lost."""
        fault, until = self._cut, self._clock.now() + timeout_s
        if fault is not None:
            back_at = self._cut_at + fault.seconds
            while (left_s := min(back_at, until) - self._clock.now()) > 0:
                self.inner.transfer(b"", left_s)
            if self._clock.now() < back_at:
                raise TransportError(f"{self._named} is not there", hint="an injected fault has cut it")
            while self.inner.transfer(b"", 0.0).received:
                pass
            self._cut = None
            self._place += fault.kind == "renumber"
        return self._named

    @property
    def _named(self) -> str:
        return f"the same line as number {self._place}" if self._place > 1 else "the same line"

    def power_cycle(self) -> None:
        if self._plan is not None:
            self._lose()
            self._cut, self._ended = None, None
        self.inner.power_cycle()
