"""Runs the shell lines of a station: what resets a board, and what writes firmware into it."""

import os
import re
import select
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import CommandError, ConfigurationError, TransportError
from bench.printed import printable
from bench.target import ShellCommand
from bench.transport.child import Child, name_of_exit
from bench.transport.usb import find_device

GRACE_S: Final = 2.0
"""Between SIGTERM and SIGKILL: for a flash tool to let go of its probe."""
_STOP_CHECK_S: Final = 0.25
_LINES_IN_MESSAGE: Final = 4
_NOT_EXECUTABLE: Final = 126
_NOT_FOUND: Final = 127
_SIGNALLED: Final = range(129, 129 + 64)
"""Status of a shell whose last command was ended by signal 1 to 64."""


@dataclass(frozen=True)
class CommandOutput:
    """What a command printed (stdout and stderr, the last 64 KiB), and how long it took."""

    text: str
    duration_s: float


class CommandStopped(Exception):  # noqa: N818 - somebody asked for it
    """A command was ended because somebody wants the bench to stop."""


def run_command(
    command: ShellCommand,
    *,
    port: str,
    elf: Path | None,
    target: str,
    baud: int,
    what: str,
    should_stop: Callable[[], bool] = lambda: False,
) -> CommandOutput:
    """Run a line to its end by /bin/sh; `what` names it in errors: 'flash' or 'reset'.

    It finds HIL_PORT, HIL_ELF, HIL_TARGET and HIL_BAUD in its environment, and no input. Nothing of its process group
    is left when this returns or raises. Raises CommandError when it fails, hangs, or wants an ELF and there is none;
    CommandStopped when `should_stop`, which is asked every quarter of a second and before it begins.
    """
    told = {"HIL_PORT": _device_of(port), "HIL_TARGET": target, "HIL_BAUD": str(baud)}
    if elf is not None:
        told["HIL_ELF"] = str(elf)
    elif "HIL_ELF" in command.line:
        message = f"the {what} command of {target} wants $HIL_ELF, and the bench has no firmware for {target}"
        raise CommandError(message, hint=f"write the file into {what}_command, or name a port in the target's file")
    inherited = {name: value for name, value in os.environ.items() if name != "HIL_ELF"}
    if should_stop():
        raise CommandStopped
    child = Child(["/bin/sh", "-c", command.line], environment=inherited | told)
    started = time.monotonic()
    try:
        child.start()
    except OSError as error:
        raise CommandError(
            f"the {what} command of {target} cannot be started: {error.strerror}", hint="is there a /bin/sh?"
        ) from error
    try:
        ended = _wait(child, command.timeout_s, should_stop=should_stop)
    finally:
        _end(child)
    if not ended:
        raise _hang(command, child.printed, what=what, told=told)
    if child.returncode:
        raise _failure(command, child.returncode, child.printed, what=what, told=told)
    return CommandOutput(child.printed, time.monotonic() - started)


def _device_of(port: str) -> str:
    """Flash tools know no usb: names; a board that has gone into its boot loader may have no port just now."""
    try:
        return find_device(port)
    except (ConfigurationError, TransportError):
        return port


def _wait(
    child: Child, timeout_s: float, *, all_of_it: bool = False, should_stop: Callable[[], bool] = lambda: False
) -> bool:
    """Whether it ends within that time; `all_of_it`: and everything that holds its output open.

    Raises CommandStopped when `should_stop`.
    """
    until = time.monotonic() + timeout_s
    exited = os.pidfd_open(child.pid)
    watched = {exited, child.output}
    try:
        poll = select.poll()
        for descriptor in watched:
            poll.register(descriptor, select.POLLIN)
        while True:
            left_s = max(until - time.monotonic(), 0.0)
            for descriptor, _ in poll.poll(-(-min(left_s, _STOP_CHECK_S) * 1000 // 1)):
                if descriptor == exited or not child.read_output():
                    poll.unregister(descriptor)
                    watched.remove(descriptor)
            if not watched or (exited not in watched and not all_of_it):
                return True
            if left_s <= 0:
                return False
            if should_stop():
                raise CommandStopped
    finally:
        os.close(exited)


def _end(child: Child) -> None:
    """End it, and whatever it left running."""
    try:
        if child.returncode is None:
            child.terminate_group()
            _wait(child, GRACE_S, all_of_it=True)
    finally:
        child.end(grace_s=0.0)


def _hang(command: ShellCommand, printed: str, *, what: str, told: Mapping[str, str]) -> CommandError:
    message = (
        f"the {what} command of {told['HIL_TARGET']} was still running after {command.timeout_s:g} s and was ended"
    )
    hint = (
        f"does it wait for input, which it has none of? Or give it longer: {what}_timeout_s; {_by_hand(command, told)}"
    )
    return CommandError(f"{message}: {_last_lines(printed)}", printed=printed, hint=hint)


def _failure(command: ShellCommand, status: int, printed: str, *, what: str, told: Mapping[str, str]) -> CommandError:
    ended = name_of_exit(_SIGNALLED.start - 1 - status if status in _SIGNALLED else status)
    message = f"the {what} command of {told['HIL_TARGET']} failed ({ended}): {_last_lines(printed)}"
    hint = _by_hand(command, told)
    if status in {_NOT_FOUND, _NOT_EXECUTABLE}:
        why = "installed and in PATH" if status == _NOT_FOUND else "a program that may be executed (chmod +x)"
        hint = f"is what it calls {why}? {hint}"
    return CommandError(message, printed=printed, hint=hint)


def _by_hand(command: ShellCommand, told: Mapping[str, str]) -> str:
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in told.items())
    return f"try it by hand: {settings} sh -c {shlex.quote(command.line)}"


def _last_lines(printed: str) -> str:
    lines = [line.strip() for line in re.split(r"[\r\n]+", printable(printed))]
    return "; ".join([line for line in lines if line][-_LINES_IN_MESSAGE:]) or "it printed nothing"
