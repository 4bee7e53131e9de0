"""What is done to a board on a serial line before the link begins: reset, and flashed where it runs another build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.shell import run_command
from bench.target import SerialSpec, ShellCommand
from bench.trace import CommandRan
from bench.transport import Transfer, Transport


@dataclass
class Desk:
    """The shell commands for one board. `ran` are those that were run and are not in a trace yet."""

    spec: SerialSpec
    target_name: str
    elf: Path | None
    ran: list[CommandRan] = field(default_factory=list)

    def reset(self) -> None:
        """Start the board anew; raises CommandError."""
        self._run(self.spec.reset, "reset")

    def flash(self) -> None:
        """Write the firmware into the board; raises CommandError."""
        self._run(self.spec.flash, "flash")

    def _run(self, command: ShellCommand | None, what: str) -> None:
        if command is None:
            return
        output = run_command(
            command,
            port=self.spec.url or "",
            elf=self.elf,
            target=self.target_name,
            baud=self.spec.baud,
            what=what,
        )
        self.ran.append(CommandRan(what, command.line, output.duration_s, output.text))


class ResettableTransport:
    """`inner`, whose payload `reset` starts anew: what a power cycle is to a board on the desk."""

    can_power_cycle = True

    def __init__(self, inner: Transport, *, reset: Callable[[], None]) -> None:
        self._inner = inner
        self._reset = reset

    @property
    def line_bytes_per_s(self) -> float | None:
        return self._inner.line_bytes_per_s

    def open(self) -> None:
        self._inner.open()

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        return self._inner.transfer(data, timeout_s)

    def power_cycle(self) -> None:
        """The line stays open, so that nothing which the board says at its start is lost."""
        self._reset()

    def describe(self) -> list[str]:
        return self._inner.describe()

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
