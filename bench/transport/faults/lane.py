"""Bytes on their way in one direction, each with the time at which it arrives."""

from __future__ import annotations

from collections import deque


class Lane:
    """First in, first out. `light_time_s` is how long every byte is under way."""

    def __init__(self, light_time_s: float) -> None:
        self._light_time_s = light_time_s
        self._queue: deque[tuple[float, bytes]] = deque()
        self._held_until = 0.0
        self.size = 0

    def push(self, data: bytes, now: float) -> None:
        """Send `data` off; behind a stall it waits."""
        if data:
            self._queue.append((max(now, self._held_until) + self._light_time_s, data))
            self.size += len(data)

    def stall(self, seconds: float, now: float) -> None:
        """What is sent off from now on waits."""
        self._held_until = max(now, self._held_until) + seconds

    def next_at(self) -> float | None:
        """When the next bytes arrive; None where none are under way."""
        return self._queue[0][0] if self._queue else None

    def arrived(self, now: float) -> bytes:
        """What has arrived, and stays here until it is taken."""
        parts = []
        for at, data in self._queue:
            if at > now:
                break
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def take(self, count: int) -> None:
        """Drop the first `count` bytes, which have been handed on."""
        self.size -= count
        while count:
            at, data = self._queue[0]
            if len(data) > count:
                self._queue[0] = (at, data[count:])
                return
            self._queue.popleft()
            count -= len(data)

    def clear(self) -> None:
        """Lose everything that is under way."""
        self._queue.clear()
        self._held_until = 0.0
        self.size = 0
