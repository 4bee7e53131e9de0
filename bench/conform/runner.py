"""Carries checks out, one after the other, on a payload that may hang, die or lie in any of them."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass

from bench.clock import Clock
from bench.conform.check import Check, NotApplicable, Outcome, Result, Violation
from bench.conform.subject import Subject
from bench.conform.talk import Talk
from bench.conform.wire import Wire
from bench.errors import BenchError
from bench.printed import is_text
from bench.transport import LineCut, PeerDied, Transport
from bench.transport.base import CutLine
from firmware_if.errors import HilError
from firmware_if.messages import FINGERPRINT, VERSION, Hello, ResetBank
from firmware_if.octets import Reader

_START_S = 1.0
"""A payload that is just starting says Hello by itself within this time."""
_START_AGAIN_S = 10.0
"""A start by command takes no longer, unless the place gives it more."""
_TIDY_S = 10.0
"""To begin a session and empty the bank before a check."""
_QUICK_BYTES_PER_S = 11_520.0
"""115200 baud: on a slower line everything has as much more time."""
_DEADLINES = 2.0
"""Deadlines of checks are for a quick machine; only what hangs meets them."""


@dataclass(frozen=True)
class Place:
    """Where the payload is."""

    name: str
    ready_s: float
    build_id: str | None = None
    """Of the firmware that is expected to answer, if anybody says so."""


def line_patience(line_bytes_per_s: float | None) -> float:
    """How many times longer than on a quick line things may take."""
    return 1.0 if line_bytes_per_s is None else max(1.0, _QUICK_BYTES_PER_S / line_bytes_per_s)


class Runner:
    """Runs checks over an open transport. `heard`: an intact frame has come, so what follows is the payload's doing."""

    def __init__(
        self, transport: Transport, place: Place, *, clock: Clock, seed: int, asked: Collection[str] = ()
    ) -> None:
        """`asked` are checks that somebody wants by name, however long they take."""
        self._transport = transport
        self._place = place
        self._clock = clock
        self._asked = asked
        draws = random.Random(seed)  # noqa: S311 - a seed is wanted: a failure must come again
        self._wire = Wire(transport, clock=clock)
        patience = line_patience(transport.line_bytes_per_s)
        self._talk = Talk(self._wire, draw=lambda: draws.getrandbits(32), patience=patience)
        self._subject = Subject(
            self._talk, seed=seed, start_s=max(_START_AGAIN_S, place.ready_s), build_id=place.build_id
        )
        self._blocked = ""
        """Why nothing more can be checked; empty while it can."""
        self._cut: CutLine | None = None
        """The line, if it was cut: it may come back."""
        self._ready = False
        """There is a session, and the bank is empty."""

    # ------------------------------------------------------------------------------------------------------- opening
    def meet(self) -> None:
        """Wait until the payload says anything intact; raises BenchError when it does not."""
        try:
            self._wire.deadline = self._clock.now() + self._place.ready_s
            if self._listen_for_start() or self._ask_for_frame():
                return
        except PeerDied as error:
            raise BenchError(error.message, hint=error.hint) from error
        raise self._explain_silence()

    def _explain_silence(self) -> BenchError:
        """Why there was no frame, as far as it can be told."""
        wire = self._wire
        seen = f"received {wire.received_bytes} bytes, 0 frames"
        if wire.received_bytes == 0:
            hint = "check the port, its cable and the power of the board, or run: bench doctor --port PORT"
        elif is_text(bytes(wire.last)):
            seen += "; it is text"
            hint = "the board runs, but no payload that speaks firmware_if/SPEC.md: flash the firmware"
        else:
            seen += "; neither text nor frames: a wrong rate, or something that speaks another protocol"
            hint = "check --baud, or run: bench doctor --port PORT --scan-baud"
        return BenchError(f"no frame from {self._place.name} within {self._place.ready_s:g} s ({seen})", hint=hint)

    def _listen_for_start(self) -> bool:
        """A payload that the bench has just started is given time to speak first: it may not listen before."""
        return self._transport.can_power_cycle and self._wire.read(_START_S) is not None

    def _ask_for_frame(self) -> bool:
        self._talk.nonce = 1
        while self._clock.now() < self._wire.deadline:
            self._wire.write(self._talk.hello_request(1))
            if self._wire.read(0.2 * self._talk.patience) is not None:
                return True
        return False

    # -------------------------------------------------------------------------------------------------------- checks
    def run_one(self, check: Check) -> Result:
        """Prepare, check, look after it."""
        started = self._clock.now()
        if not check.alone and not self._ready:
            self._prepare()
        if self._blocked and not check.alone:
            return Result(check, Outcome.BLOCKED, 0.0, came=self._blocked)
        self._ready = False
        outcome, expected, came = Outcome.PASS, "", ""
        try:
            self._carry_out(check)
        except Violation as violation:
            outcome, expected, came = Outcome.FAIL, violation.expected, violation.came
        except NotApplicable as reason:
            outcome, came = Outcome.NOT_APPLICABLE, str(reason)
        except HilError as error:
            self._note_cut(error)
            outcome, expected, came = Outcome.FAIL, "that the payload goes on and keeps to the contract", error.message
        if not check.alone:
            self._prepare()
            if self._blocked and outcome is Outcome.PASS:
                outcome, expected, came = Outcome.FAIL, "that it can be used afterwards", self._blocked
        return Result(check, outcome, self._clock.now() - started, expected, came)

    def _carry_out(self, check: Check) -> None:
        self._wire.deadline = self._clock.now() + _DEADLINES * check.deadline_s * self._talk.patience
        self._talk.held = None
        self._talk.restarting = check.restarts or check.alone
        self._subject.begin(check.name)
        self._subject.asked = check.name in self._asked
        peer = self._talk.peer
        try:
            check.body(self._subject)
            if not check.alone:
                self._look_after(peer, restarts=check.restarts)
        finally:
            self._wire.raw = None
        self._ready = not check.alone

    def _look_after(self, peer: int, *, restarts: bool) -> None:
        """A check has passed only if the payload can be used afterwards, and has not started anew by itself."""
        self._wire.deadline = max(self._wire.deadline, self._clock.now() + _TIDY_S * self._talk.patience)
        self._tidy()
        if not restarts and peer not in (0, self._talk.peer):
            raise Violation("that the payload goes on", "another nonce afterwards: it has started anew by itself")

    def _tidy(self) -> None:
        self._talk.restarting = True
        self._talk.held = None
        frame = self._talk.greet()
        self._talk.restarting = False
        self._subject.hello = Hello.read(Reader(frame.body))
        self._talk.demand(ResetBank())

    def _prepare(self) -> None:
        """A new session and an empty bank, if need be of a payload that is started anew; else all else is blocked."""
        if self._ready or self._blocked:
            return
        why = self._try_to_tidy()
        if why and self._revive():
            why = self._try_to_tidy()
        if not why and self._subject.facts.fingerprint != FINGERPRINT:
            why = f"it was built from another contract: version {self._subject.facts.version}, this bench has {VERSION}"
        self._blocked = why
        self._ready = not why

    def _try_to_tidy(self) -> str:
        """Empty, or why it cannot be had."""
        self._wire.deadline = self._clock.now() + _TIDY_S * self._talk.patience
        self._wire.forget()
        try:
            self._tidy()
        except Violation as violation:
            return f"no session: {violation}"
        except HilError as error:
            self._note_cut(error)
            return f"no session: {error.message}"
        return ""

    def _note_cut(self, error: HilError) -> None:
        if isinstance(error, LineCut):
            self._cut = error.line

    def _revive(self) -> bool:
        """Wait for a line that was cut, else start the payload or the way to it anew; False where that fails."""
        self._wire.forget()
        try:
            if self._cut is not None:
                self._cut.reopen(self._cut.reconnect_s)
                self._cut = None
            elif self._transport.can_power_cycle:
                self._transport.power_cycle()
            else:
                self._transport.close()
                self._transport.open()
            self._wire.deadline = self._clock.now() + self._place.ready_s
            if not self._listen_for_start():
                self._ask_for_frame()
        except (BenchError, Violation):
            return False
        return True
