"""The one place where the link meets a transport: bytes move, events become trace entries, waits have deadlines."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass

from bench.clock import Clock
from bench.errors import TransportError
from bench.session.contact import REBUILD_HINT, Heard, check_hello, explain_silence
from bench.session.failures import ConnectError, Restarted, Stopped, TargetFailure
from bench.session.noise import Noise
from bench.session.patience import Patience, RequestLimit
from bench.session.recorder import Recorder
from bench.session.rejoin import wait_for_line
from bench.trace import LinkCut, LinkResumed, RequestRefused
from bench.transport import LineCut, PeerDied, Transfer, Transport
from firmware_if.connection import Connection, LinkTimes, State
from firmware_if.events import BadPacket, Connected, Event, LinkLost, LinkStatistics, PacketReceived, PayloadRestarted
from firmware_if.framing import Console
from firmware_if.messages import (
    FAILURE_TEXTS,
    Accepted,
    Completed,
    FailureCode,
    Hello,
    Message,
    NotAccepted,
    NotCompleted,
    Restart,
    SampleReport,
)
from firmware_if.packets import RequestId

_HINTS = {"ANSWER_SIZE": "put fewer models of many classes into one bank, or write evaluate = false"}
_STOP_CHECK_S = 0.25
"""How long a wait may last before the wish to stop is noticed."""
_SETTLE_S = 1.0
"""More than an answer takes that is not lost."""
_MOST_OUTGOING_BYTES = 1 << 16
"""Kept for a line that takes nothing; more than a window and what answers it."""


@dataclass(frozen=True)
class Refusal:
    """The payload did not carry out a telecommand."""

    code: str
    text: str
    number: int


class Dialogue:
    """A connection over a transport. `should_stop` is asked during every wait and makes it raise Stopped.

    `check_late` is called during every wait, and may raise what ends it.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Clock,
        recorder: Recorder,
        target_name: str,
        link_times: LinkTimes | None = None,
        patience: Patience | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        check_late: Callable[[], None] = lambda: None,
    ) -> None:
        self.transport = transport
        self.clock = clock
        self.recorder = recorder
        self.target_name = target_name
        self._patience = patience or Patience()
        self._should_stop = should_stop
        self._check_late = check_late
        self._stop_heeded = False
        entropy = random.SystemRandom()
        self._connection = Connection(
            lambda: entropy.getrandbits(32), times=link_times, line_bytes_per_s=transport.line_bytes_per_s
        )
        self._outgoing = b""
        self._requests: dict[int, str] = {}
        self._unread: list[Message] = []
        self._later: list[Event] = []
        """Came with a Hello, and have not been looked at."""
        self._restarted: Restarted | None = None
        """Not told yet: what the payload had said before it comes first."""
        self._noise = Noise(recorder)
        self.uptime_s: float | None = None
        """Of the payload, when it made the packet that came last."""
        self._cut_at: float | None = None
        """When the line was cut; None once the payload has answered on it again."""
        self._place: str | None = ""
        """Where a line that was cut has come back; None while it has not."""
        self.away_s = 0.0
        """How long, in all, the line was cut: no deadline of the payload's runs meanwhile."""

    # -------------------------------------------------------------------------------------------------- link's state
    @property
    def statistics(self) -> LinkStatistics:
        """The link's counts so far."""
        return self._connection.statistics

    @property
    def connection(self) -> Connection:
        """The bench's end of the link."""
        return self._connection

    @property
    def queued(self) -> int:
        """Telecommands that wait for credit."""
        return self._connection.queued

    # ---------------------------------------------------------------------------------------------------- connecting
    def connect(self, ready_s: float, *, starting: bool) -> Hello:
        """Wait for the Hello of a payload of this contract; raises ConnectError saying what was heard instead.

        `starting`: the payload has only just been started and will say it by itself.
        """
        return check_hello(self.meet(ready_s, starting=starting), self.target_name)

    def meet(self, ready_s: float, *, starting: bool) -> Hello:
        """As `connect`, for a payload of whatever contract."""
        self._unread, self._later, self._restarted = [], [], None
        self._connection.open(self.clock.now(), starting=starting)
        deadline = self.clock.now() + ready_s - self.away_s
        heard = Heard(self.statistics)
        while self.clock.now() < deadline + self.away_s:
            try:
                events = self._exchange(deadline + self.away_s - self.clock.now(), stoppable=True)
            except PeerDied as error:
                raise ConnectError(error.message, hint=error.hint) from error
            for number, event in enumerate(events, start=1):
                if isinstance(event, Connected):
                    self._later = events[number:]
                    return event.hello
                if isinstance(event, Console) and event.text.strip():
                    heard.console = event.text
                if isinstance(event, BadPacket):
                    heard.broken = event.reason
                self._noise.note(event)
        raise explain_silence(heard, self.statistics, ready_s, target_name=self.target_name)

    # ------------------------------------------------------------------------------------------------------ requests
    def send(self, message: Message, *, acknowledge: bool = True) -> RequestId:
        """Queue a telecommand."""
        self._tell_restart()
        request = self._connection.send(message, acknowledge=acknowledge)
        self._requests[request.sequence] = type(message).__name__
        if len(self._requests) > 1000:  # noqa: PLR2004 - far more than can be under way
            self._requests.pop(next(iter(self._requests)))
        return request

    def request(
        self, message: Message, *, timeout_s: float | None = None, answer_bytes: int = 0
    ) -> tuple[list[Message], Refusal | None]:
        """Send a telecommand and wait until it is carried out; its answers, and the refusal if it was refused.

        `timeout_s` counts from the last message that came; `answer_bytes` is about how much is asked for, if that is
        much. A wish to stop is heard afterwards, so that no answer is left behind for the next request.
        """
        request = self.send(message)
        silence_s = self._patience.answer_s if timeout_s is None else timeout_s
        rate = self.transport.line_bytes_per_s
        limit = RequestLimit(self.clock.now(), silence_s=silence_s, answer_bytes=answer_bytes, line_bytes_per_s=rate)
        with self.expecting():
            answers, end = self._await_end(request, limit)
        if end is not None:
            return answers, None if isinstance(end, Completed) else self._refusal(end)
        name = type(message).__name__
        if limit.is_silence(self.clock.now()):
            raise TargetFailure(
                f"{name} was not completed within {silence_s:g} s",
                hint="the payload hangs, or its work takes longer than the bench allows",
            )
        within = "" if limit.too_many else f" within {limit.whole_s:g} s"
        raise TargetFailure(f"{name} was answered by {limit.packets} packets and no end{within}")

    def _await_end(
        self, request: RequestId, limit: RequestLimit
    ) -> tuple[list[Message], Completed | NotAccepted | NotCompleted | None]:
        """The answers to a request, and the report that ends it; None if it does not come."""
        answers: list[Message] = []
        while (left_s := limit.left_s(self.clock.now())) > 0:
            away_s = self.away_s
            messages = self.receive(left_s)
            limit.put_off(self.away_s - away_s)
            if messages:
                limit.heard(self.clock.now(), len(messages))
            for index, received in enumerate(messages, start=1):
                if (
                    isinstance(received, Completed | NotAccepted | NotCompleted)
                    and received.sequence == request.sequence
                ):
                    self._unread = messages[index:]  # came with the answer and belong to whoever waits next
                    return answers, received
                if isinstance(received, SampleReport):
                    raise TargetFailure(f"the payload reported row {received.first_row} when no results were due")
                if not isinstance(received, Accepted):
                    answers.append(received)
        return answers, None

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Telemetry is due: where it fails to come the payload is asked for it."""
        self._connection.expect(self.clock.now(), telemetry=True)
        try:
            yield
        finally:
            self._connection.expect(self.clock.now(), telemetry=False)

    def demand(self, message: Message, *, timeout_s: float | None = None, answer_bytes: int = 0) -> list[Message]:
        """Like `request`, for a telecommand that a sound payload cannot refuse: a refusal is a TargetFailure."""
        answers, refusal = self.request(message, timeout_s=timeout_s, answer_bytes=answer_bytes)
        if refusal is not None:
            raise TargetFailure(f"{type(message).__name__} was refused: {refusal.text} ({refusal.number})")
        return answers

    def receive(self, timeout_s: float, *, stoppable: bool = False) -> list[Message]:
        """Move bytes once, for at most `timeout_s`; the messages that came. Events go into the trace.

        Raises Stopped where it is `stoppable` and somebody wants it to stop.
        """
        if self._unread:
            messages, self._unread = self._unread, []
            return messages
        self._tell_restart()
        try:
            events, self._later = self._later, []
            events += self._exchange(timeout_s if not events else 0.0, stoppable=stoppable)
        except TransportError as error:
            raise TargetFailure(error.message, hint=error.hint) from error
        messages = []
        for event in events:
            if isinstance(event, PacketReceived):
                self.uptime_s = event.telemetry.uptime_s
                if not self._noise.note_packet(event):
                    messages.append(event.telemetry.message)
            elif isinstance(event, BadPacket):
                raise TargetFailure(f"the payload broke the contract: {event.reason}", hint=REBUILD_HINT)
            elif isinstance(event, LinkLost):
                taken = f"; {len(self._outgoing)} bytes were not taken by the line" if self._outgoing else ""
                silent = f"silent for {event.silent_s:.1f} s while awaiting {event.awaited}"
                raise TargetFailure(f"link lost: {silent}{taken}")
            elif isinstance(event, PayloadRestarted):
                self._restarted = self._lost_models()
            else:
                self._noise.note(event)
        if not messages:
            self._tell_restart()
        return messages

    def _tell_restart(self) -> None:
        if self._restarted is not None:
            raise self._restarted

    def _lost_models(self) -> Restarted:
        if self.recorder.reset_was_injected:
            return Restarted(
                "an injected reset started the payload anew, and it lost its models",
                why="an injected reset started it anew",
                hint="a scenario with [checkpoints] outlives it (docs/protection.md)",
            )
        if self._cut_at is None:
            message = "the payload restarted by itself and lost its models"
            return Restarted(message, why="it said Hello anew", hint="see its console and events in the trace")
        return Restarted(
            "the payload restarted while the line was cut, and lost its models",
            why="while the line was cut",
            hint="was its power cut too? Where opening the port resets it, see dtr and rts in docs/stations.md",
        )

    def settle(self) -> None:
        """Take the answers that are still on their way, so that none of them is cut off where the next run begins."""
        until = self.clock.now() + _SETTLE_S
        with suppress(TargetFailure):  # everything that was wanted has come
            while not self._connection.settled and (left_s := until - self.clock.now()) > 0:
                self.receive(left_s)

    def check_stop(self) -> None:
        """Raise Stopped if somebody wants the run to stop and it has not been heeded yet."""
        if not self._stop_heeded and self._should_stop():
            raise Stopped

    @property
    def is_open(self) -> bool:
        """Telecommands can be sent."""
        return self._connection.state is State.OPEN and self._place is not None

    @property
    def is_stopping(self) -> bool:
        """The wish to stop has been heeded."""
        return self._stop_heeded

    def heed_stop(self) -> None:
        """The wish to stop has been heard: what follows fetches what there is, and is not interrupted by it again."""
        self._stop_heeded = True

    def forget_line(self) -> None:
        """The other end started anew: drop what was still to be written to it."""
        self._outgoing = b""

    def restart_payload(self, timeout_s: float) -> None:
        """Tell the payload to start anew and wait until it says that it has; raises TargetFailure when it does not."""
        self.send(Restart(), acknowledge=False)
        deadline = self.clock.now() + timeout_s - self.away_s
        while (left_s := deadline + self.away_s - self.clock.now()) > 0:
            try:
                events = self._exchange(left_s, stoppable=False)
            except TransportError as error:
                raise TargetFailure(error.message, hint=error.hint) from error
            for event in events:
                if isinstance(event, PayloadRestarted):
                    return
                self._noise.note(event)
        raise TargetFailure(f"the payload did not start anew within {timeout_s:g} s of being told to")

    def _exchange(self, timeout_s: float, *, stoppable: bool) -> list[Event]:
        if stoppable:
            self.check_stop()
        self._check_late()
        now = self.clock.now()
        if len(self._outgoing) < _MOST_OUTGOING_BYTES:
            self._outgoing += self._connection.bytes_to_send(now)
        deadline = self._connection.deadline()
        wait = min(timeout_s, _STOP_CHECK_S, max(0.0, deadline - now) if deadline is not None else timeout_s)
        try:
            transfer = self.transport.transfer(self._outgoing, max(0.0, wait))
        except LineCut as cut:
            self._rejoin(cut)
            transfer = Transfer(0, b"")
        self._outgoing = self._outgoing[transfer.written :]
        now = self.clock.now()
        if transfer.received:
            self._connection.receive_data(transfer.received, now)
        self._connection.handle_deadline(now)
        events = []
        while (event := self._connection.next_event()) is not None:
            events.append(event)
            if isinstance(event, Connected):
                self._note_return(event)
        return events

    def _rejoin(self, cut: LineCut) -> None:
        """Wait for the line and ask for the session on it. Raises TransportError where it does not come, or Stopped."""
        if not cut.line.reconnect_s or self._stop_heeded:
            raise cut
        began = self.clock.now()
        self._cut_at = began if self._cut_at is None else self._cut_at
        self._outgoing, self._place = b"", None  # the rest of a frame must not begin the new line
        self.recorder.record(LinkCut(cut.message, cut.line.reconnect_s))
        self._place = wait_for_line(cut, self.clock, since=self._cut_at, go_on=self.check_stop)
        self._connection.resume(self.clock.now())
        self.away_s += self.clock.now() - began

    def _note_return(self, event: Connected) -> None:
        """After a cut: the payload has answered again."""
        if self._cut_at is not None:
            away_s = self.clock.now() - self._cut_at
            self.recorder.record(LinkResumed(self._place or "", away_s, event.resumed))
            self._cut_at = None

    # ----------------------------------------------------------------------------------------------- into the trace
    def close_noise(self) -> None:
        """Say in the trace what was not recorded one by one."""
        self._noise.close()

    def _refusal(self, failure: NotAccepted | NotCompleted) -> Refusal:
        """Note a refusal in the trace and say what it means."""
        known = failure.code in set(FailureCode)
        code = FailureCode(failure.code).name if known else f"code {failure.code}"
        text = FAILURE_TEXTS[FailureCode(failure.code)] if known else "a failure code that this contract does not have"
        name = self._requests.get(failure.sequence, "a telecommand")
        self.recorder.record(RequestRefused(name, code, text, failure.number))
        return Refusal(code, text, failure.number)

    def refused(self, failure: NotAccepted | NotCompleted) -> TargetFailure:
        """The failure that a refusal outside of `request` means."""
        name = self._requests.get(failure.sequence, "a telecommand")
        refusal = self._refusal(failure)
        hint = _HINTS.get(refusal.code, "")
        return TargetFailure(f"{name} was refused: {refusal.text} ({refusal.number})", hint=hint)

    def counts_since(self, before: LinkStatistics) -> dict[str, int]:
        """The link's counts since `before`, by field name."""
        now, then = asdict(self.statistics), asdict(before)
        return {name: now[name] - then[name] for name in now}
