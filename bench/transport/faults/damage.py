"""What faults do to the bytes of one direction. Pure: bytes go in, bytes and what happens between them come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.transport.faults.fault import BREAKS, Fault

Step = bytes | Fault
"""Bytes that come out, or a fault that is about time or the line as a whole."""


class Damage:
    """Faults in the order of their offsets, met by bytes as they come; how these are cut into pieces changes nothing.

    `on_fault` hears of each fault that has an effect, when its byte passes. One on a byte that is lost anyway has none.
    """

    def __init__(self, faults: Iterator[Fault], *, on_fault: Callable[[Fault], None]) -> None:
        self._faults = faults
        self._on_fault = on_fault
        self._next = next(faults, None)
        self.offset = 0
        """Of the next byte."""
        self._lost_until = 0
        self._cut_short_until = 0
        self._doubled_until = 0
        self._copy = bytearray()
        self._masks: list[tuple[int, bytes]] = []

    def feed(self, data: bytes) -> tuple[list[Step], int]:
        """The steps that `data` causes, and how many of its bytes were taken: fewer only before a break, the last step.

        A byte that was not taken has not entered the line, and may be offered again.
        """
        steps: list[Step] = []
        at = 0
        while at < len(data):
            if self._next is not None and self._next.offset <= self.offset:
                fault, self._next = self._next, next(self._faults, None)
                if self._begin(fault, data[at], steps):
                    break
                continue
            end = at + min(len(data) - at, self._unchanged())
            steps += self._pass(data[at:end])
            at = end
        return steps, at

    def _unchanged(self) -> int:
        """How many bytes from here on meet the same faults."""
        ends = (self._lost_until, self._cut_short_until, self._doubled_until)
        changes = [end for end in ends if end > self.offset]
        if self._next is not None:
            changes.append(self._next.offset)
        return min(changes) - self.offset if changes else 1 << 62

    def _begin(self, fault: Fault, byte: int, steps: list[Step]) -> bool:
        """Whether it breaks the line."""
        end = self.offset + fault.length
        lost = self.offset < max(self._lost_until, self._cut_short_until)
        match fault.kind:
            case "drop":
                self._lost_until = max(self._lost_until, end)
            case "truncate" if lost or byte == 0:
                return False
            case "truncate":
                self._cut_short_until = end
            case "duplicate" if lost or self.offset < self._doubled_until:
                return False
            case "duplicate":
                self._doubled_until = end
            case "flip" | "burst" if lost:
                return False
            case "flip" | "burst":
                self._masks.append((self.offset, fault.data))
            case "insert":
                steps.append(fault.data)
            case _:
                steps.append(fault)
        self._on_fault(fault)
        return fault.kind in BREAKS

    def _pass(self, data: bytes) -> Iterator[bytes]:
        out = self._turned(data) if self._masks else data
        begun, self.offset = self.offset, self.offset + len(data)
        if begun < self._cut_short_until:
            delimiter = data.find(0)
            out = b"" if delimiter < 0 else out[delimiter:]
            if delimiter >= 0:
                self._cut_short_until = 0
        if begun < self._lost_until:
            out = b""
        yield out
        if begun < self._doubled_until:
            self._copy += out
            if self.offset >= self._doubled_until:
                yield bytes(self._copy)
                self._copy.clear()

    def _turned(self, data: bytes) -> bytes:
        out = bytearray(data)
        end = self.offset + len(data)
        for offset, mask in self._masks:
            for place in range(max(offset, self.offset), min(offset + len(mask), end)):
                out[place - self.offset] ^= mask[place - offset]
        self._masks = [(offset, mask) for offset, mask in self._masks if offset + len(mask) > end]
        return bytes(out)
