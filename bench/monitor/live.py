"""Who draws when: four times a second, and only what changed."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from rich.console import Console

from bench.errors import RunFolderError
from bench.monitor.follow import Followed
from bench.monitor.plain import PlainLines
from bench.monitor.terminal import Terminal, glyphs_for, has_screen, key_within, rendered
from bench.monitor.view import LEAST, screen

FRAME_S: Final = 0.25
_LEAVE_KEYS: Final = (b"q", b"Q", b"\x03", b"\x04")
_WAIT_FOR_TRACE_S: Final = 10.0
KEYS: Final = "q leaves the run alone"


@dataclass(frozen=True)
class Attached:
    """How watching a run ended."""

    is_over: bool
    """The run has ended, or was killed; else whoever watched it left."""


def attach(folder: Path, console: Console) -> Attached:
    """Show a run until it ends, or until somebody leaves by q or Ctrl-C; raises RunFolderError."""
    followed = Followed(folder)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            _wait_for_trace(followed)
            if has_screen(console):
                _on_terminal(followed, console)
            else:
                _in_lines(followed)
        return Attached(followed.is_over)
    finally:
        followed.close()


def _wait_for_trace(followed: Followed) -> None:
    until = time.monotonic() + _WAIT_FOR_TRACE_S
    while not followed.step() and not followed.state.entries and followed.behind:
        if not followed.folder.is_dir() or time.monotonic() > until:
            hint = "give the folder of a run; the newest under runs/ is taken without one"
            raise RunFolderError(f"{followed.folder} has no trace of a run", hint=hint)
        time.sleep(FRAME_S / 5)
    if followed.is_over and not followed.state.entries:
        raise RunFolderError(f"the trace of {followed.folder} is empty", hint="the run was killed before it began")


def _on_terminal(followed: Followed, console: Console) -> None:
    glyphs = glyphs_for(console)
    if not followed.is_over:
        with Terminal(console) as terminal, _drawn_anew_after_a_pause(terminal):
            _draw_until_over(followed, terminal, console)
    look = followed.look(glyphs=glyphs)
    lines = screen(look, console.size.width, max(console.size.height - 1, LEAST[1]))
    while lines and not lines[-1].plain.strip():
        lines.pop()
    for line in lines:
        sys.stdout.write(rendered(console, line) + "\n")
    sys.stdout.flush()


def _draw_until_over(followed: Followed, terminal: Terminal, console: Console) -> None:
    glyphs = glyphs_for(console)
    typed = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else -1
    due = 0.0
    while not terminal.is_lost:
        followed.step()
        now = time.monotonic()
        if now >= due:
            due = now + FRAME_S
            terminal.draw(lambda width, height: screen(followed.look(keys=KEYS, glyphs=glyphs), width, height))
        if followed.is_over and not followed.awaits_verdicts():
            return
        if _leaves(typed, 0.0 if followed.behind else FRAME_S):
            return


def _leaves(typed: int, seconds: float) -> bool:
    """Wait for a key; whether it is one to leave by."""
    if typed < 0:
        time.sleep(seconds)
        return False
    keys = key_within(seconds, typed)
    return keys is not None and (not keys or any(key in keys for key in _LEAVE_KEYS))


def _in_lines(followed: Followed) -> None:
    lines = PlainLines()
    while True:
        followed.step()
        if not followed.behind:
            _tell(lines.of(followed.look()))
        if followed.is_over and not followed.awaits_verdicts():
            _tell(lines.end(followed.look()))
            return
        time.sleep(0.0 if followed.behind else FRAME_S)


def _tell(lines: Iterator[str]) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201  # plain lines are what is asked for


@contextlib.contextmanager
def _drawn_anew_after_a_pause(terminal: Terminal) -> Iterator[None]:
    """Ctrl-Z and fg: the shell has written meanwhile."""

    def resumed(number: int, frame: FrameType | None) -> None:
        del number, frame
        terminal.anew()

    before = signal.signal(signal.SIGCONT, resumed)
    try:
        yield
    finally:
        signal.signal(signal.SIGCONT, before)
