"""What a connection tells: events, one after the other, and counts."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_if.framing import Console, Corrupt
from firmware_if.messages import Hello
from firmware_if.packets import Telemetry


@dataclass(frozen=True)
class LinkStatistics:
    """Counts since the connection was made; bytes are wire bytes, delimiters included."""

    bytes_sent: int = 0
    bytes_received: int = 0
    first_transmission_bytes: int = 0
    """Of Data frames, each counted the first time it was sent."""
    frames_sent: int = 0
    """Data frames, each counted once."""
    frames_resent: int = 0
    frames_received: int = 0
    """Intact frames of any kind."""
    frames_corrupt: int = 0
    frames_out_of_order: int = 0
    frames_stale: int = 0
    """Intact frames for another session."""
    polls_on_silence: int = 0
    console_bytes: int = 0


@dataclass(frozen=True)
class Connected:
    """The payload answered; telecommands can flow. `resumed`: it had already been talking to this connection."""

    hello: Hello
    resumed: bool


@dataclass(frozen=True)
class PayloadRestarted:
    """The payload started anew: everything it held is gone, and this connection is closed until `open`."""

    hello: Hello


@dataclass(frozen=True)
class PacketReceived:
    """A telemetry packet, in order and once."""

    telemetry: Telemetry


@dataclass(frozen=True)
class BadPacket:
    """An intact frame whose packet breaks the contract: a defect of the payload, not of the line."""

    reason: str


@dataclass(frozen=True)
class LinkLost:
    """Nothing intact was heard for too long while an answer was awaited."""

    silent_s: float
    awaited: str


Event = Connected | PayloadRestarted | PacketReceived | BadPacket | LinkLost | Console | Corrupt
