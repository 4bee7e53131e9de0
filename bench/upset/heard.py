"""What the payload said from an injection to the end, as the bench's end of the link hears it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from firmware_if.connection import Connection, PacketReceived, PayloadRestarted
from firmware_if.framing import Console
from firmware_if.messages import (
    EpochTrained,
    EventId,
    InformativeEvent,
    LowSeverityEvent,
    MediumSeverityEvent,
    NotAccepted,
    NotCompleted,
    SampleReport,
)

FAULT_WORD: Final = "fault:"
"""How the ports' fault handlers begin."""
_EVENTS: Final = (InformativeEvent, LowSeverityEvent, MediumSeverityEvent)


@dataclass
class Heard:
    """Results (epochs or rows) that came, events by their names with the payload's uptime, console text, refusals."""

    results: int = 0
    settled: bool = False
    restarted: bool = False
    console: str = ""
    refusals: int = 0
    events: list[tuple[str, float]] = field(default_factory=list)


def hear(connection: Connection, said: Sequence[bytes]) -> Heard:
    """Listen with a copy of `connection` to all of `said`. The clock stands still: nothing is asked again."""
    listener = copy.deepcopy(connection)
    heard = Heard()
    for part in said:
        listener.receive_data(part, 0.0)
    while (event := listener.next_event()) is not None:
        if isinstance(event, PacketReceived):
            message = event.telemetry.message
            if isinstance(message, EpochTrained):
                heard.results += 1
            elif isinstance(message, SampleReport):
                heard.results += message.count
            elif isinstance(message, _EVENTS):
                known = message.event in set(EventId)
                name = EventId(message.event).name if known else f"event {message.event}"
                heard.events.append((name, event.telemetry.uptime_s))
            elif isinstance(message, NotAccepted | NotCompleted):
                heard.refusals += 1
        elif isinstance(event, Console):
            heard.console += event.text
        elif isinstance(event, PayloadRestarted):
            heard.restarted = True
    heard.settled = listener.settled
    return heard
