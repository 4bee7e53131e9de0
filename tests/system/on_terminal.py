"""A command on a terminal of its own: what it draws, its size, keys, and how it leaves the terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.system.command_line import DEADLINE_S, HEARS_HANGUPS

SECOND_SCREEN, FIRST_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"


class OnTerminal(AbstractContextManager["OnTerminal"]):
    """From `with` on it runs; in the end it and its terminal are gone."""

    def __init__(
        self,
        folder: Path,
        *words: str | Path,
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`size` is columns and lines."""
        self._folder, self._words = folder, [*HEARS_HANGUPS, "setsid", "--ctty", *map(str, words)]
        self._environment = {**os.environ, "TERM": "xterm-256color", **(environment or {})}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            self._environment.pop(name, None)
        self._size = size
        self.drawn = b""

    def __enter__(self) -> Self:
        self._reader, device = pty.openpty()
        self.resize(*self._size)
        self.process = subprocess.Popen(
            self._words, cwd=self._folder, env=self._environment, stdin=device, stdout=device, stderr=device
        )
        os.close(device)
        return self

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._reader, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._reader, keys)

    def hang_up(self) -> None:
        """As when the window is closed."""
        os.close(self._reader)
        self._reader = -1

    def read_until(self, wanted: bytes, *, after: int = 0) -> int:
        """Read until `wanted` was drawn behind `after`; how much was drawn by then."""
        until = time.monotonic() + DEADLINE_S
        while wanted not in self.drawn[after:]:
            left_s = until - time.monotonic()
            assert left_s > 0, f"{wanted!r} was not drawn: {self.drawn[-4000:]!r}"
            assert self._read(left_s), f"it ended without {wanted!r}: {self.drawn[-4000:]!r}"
        return len(self.drawn)

    def end(self) -> int:
        """Read to its end; its exit status."""
        until = time.monotonic() + DEADLINE_S
        while self._reader >= 0 and self._read(until - time.monotonic()):
            assert time.monotonic() < until, f"it did not end: {self.drawn[-2000:]!r}"
        return self.process.wait(DEADLINE_S)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._reader], [], [], max(0.0, seconds))[0]:
            return True
        try:
            data = os.read(self._reader, 1 << 16)
        except OSError:  # nobody has the terminal any more
            return False
        self.drawn += data
        return bool(data)

    def is_tidy(self) -> bool:
        """Whether the first screen is shown again, with its cursor."""
        return self.drawn.rfind(FIRST_SCREEN) >= self.drawn.rfind(SECOND_SCREEN) and self.drawn.rfind(
            SHOWN
        ) >= self.drawn.rfind(HIDDEN)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._reader >= 0:
            os.close(self._reader)
