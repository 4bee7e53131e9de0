"""What the payload said from an injection to the end, as the bench's end of the link hears it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from firmware_if.connection import Connection
from firmware_if.events import Connected, LinkLost, PacketReceived, PayloadRestarted
from firmware_if.framing import Console
from firmware_if.messages import (
    EpochTrained,
    InformativeEvent,
    LowSeverityEvent,
    MediumSeverityEvent,
    Message,
    NotAccepted,
    NotCompleted,
    ProtectionReport,
    SampleReport,
)

FAULT_WORD: Final = "fault:"
"""How the ports' fault handlers begin."""
_EVENTS: Final = (InformativeEvent, LowSeverityEvent, MediumSeverityEvent)


@dataclass(frozen=True)
class Report:
    """An event (ST[05]), as the payload stamped it."""

    event: int
    """An EventId, if it is of the contract."""
    number: int
    uptime_s: float
    start: int = 0
    """How often the payload had started anew since the window began."""


@dataclass
class Heard:
    """What has come since the window began. `results`: epochs or rows, those of all starts of the payload."""

    results: int = 0
    rows_end: int | None = None
    """The row after the last that this start of the payload has reported."""
    trained: int | None = None
    """The row after the last that the payload is known to have trained on, whatever it has forgotten since."""
    rows_again: int = 0
    """That had been trained, and had to be sent to another start of the payload."""
    settled: bool = False
    restarts: int = 0
    connected: bool = True
    """The payload's last start has answered; so has, of course, the one that the window began with."""
    lost: bool = False
    """The link has given it up."""
    console: str = ""
    refusals: list[tuple[int, int]] = field(default_factory=list)
    """Code and number."""
    reports: list[Report] = field(default_factory=list)
    protection: ProtectionReport | None = None
    """Of the payload's last start."""

    @property
    def news(self) -> int:
        """Grows with everything that comes but answers to polls."""
        return self.results + len(self.refusals) + len(self.reports) + self.restarts + (self.protection is not None)


class Listener:
    """A copy of the bench's end of the link. Its clock is no clock: whoever speaks with the payload sets `now`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = copy.deepcopy(connection)
        self.now = connection.deadline() or 0.0
        self.heard = Heard()

    def take(self, said: bytes) -> None:
        """Bytes from the payload."""
        self.connection.receive_data(said, self.now)
        self.take_events()

    def take_events(self) -> None:
        """What the link has made of bytes, or of a deadline."""
        heard = self.heard
        while (event := self.connection.next_event()) is not None:
            if isinstance(event, PacketReceived):
                self._take_message(event.telemetry.message, event.telemetry.uptime_s)
            elif isinstance(event, Console):
                heard.console += event.text
            elif isinstance(event, PayloadRestarted):
                heard.restarts += 1
                heard.rows_end = heard.protection = None
                heard.connected = False
            elif isinstance(event, Connected):
                heard.connected = True
            elif isinstance(event, LinkLost):
                heard.lost = True
        heard.settled = self.connection.settled

    def _take_message(self, message: Message, uptime_s: float) -> None:
        heard = self.heard
        if isinstance(message, EpochTrained):
            heard.results += 1
        elif isinstance(message, SampleReport):
            heard.results += message.count
            heard.rows_end = message.first_row + message.count
            heard.trained = max(heard.trained or 0, heard.rows_end)
        elif isinstance(message, _EVENTS):
            heard.reports.append(Report(message.event, message.number, uptime_s, heard.restarts))
        elif isinstance(message, NotAccepted | NotCompleted):
            heard.refusals.append((message.code, message.number))
        elif isinstance(message, ProtectionReport):
            heard.protection = message


def stamps_of(connection: Connection, said: bytes) -> list[float]:
    """The payload's uptime in each packet of `said`, in seconds."""
    listener = copy.deepcopy(connection)
    listener.receive_data(said, 0.0)
    uptimes = []
    while (event := listener.next_event()) is not None:
        if isinstance(event, PacketReceived):
            uptimes.append(event.telemetry.uptime_s)
    return uptimes


def hear(connection: Connection, said: Sequence[bytes]) -> Heard:
    """Listen with a copy of `connection` to all of `said`, and ask nothing."""
    listener = Listener(connection)
    for part in said:
        listener.take(part)
    return listener.heard
