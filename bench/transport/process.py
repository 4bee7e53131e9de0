"""A payload that is a process of this machine: QEMU, or the firmware built for the host.

The bench listens on a unix socket in a folder of its own and the process connects to it: nothing to race for, no port
number to clash, and a process that never connects is told from a payload that stays silent.

Bytes travel over that socket, or over two pipes. A unix socket is full after 277 bytes that were written one by one,
which is how QEMU's UARTs write; into a pipe a payload says a megabyte before it must wait for the bench.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import socket
import struct
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.errors import ProgramAbsent, TransportError
from bench.transport.base import PeerDied, Transfer
from bench.transport.child import Child, name_of_exit
from bench.transport.duplex import Duplex

END_GRACE_S = 1.0
"""QEMU ends 15 ms after SIGTERM; a sanitizer's leak check takes up to a few tenths of a second."""
SOCKET_PATH_MAX = 107
"""sun_path of unix(7) holds 108 bytes with its final NUL."""
_PIPE_BYTES = 1 << 20
"""What Linux lets anyone ask for (fs.pipe-max-size)."""
_BLAME = re.compile(r"^[\w.-]+: (?!warning)|fatal|error|sanitizer|abort|assert", re.IGNORECASE)
"""'program: what is wrong', or a word that such lines have."""
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_TERMINATED = re.compile(r"terminating on signal \d+")
"""What QEMU says before it obeys: it ends with 0 then."""
_LINES_IN_MESSAGE = 3


@dataclass(frozen=True)
class Program:
    """What a ProcessTransport must know of the program that it starts."""

    name: str
    command: Callable[[Path], Sequence[str]]
    """The command line that makes it connect to a socket path."""
    firmware: Path
    install_hint: str
    refusal_hint: str
    """What to check when it ends before the payload said a byte."""
    ends_on_hangup: bool = False
    """It ends by itself when the bench closes the socket, and is given the time to."""
    harmless: tuple[str, ...] = ()
    """Regular expressions of lines that mean nothing."""
    pipes: bool = False
    """It reads from a pipe at the socket's path with `.in`, writes into one with `.out`, and opens both before it
    connects: the socket tells that it lives."""

    def last_words(self, printed: str) -> str:
        """What it printed, without the harmless lines."""
        lines = [line for line in printed.splitlines() if line.strip()]
        return "\n".join(line for line in lines if not any(re.search(known, line) for known in self.harmless))


def pick_words(words: str) -> str:
    """The few lines of `words` that say what went wrong: from the first that sounds like it, else the last ones."""
    lines = words.splitlines()
    blamed = next((number for number, line in enumerate(lines) if _BLAME.search(line)), None)
    picked = lines[-_LINES_IN_MESSAGE:] if blamed is None else lines[blamed : blamed + _LINES_IN_MESSAGE]
    return "; ".join(line.strip() for line in picked) or "it printed nothing"


