"""A curve in bounded memory: as it grows, every second of its points is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

POINTS: Final = 128


@dataclass
class Series:
    """Points at about equal distances; `stride` is how many steps lie between two of them."""

    points: list[float] = field(default_factory=list)
    stride: int = 1
    seen: int = 0
    """Steps so far."""

    def add(self, value: float, *, step: int) -> None:
        """`value` after `step` steps in all; kept if a stride has passed since the last that was kept."""
        if step // self.stride <= self.seen // self.stride:
            return
        self.seen = step
        self.points.append(value)
        if len(self.points) > POINTS:
            self.points = self.points[1::2]
            self.stride *= 2
