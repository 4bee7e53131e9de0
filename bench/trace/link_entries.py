"""What can happen on the line to a payload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from bench.trace.entry import Entry


@dataclass(frozen=True)
class LinkMeasured(Entry):
    """The bench's counts for one phase ("stream" of a segment, or "whole" run); bytes are wire bytes."""

    kind: ClassVar[str] = "link_measured"
    phase: str
    seconds: float
    """Host time of the phase, pauses for pacing included."""
    waiting_s: float
    """Part of it that the bench spent waiting for the pace, not for the payload."""
    sample_record_bytes: int
    counts: dict[str, int]
    """LinkStatistics of firmware_if.connection by field name, for this phase."""
    line_bytes_per_s: float | None


@dataclass(frozen=True)
class LinkCounted(Entry):
    """The bench's counts of a phase that goes on, every second or so; its LinkMeasured replaces them."""

    kind: ClassVar[str] = "link_counted"
    counts: dict[str, int]
    """As those of LinkMeasured, so far."""


@dataclass(frozen=True)
class LinkCut(Entry):
    """The line to the payload is gone, and is waited for."""

    kind: ClassVar[str] = "link_cut"
    reason: str
    reconnect_s: float


@dataclass(frozen=True)
class LinkResumed(Entry):
    """After LinkCut, the payload has answered on the line that came back. resumed: and knew the session."""

    kind: ClassVar[str] = "link_resumed"
    place: str
    """Where the line is now."""
    away_s: float
    resumed: bool


@dataclass(frozen=True)
class LinkFaultsBegan(Entry):
    """From here on faults are put into the link on purpose."""

    kind: ClassVar[str] = "link_faults_began"
    profile: str
    seed: int | None
    """None where the faults are those of an earlier run."""
    light_time_s: float
    settings: list[dict[str, Any]]
    """Of the profile, one for each kind of fault."""


@dataclass(frozen=True)
class LinkFaultInjected(Entry):
    """A fault took effect. Offsets count the bytes that have entered the line that way since LinkFaultsBegan."""

    kind: ClassVar[str] = "link_fault_injected"
    way: str
    """to_payload or from_payload."""
    fault: str
    offset: int
    length: int = 0
    """Bytes that were lost or doubled; truncate: at most."""
    data: str = ""
    """In hexadecimal: what was put in, or the bits that were turned over."""
    seconds: float = 0.0


@dataclass(frozen=True)
class BytesCorrupted(Entry):
    """Bytes on the line that are neither a frame nor text."""

    kind: ClassVar[str] = "bytes_corrupted"
    count: int
    reason: str


@dataclass(frozen=True)
class LinkRecordingFull(Entry):
    """From here on bytes of the link are not recorded, but for the last of them."""

    kind: ClassVar[str] = "link_recording_full"
    text: str
