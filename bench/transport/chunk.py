"""Bytes that moved over a link, with their time and way; and the newest of them, kept in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import IntEnum
from typing import Final, NamedTuple

TAIL_BYTES: Final = 64 * 1024
"""Of each way: the last 60 frames of the largest size, or a second of telemetry of a fast board."""
_MOST_CHUNKS: Final = 4096
"""Of each way: a line that brings single bytes does not make the tail larger than its bytes."""


class Way(IntEnum):
    """Where bytes went."""

    TO_PAYLOAD = 1
    FROM_PAYLOAD = 2
    NOTE = 3
    """No bytes of the line but what the bench says about it, in UTF-8."""


class Chunk(NamedTuple):
    """Bytes that moved together. `t` is in seconds; None where nobody took the time."""

    t: float | None
    way: Way | None
    """None where it is not known."""
    data: bytes


class LinkTail:
    """The newest chunks, at most `limit_bytes` of each way."""

    def __init__(self, limit_bytes: int = TAIL_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._ways: dict[Way | None, deque[tuple[int, Chunk]]] = {}
        self._sizes: dict[Way | None, int] = {}
        self._count = 0
        self.is_cut = False
        """Older bytes have been dropped: the first frame of a way may lack its beginning."""

    def extend(self, chunks: Iterable[Chunk]) -> None:
        """Keep `chunks`, and drop what is then too old."""
        for chunk in chunks:
            self._count += 1
            kept = self._ways.setdefault(chunk.way, deque())
            size = self._sizes.get(chunk.way, 0) + len(chunk.data)
            if len(chunk.data) > self._limit_bytes:
                size -= len(chunk.data) - self._limit_bytes
                chunk = chunk._replace(data=chunk.data[-self._limit_bytes :])  # noqa: PLW2901 - what is kept of it
                self.is_cut = True
            kept.append((self._count, chunk))
            while size > self._limit_bytes or len(kept) > _MOST_CHUNKS:
                size -= len(kept.popleft()[1].data)
                self.is_cut = True
            self._sizes[chunk.way] = size

    def chunks(self) -> list[Chunk]:
        """What is kept, in the order in which it moved."""
        return [chunk for _, chunk in sorted(entry for kept in self._ways.values() for entry in kept)]
