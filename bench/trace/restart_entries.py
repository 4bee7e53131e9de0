"""Restarts of a payload, and what it keeps over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.trace.entry import Entry


@dataclass(frozen=True)
class PayloadRestarted(Entry):
    """`planned`: by the scenario. Otherwise by itself, and it lost what it held unless PayloadResumed follows."""

    kind: ClassVar[str] = "payload_restarted"
    planned: bool
    reason: str
    power_cut: bool = False
    """The bench had cut its power, as the scenario has it."""


@dataclass(frozen=True)
class CheckpointsKept(Entry):
    """The payload has written its first checkpoint, and writes the next ones by itself."""

    kind: ClassVar[str] = "checkpoints_kept"
    rows: int
    """After so many rows: the most that a restart may lose."""
    watchdog: bool


@dataclass(frozen=True)
class ProtectionReported(Entry):
    """Fields of the payload's ProtectionReport by name."""

    kind: ClassVar[str] = "protection_reported"
    start: int
    values: dict[str, int]


@dataclass(frozen=True)
class PowerCut(Entry):
    """The bench has cut the payload's power, as the scenario has it, and put it on again."""

    kind: ClassVar[str] = "power_cut"
    after_row: int


@dataclass(frozen=True)
class PayloadResumed(Entry):
    """After a restart of its own the payload holds the models of this run again, as they were before `next_row`."""

    kind: ClassVar[str] = "payload_resumed"
    start: int
    next_row: int
    lost_rows: int
    """Rows whose results had come back, and that are trained once more."""
    unreported_rows: int
    """Rows that it has trained, and whose results went down with the power."""
