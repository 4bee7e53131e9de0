"""What was heard of a payload: frames one by one, and the answer to a telecommand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.conform.packets import Packet
from firmware_if.framing import Frame
from firmware_if.messages import (
    Accepted,
    Completed,
    FailureCode,
    FrameType,
    InformativeEvent,
    LowSeverityEvent,
    MediumSeverityEvent,
    Message,
    NotAccepted,
    NotCompleted,
)
from firmware_if.packets import RequestId

LAST = 8
"""Frames that a report names."""
NONCE = slice(30, 34)
"""Of a Hello: after magic, version, fingerprint and build id."""
Event = InformativeEvent | LowSeverityEvent | MediumSeverityEvent
Final = Completed | NotAccepted | NotCompleted


@dataclass(frozen=True)
class Heard:
    """A frame of the payload. `packet` is set for Data; `new`: it was the next one in order, for this session."""

    frame: Frame
    packet: Packet | None = None
    new: bool = False

    @property
    def type(self) -> int:
        return self.frame.header.type

    @property
    def says_no_session(self) -> bool:
        """A Hello of a payload that has just started."""
        nonce = int.from_bytes(self.frame.body[NONCE], "big")
        return self.type == FrameType.HELLO and self.frame.header.tag == 0 and nonce == 0

    def describe(self) -> str:
        """In a few words, for a report."""
        header = self.frame.header
        if self.packet is not None:
            return f"Data {header.sequence} {self.packet.describe()}"
        known = header.type in set(FrameType)
        name = FrameType(header.type).name.title() if known else f"frame of type 0x{header.type:02X}"
        poll = f" poll {header.poll}" if header.poll else ""
        return f"{name}{poll} ack {header.ack}"


@dataclass(frozen=True)
class Answer:
    """What a telecommand caused. `failure` is its refusal, if it was refused."""

    request: RequestId
    packets: tuple[Packet, ...]

    @property
    def everything(self) -> list[Message]:
        """All that could be read, reports of verification included; events belong to no answer."""
        messages = [packet.message for packet in self.packets if packet.message is not None]
        return [message for message in messages if not isinstance(message, Event)]

    @property
    def messages(self) -> list[Message]:
        """Without the reports of verification."""
        return [m for m in self.everything if not isinstance(m, Accepted | Final)]

    @property
    def failure(self) -> NotAccepted | NotCompleted | None:
        for message in self.everything:
            if isinstance(message, NotAccepted | NotCompleted):
                return message
        return None

    def describe(self) -> str:
        """What came, in order."""
        return describe_packets(self.packets)


def describe_packets(packets: Iterable[Packet]) -> str:
    """Names in order, with the code of a refusal."""
    names = []
    for packet in packets:
        message = packet.message
        code = (
            f" {code_name(message.code)} ({message.number})" if isinstance(message, NotAccepted | NotCompleted) else ""
        )
        names.append(packet.describe() + code)
    return ", ".join(names) or "nothing"


def code_name(code: int) -> str:
    """Of a failure code."""
    return FailureCode(code).name if code in set(FailureCode) else f"code {code}"


def describe_tail(heard: Iterable[Heard]) -> str:
    """The last frames heard, in words."""
    return ", ".join([item.describe() for item in heard][-LAST:]) or "nothing"
