"""The bench's side of a monitor that runs beside it: a process of its own, told over a pipe what to show.

In the bench's own process a screen would take the interpreter from the link while it is drawn, in a thread as well, and
a terminal that takes nothing (Ctrl-S) would stop the run.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from bench.monitor.terminal import kept_terminal, leave_screen

_END_S: Final = 10.0
"""To read the rest of a trace and draw it once more."""


class Watcher:
    """Shows the runs that it is told of, from `with` to its end. Nothing that it does raises."""

    def __init__(self, *, stdout: int | None = None) -> None:
        """It draws on `stdout`, or prints its lines there; None = the bench's own."""
        self._stdout = stdout
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._stack = contextlib.ExitStack()
        self.fault = ""
        """Why nothing was shown to the end."""

    def __enter__(self) -> Self:
        self._stack.enter_context(kept_terminal(self._stdout))
        self._said = self._stack.enter_context(tempfile.TemporaryFile())
        sys.stdout.flush()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.monitor.beside"],
                stdin=subprocess.PIPE,
                stdout=self._stdout,
                stderr=self._said,
            )
        except OSError as error:
            self.fault = f"the monitor could not be started: {error.strerror}"
        return self

    def watch(self, folder: Path) -> None:
        """From now on show the run in `folder`, which may have no trace yet."""
        self._tell(folder=str(folder.absolute()))

    def say(self, notice: str) -> None:
        """Show a line at once; an empty one takes it away."""
        self._tell(notice=notice)

    def say_test(self, line: str) -> None:
        """Which test it is that makes the run."""
        self._tell(test=line)

    def _tell(self, **what: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it has ended; `__exit__` says so
                self._process.stdin.write(json.dumps(what).encode() + b"\n")
                self._process.stdin.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._stack:
            if self._process is None:
                return
            if self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
            try:
                status = self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                status = self._process.wait()
            if status < 0:  # killed, so it could not tidy up
                leave_screen(self._stdout)
            if status:
                self.fault = f"the monitor ended before the run: {self._last_words() or f'status {status}'}"

    def _last_words(self) -> str:
        if self._said is None:
            return ""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "")
