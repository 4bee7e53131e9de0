"""What is done to a board on a serial line before the link begins: reset, and flashed where it runs another build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.shell import run_command
from bench.target import SerialSpec, ShellCommand
from bench.trace import CommandRan
from bench.transport import Transport
from bench.transport.around import TransportAround


def _never() -> bool:
    return False


@dataclass
class Desk:
    """The shell commands for one board. `ran` are those that were run and are not in a trace yet.

    `should_stop` is asked while one runs.
    """

    spec: SerialSpec
    target_name: str
    elf: Path | None
    ran: list[CommandRan] = field(default_factory=list)

    should_stop: Callable[[], bool] = _never

    def reset(self) -> None:
        """Start the board anew; raises CommandError or CommandStopped."""
        self._run(self.spec.reset, "reset")

    def flash(self) -> None:
        """Write the firmware into the board; raises CommandError or CommandStopped."""
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
            should_stop=self.should_stop,
        )
        self.ran.append(CommandRan(what, command.line, output.duration_s, output.text))


class ResettableTransport(TransportAround):
    """`inner`, whose payload `reset` starts anew: what a power cycle is to a board on the desk."""

    def __init__(self, inner: Transport, *, reset: Callable[[], None]) -> None:
        super().__init__(inner)
        self._reset = reset

    @property
    def can_power_cycle(self) -> bool:
        return True

    def power_cycle(self) -> None:
        """The line stays open, so that nothing which the board says at its start is lost."""
        self._reset()
