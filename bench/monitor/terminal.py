"""A terminal that shows one screen: only the lines that changed are written, so nothing flickers."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.text import Text

from bench.monitor.glyphs import ASCII, UNICODE, Glyphs

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
"""Cursor shown, first screen again."""


def glyphs_for(console: Console) -> Glyphs:
    """What the terminal's encoding can carry."""
    return UNICODE if console.encoding.lower().replace("-", "") == "utf8" else ASCII


def has_screen(console: Console) -> bool:
    """Whether the cursor can be moved there; a pipe, a file and a dumb terminal take lines."""
    return console.is_terminal and not console.is_dumb_terminal


class Terminal:
    """The second screen of a terminal, from `with` to its end; what was on the first is there again afterwards."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: list[Text] = []
        self._size = (0, 0)
        self._attributes: list[object] | None = None
        self.is_lost = False
        """Nobody sees it any more."""

    def __enter__(self) -> Self:
        self._attributes = _without_echo()
        self._write(_ENTER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._write(_LEAVE)
        if self._attributes is not None:
            _restore(self._attributes, sys.stdout.fileno())

    def anew(self) -> None:
        """Something else has written over it: draw everything next time."""
        self._lines = []
        self._size = (0, 0)

    def draw(self, screen: Callable[[int, int], list[Text]]) -> None:
        """Show what `screen` gives for the terminal's present size."""
        size = (self._console.size.width, self._console.size.height)
        lines = screen(*size)
        parts = []
        if size != self._size:
            parts.append(_ENTER)
            self._size, self._lines = size, []
        for number, line in enumerate(lines):
            if number >= len(self._lines) or line != self._lines[number]:
                parts.append(f"\x1b[{number + 1};1H{rendered(self._console, line)}\x1b[K")
        self._lines = lines
        if parts:
            self._write("".join(parts))

    def _write(self, text: str) -> None:
        if self.is_lost:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (OSError, UnicodeEncodeError):
            self.is_lost = True


def rendered(console: Console, line: Text) -> str:
    """A line with its colours as the terminal takes them."""
    with console.capture() as capture:
        console.print(line, end="", soft_wrap=True, highlight=False)
    return capture.get()


def _without_echo() -> list[object] | None:
    """Keys are not shown, and come one by one; how it was before."""
    try:
        before = termios.tcgetattr(sys.stdout.fileno())
        after = termios.tcgetattr(sys.stdout.fileno())
        after[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(sys.stdout.fileno(), termios.TCSADRAIN, after)
    except (termios.error, OSError, ValueError):
        return None
    return list(before)


def _restore(attributes: list[object], descriptor: int) -> None:
    with contextlib.suppress(termios.error, OSError, ValueError):
        termios.tcsetattr(descriptor, termios.TCSADRAIN, attributes)  # type: ignore[arg-type] # as it was


def leave_screen(stdout: int | None = None) -> None:
    """Show the first screen and the cursor again, after somebody who drew there was killed."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = sys.stdout.fileno() if stdout is None else stdout
        if os.isatty(descriptor):
            os.write(descriptor, _LEAVE.encode())


@contextlib.contextmanager
def kept_terminal(stdout: int | None = None) -> Iterator[None]:
    """Have the terminal as it was afterwards, should somebody who drew on it have died."""
    try:
        descriptor = sys.stdout.fileno() if stdout is None else stdout
        before = termios.tcgetattr(descriptor)
    except (termios.error, OSError, ValueError):
        yield
        return
    try:
        yield
    finally:
        _restore(list(before), descriptor)


def key_within(seconds: float, descriptor: int) -> bytes | None:
    """What was typed, or came on a pipe, within so many seconds: b"" at its end, None for nothing."""
    ready, _, _ = select.select([descriptor], [], [], seconds)
    if not ready:
        return None
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:
        return b""
