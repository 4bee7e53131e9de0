"""Standard output that may go away: closed by its reader (`| head`), or on a disk that is full."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO


class Output:
    """Writes to `stream` until that fails; says so once on stderr, and drops the rest, so that a run can go on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = False
        self.meanwhile = ""
        """What goes on without the output, for the line on stderr."""

    def write(self, text: str) -> int:
        """Like that of a file, but never an OSError."""
        if not self.lost:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Like that of a file, but never an OSError."""
        if not self.lost:
            try:
                self._stream.flush()
            except OSError as error:
                self._lose(error)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def _lose(self, error: OSError) -> None:
        self.lost = True
        what = "was closed" if isinstance(error, BrokenPipeError) else f"could not be written: {error.strerror}"
        _discard(self._stream)  # Python flushes what is left in its buffer when it ends
        try:
            print(f"bench: the output {what}{self.meanwhile}", file=sys.stderr, flush=True)
        except OSError:
            _discard(sys.stderr)  # 2>&1: it went the same way


def _discard(stream: TextIO) -> None:
    """Send what is still written to `stream` nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextmanager
def survivable_output() -> Iterator[Output]:
    """Have an Output as sys.stdout, flushed at the end."""
    before = sys.stdout
    output = Output(before)
    sys.stdout = output
    try:
        yield output
    finally:
        output.flush()
        sys.stdout = before


def meanwhile(text: str) -> None:
    """What to say goes on, should the output be lost from here on."""
    if isinstance(sys.stdout, Output):
        sys.stdout.meanwhile = f"; {text}"
