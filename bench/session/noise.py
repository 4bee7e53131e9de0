"""What a board says that nobody asked for, on its way into the trace."""

from typing import Final

from bench.session.recorder import Recorder
from bench.trace import BytesCorrupted, ConsolePrinted, Entry, EventReported
from firmware_if.events import Event, PacketReceived
from firmware_if.framing import Console, Corrupt
from firmware_if.messages import EventId, InformativeEvent, LowSeverityEvent, MediumSeverityEvent

MOST_NOISE: Final = 10_000
"""Console texts, corrupt runs and events that a trace records one by one."""
_SEVERITIES: Final = {InformativeEvent: "informative", LowSeverityEvent: "low", MediumSeverityEvent: "medium"}


class Noise:
    """Console texts, corrupt runs and events of one run; a flood of them is counted, not recorded."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._count = 0
        self._dropped_bytes = 0

    def note(self, event: Event) -> None:
        """Record a console text or a corrupt run."""
        if isinstance(event, Console):
            self._record(ConsolePrinted(event.text), len(event.text.encode()))
        elif isinstance(event, Corrupt):
            self._record(BytesCorrupted(len(event.data), event.reason), len(event.data))

    def _record(self, entry: Entry, size: int) -> None:
        """Record what nobody asked for, as long as it is not a flood: the trace stays bounded."""
        self._count += 1
        if self._count <= MOST_NOISE:
            self._recorder.record(entry)
        else:
            self._dropped_bytes += size

    def close(self) -> None:
        """Say in the trace what was not recorded one by one."""
        if self._count > MOST_NOISE:
            what = f"{self._count - MOST_NOISE} further console texts, corrupt runs and events"
            self._recorder.record(BytesCorrupted(self._dropped_bytes, f"not recorded one by one: {what}"))

    def note_packet(self, event: PacketReceived) -> bool:
        """Whether the packet was an event or a late refusal, which belong to nobody's answer."""
        message = event.telemetry.message
        severity = _SEVERITIES.get(type(message))
        if severity is None or not isinstance(message, InformativeEvent | LowSeverityEvent | MediumSeverityEvent):
            return False
        name = EventId(message.event).name.lower() if message.event in set(EventId) else f"event {message.event}"
        self._record(EventReported(severity, name, message.number, event.telemetry.uptime_s), 0)
        return True