class ProcessTransport:
    """Starts `program`, supervises it, moves bytes, and always ends it: also when the bench is killed."""

    can_power_cycle = True
    line_bytes_per_s: float | None = None

    def __init__(self, program: Program, *, ready_s: float) -> None:
        """`ready_s` is how long the process may take to connect."""
        self.program = program
        self._ready_s = ready_s
        self._child: Child | None = None
        self._socket: socket.socket | None = None
        self._pipes: tuple[int, ...] = ()
        self._duplex: Duplex | None = None
        self._heard = False
        self._printed = ""

    def open(self) -> None:
        if self._child is not None:
            return
        if not self.program.firmware.is_file():
            raise TransportError(f"there is no firmware at {self.program.firmware}", hint="build it, or check the path")
        folder = tempfile.TemporaryDirectory(prefix="hil-", dir=_short_folder())
        with folder:
            try:
                self._connect(Path(folder.name))
            except BaseException:
                self.close()
                raise

    def _connect(self, folder: Path) -> None:
        path = folder / "serial"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(1)
            if self.program.pipes:
                self._pipes = (_make_pipe(path.with_name("serial.out"), os.O_RDONLY),)
                os.mkfifo(path.with_name("serial.in"), 0o600)
            self._child = child = Child(self.program.command(path), scratch=str(folder))
            try:
                child.start()
            except FileNotFoundError as error:
                self._child = None
                raise ProgramAbsent(
                    f"{self.program.name} is not installed: no such program in PATH", hint=self.program.install_hint
                ) from error
            except OSError as error:
                self._child = None
                raise TransportError(
                    f"{self.program.name} cannot be started: {error.strerror}", hint=self.program.install_hint
                ) from error
            self._socket = self._accept(listener, child)
            if self.program.pipes:
                self._pipes = (*self._pipes, os.open(path.with_name("serial.in"), os.O_WRONLY | os.O_NONBLOCK))
        self._socket.settimeout(0.0)
        self._heard = False
        source, into = self._pipes or (self._socket.fileno(), self._socket.fileno())
        self._duplex = Duplex(source, into=into, watch=child.output, on_watch=child.read_output)

    def _accept(self, listener: socket.socket, child: Child) -> socket.socket:
        until = time.monotonic() + self._ready_s
        watched = [listener.fileno(), child.output]
        while (left_s := until - time.monotonic()) > 0:
            ready, _, _ = select.select(watched, [], [], left_s)
            if listener.fileno() in ready:
                return listener.accept()[0]
            if ready and not child.read_output():
                watched.remove(child.output)
                if child.wait(min(left_s, END_GRACE_S)) is not None:
                    raise self._refusal(child)
        words = self.program.last_words(child.printed)
        raise TransportError(
            f"{self.program.name} has not connected within {self._ready_s:g} s: it still runs (pid {child.pid}); "
            f"{pick_words(words)}",
            hint=f"it was started as: {' '.join(self.describe())}",
        )

    def _refusal(self, child: Child) -> TransportError:
        words = self.program.last_words(child.printed)
        ended = name_of_exit(child.returncode or 0)
        return TransportError(
            f"{self.program.name} ended before it began ({ended}): {pick_words(words)}",
            hint=self.program.refusal_hint,
        )

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        if self._duplex is None:
            raise TransportError(f"{self.program.name} is not running", hint="open the transport first")
        try:
            transfer = self._duplex.transfer(data, timeout_s)
        except EOFError as error:
            raise self._death() from error
        if transfer.received:
            self._heard = True
        return transfer

    def _death(self) -> TransportError:
        """Why the connection ended. Everything is ended first, so that the process's words are complete."""
        child, name = self._child, self.program.name
        returncode = child.wait(END_GRACE_S) if child else None
        self.close()
        words = self.program.last_words(self._printed)
        said = pick_words(words)
        if returncode is None:
            return PeerDied(
                f"{name} closed the connection without ending: {said}",
                returncode=None,
                words=words,
                hint=f"it was started as: {' '.join(self.describe())}",
            )
        ended = name_of_exit(returncode)
        if -returncode in _FROM_OUTSIDE or (returncode == 0 and _TERMINATED.search(words)):
            return TransportError(
                f"{name} was ended from outside ({ended})",
                hint="who did? When memory runs out, the kernel does (dmesg)",
            )
        if returncode > 0 and not self._heard:
            return TransportError(f"{name} ended before it began ({ended}): {said}", hint=self.program.refusal_hint)
        return PeerDied(
            f"{name} ended by itself ({ended}): {said}",
            returncode=returncode,
            words=words,
            hint="the firmware brought it down; all that it printed is in the trace",
        )

    def power_cycle(self) -> None:
        """The process is killed in the midst of whatever it does, and another one started."""
        self.kill()
        self.open()

    def fileno(self) -> int:
        """The descriptor of the line, for select. Raises TransportError where nothing runs."""
        if self._socket is None:
            raise TransportError(f"{self.program.name} is not running", hint="open the transport first")
        return self._pipes[0] if self._pipes else self._socket.fileno()

    def unread(self) -> int:
        """Bytes written, and not yet read by the process. Raises TransportError where nothing runs."""
        if self._pipes:
            return int(struct.unpack("i", fcntl.ioctl(self._pipes[1], termios.FIONREAD, bytes(4)))[0])
        return int(struct.unpack("i", fcntl.ioctl(self.fileno(), termios.TIOCOUTQ, bytes(4)))[0])

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        return self._child.pid if self._child else None

    @property
    def printed(self) -> str:
        """The last of what the process printed since it was started, harmless lines included."""
        if self._child:
            self._child.read_output()
            return self._child.printed
        return self._printed

    def describe(self) -> list[str]:
        return list(self.program.command(Path("SOCKET")))

    def kill(self) -> None:
        """End it in the midst of whatever it does."""
        self._end(grace_s=0.0)

    def close(self) -> None:
        self._end(grace_s=END_GRACE_S)

    def _end(self, *, grace_s: float) -> None:
        child, connection = self._child, self._socket
        pipes, self._pipes = self._pipes, ()
        self._child = self._socket = self._duplex = None
        for pipe in pipes:
            os.close(pipe)
        if connection is not None:
            connection.close()
        if child is not None:
            child.end(grace_s=grace_s, terminate=not (self.program.ends_on_hangup and connection is not None))
            self._printed = child.printed

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _make_pipe(path: Path, flags: int) -> int:
    """A pipe with a name, opened and as wide as the system lets it be."""
    os.mkfifo(path, 0o600)
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    with suppress(OSError):  # the usual 64 KiB
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return descriptor


def _short_folder() -> str | None:
    """Where socket paths fit: the usual place for temporary files, or /tmp if its name is too long."""
    usual = tempfile.gettempdir()
    fits = len(usual) + len("/hil-xxxxxxxx/serial") <= SOCKET_PATH_MAX
    return None if fits else "/tmp"  # noqa: S108 - a folder with a random name is made in it


def make_process(elf: Path, *, arguments: Sequence[str] = (), ready_s: float = 5.0) -> ProcessTransport:
    """The firmware built for this machine, at `elf`."""
    return ProcessTransport(
        Program(
            name=elf.name,
            command=lambda path: [str(elf), *arguments, "--socket", str(path)],
            firmware=elf,
            install_hint="build it for this machine: make -C firmware_if/firmware PORT=host",
            refusal_hint="check the target's arguments; see also: bench doctor",
            ends_on_hangup=True,
        ),
        ready_s=ready_s,
    )
