"""One attempt: `bench run` as a process of its own, with its log, its deadline and its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from bench.errors import RunFolderError
from bench.transport.child import Child

ERROR_VARIABLE: Final = "HIL_ERROR_FILE"
"""Where a bench that ends with an error puts it, for the program that started it."""
LOG_BYTES: Final = 4 << 20
"""Of what an attempt prints: from the beginning, and then the last 64 KiB."""
GRACE_S: Final = 10.0
"""Between SIGTERM and SIGKILL: for a bench to end what it started."""


class Log:
    """A file that keeps so much of what it is given; what cannot be written is counted and lost."""

    def __init__(self, file: BinaryIO, *, most: int = LOG_BYTES) -> None:
        self._file = file
        self._left = most
        self.lost = 0

    def write(self, data: bytes) -> None:
        """Never raises: a log is no reason to end a night."""
        kept = data[: self._left]
        self._left -= len(kept)
        self.lost += len(data) - len(kept)
        try:
            self._file.write(kept)
            self._file.flush()
        except OSError:
            self.lost += len(kept)

    def close(self, last: str) -> None:
        """With the last of what was printed, where some of it was lost."""
        if self.lost:
            with contextlib.suppress(OSError):
                self._file.write(f"\n[{self.lost} bytes are not kept; the last of them:]\n{last}".encode())
        with contextlib.suppress(OSError):
            self._file.close()


class AttemptProcess:
    """`bench WORDS`, started when it is made. Nothing that it started outlives `end`, nor the death of this process."""

    def __init__(self, words: Sequence[str], *, stem: Path, deadline: float, started: float) -> None:
        """`stem`.log takes what it prints; `deadline` is on the clock that `started` is on. Raises RunFolderError."""
        self.started = started
        self.deadline = deadline
        self.overdue = False
        self._kill_at: float | None = None
        self._error_file = stem.with_suffix(".error.json")
        try:
            self._log = Log(stem.with_suffix(".log").open("xb"))
        except OSError as error:
            raise RunFolderError(f"cannot write {stem}.log: {error.strerror}", hint="is the disk full?") from error
        environment = {**os.environ, ERROR_VARIABLE: str(self._error_file), "PYTHONUNBUFFERED": "1"}
        # -P: a folder called bench where the night was started is not ours
        command = [sys.executable, "-P", "-m", "bench.cli", *words]
        self._child = Child(command, environment=environment, on_output=self._log.write)
        try:
            self._child.start()
        except OSError as error:
            raise RunFolderError(
                f"cannot start {sys.executable}: {error.strerror}", hint="out of processes?"
            ) from error
        self.exited = os.pidfd_open(self._child.pid)

    @property
    def output(self) -> int:
        """Descriptor of what it prints."""
        return self._child.output

    def read(self) -> bool:
        """Keep what it printed since; False once nothing more can come."""
        return self._child.read_output()

    @property
    def has_ended(self) -> bool:
        return self._child.returncode is not None

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self._child.returncode

    @property
    def next_deadline(self) -> float:
        """When `watch` has something to do."""
        return self.deadline if self._kill_at is None else self._kill_at

    def watch(self, now: float) -> None:
        """Ask it to end at its deadline, and end it when it does not."""
        if self._kill_at is not None:
            if now >= self._kill_at:
                self._child.end(grace_s=0.0)
        elif now >= self.deadline:
            self.overdue = True
            self.ask_to_end(now)

    def ask_to_end(self, now: float) -> None:
        """SIGTERM to the bench alone, which ends what it started; SIGKILL to all when its grace is over."""
        if self._kill_at is None:
            self._kill_at = now + GRACE_S
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.SIGTERM)

    def end(self) -> None:
        """Leave nothing behind; may be repeated."""
        if self.exited >= 0:
            os.close(self.exited)
            self.exited = -1
            self._child.end(grace_s=0.0)
            self._log.close(self._child.printed)

    @property
    def last_words(self) -> str:
        """The last line that it printed."""
        lines = [line.strip() for line in self._child.printed.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def error(self) -> dict[str, str]:
        """kind, message and hint of the error that it ended with; empty without one."""
        try:
            found = json.loads(self._error_file.read_text(encoding="utf-8"))
            return {key: str(found[key]) for key in ("kind", "message", "hint")}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
