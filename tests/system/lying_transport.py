"""A payload that lies: its telemetry with other bytes in it, under checksums that are right."""

from __future__ import annotations

import random

from bench.conform.packets import broken_packet
from bench.transport import Transfer, Transport
from bench.transport.around import TransportAround
from firmware_if.framing import Deframer, Frame, enframe
from firmware_if.messages import FrameType

_FIELDS = 20
"""Where a telemetry packet's fields begin."""
_SERVICE = 7
_VERIFICATION = 1
"""Reports of completion are left as they are: waiting for one that cannot be read takes seconds."""


class LyingTransport(TransportAround):
    """`inner`, of whose telemetry packets one in `every` has a changed byte among its fields."""

    def __init__(self, inner: Transport, *, seed: int, every: int) -> None:
        super().__init__(inner)
        self._random = random.Random(seed)
        self._every = every
        self._deframer = Deframer()
        self.lies = 0

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        transfer = self.inner.transfer(data, timeout_s)
        frames = (item for item in self._deframer.feed(transfer.received) if isinstance(item, Frame))
        return Transfer(transfer.written, b"".join(map(self._tell, frames)))

    def _tell(self, frame: Frame) -> bytes:
        body = frame.body
        telling = frame.header.type == FrameType.DATA and len(body) > _FIELDS + 2 and body[_SERVICE] != _VERIFICATION
        if telling and not self._random.randrange(self._every):
            place = self._random.randrange(_FIELDS, len(body) - 2)
            body = broken_packet(body, place, bytes([self._random.choice((0, 1, 127, 255, body[place] ^ 1))]))
            self.lies += body != frame.body
        return enframe(frame.header, body)

    def power_cycle(self) -> None:
        self._deframer = Deframer()
        self.inner.power_cycle()
