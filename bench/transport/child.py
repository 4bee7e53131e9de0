"""A child process that never outlives the bench, and whose last words are kept."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from bench.transport.family import Member, family, send

KEEP_BYTES = 1 << 16
"""Of what a child prints, the end is kept: more than a sanitizer's report or QEMU's dump of registers."""
_READS = 32
"""In one go, so that one who prints without end cannot keep the bench from its deadlines; more than a pipe can hold."""

# The watchdog leads the process group that the child joins. Its stdin is a pipe whose other end only the bench holds:
# when the bench ends, by whatever signal, the pipe closes and the whole group is killed, with those descendants that
# have left it. The first line on the pipe is the child's pid, for a child that left the group itself; when it began
# tells it from another that has its number by then. PR_SET_PDEATHSIG would need code between fork and exec, ends the
# child with the *thread* that started it, and spares grandchildren.
_WATCHDOG = """trap '' HUP INT TERM
family() { echo "$1"; for one in $(cat /proc/"$1"/task/*/children 2>/dev/null); do family "$one"; done; }
group() { cat /proc/[0-9]*/stat 2>/dev/null | while read -r stat; do in_group "${stat%% *}" ${stat##*) }; done; }
in_group() { [ "$4" != $$ ] || echo "$1"; }
field20() { echo "${20}"; }
born() { read -r stat 2>/dev/null <"/proc/$1/stat" && field20 ${stat##*) }; }
read -r child; began=$(born "$child"); read -r _
[ "$(born "$child")" = "$began" ] || child=
[ -z "$1" ] || rm -rf -- "$1"
[ -z "$child" ] || kill -KILL $(family "$child") 2>/dev/null
for one in $(group); do [ "$one" = $$ ] || kill -KILL $(family "$one"); done 2>/dev/null
kill -KILL 0"""


def name_of_exit(returncode: int) -> str:
    """'exit status 1' or 'SIGABRT'."""
    if returncode >= 0:
        return f"exit status {returncode}"
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"


class Child:
    """One process in its own group. `output` is the descriptor of what it prints (stdout and stderr), non-blocking."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        scratch: str = "",
        environment: Mapping[str, str] | None = None,
        on_output: Callable[[bytes], object] = len,
    ) -> None:
        """`scratch` is a folder that is removed with the child, should the bench be killed.

        Without an `environment` it has the bench's own. `on_output` is given all that it prints, as it is read.
        """
        self._on_output = on_output
        self._command = list(command)
        self._environment = environment
        self._scratch = scratch
        self._printed = bytearray()
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._output = -1
        self._family: frozenset[Member] = frozenset()

    def start(self) -> None:
        """Raises OSError when the program cannot be started."""
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, "watchdog", self._scratch],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        read_end, write_end = os.pipe()
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                process_group=self._watchdog.pid,
                env=self._environment,
            )
        except OSError:
            os.close(read_end)
            self.end(grace_s=0.0)
            raise
        finally:
            os.close(write_end)
        self._tell_watchdog(self._process.pid)
        os.set_blocking(read_end, False)
        self._output = read_end

    def _tell_watchdog(self, pid: int) -> None:
        if self._watchdog and self._watchdog.stdin:
            with contextlib.suppress(BrokenPipeError):  # the child has killed its whole group already
                os.write(self._watchdog.stdin.fileno(), f"{pid}\n".encode())

    @property
    def output(self) -> int:
        return self._output

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def printed(self) -> str:
        """The last of what it printed."""
        return bytes(self._printed).decode(errors="replace")

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def read_output(self) -> bool:
        """Keep what it printed since; False once nothing more can come."""
        if self._output < 0:
            return False
        for _ in range(_READS):
            try:
                words = os.read(self._output, KEEP_BYTES)
            except BlockingIOError:
                return True
            if not words:
                return False
            self._on_output(words)
            self._printed += words
            del self._printed[:-KEEP_BYTES]
        return True

    def wait(self, timeout_s: float) -> int | None:
        """Its return code once it has ended, or None; keeps what it prints meanwhile."""
        until = time.monotonic() + timeout_s
        while self._process and self.read_output():
            left_s = until - time.monotonic()
            if left_s <= 0:
                return self.returncode
            select.select([self._output], [], [], left_s)
        if self._process is None:
            return None
        # What it prints has ended, so it has too, or is about to, or has closed its stdout and stderr.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(until - time.monotonic(), 0.0))
        return self._process.returncode

    def terminate_group(self) -> None:
        """Ask it and all that it started to end."""
        if self._watchdog:
            self._family |= self._members()
            for number in (signal.SIGTERM, signal.SIGCONT):  # one that is stopped would not hear of it
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._watchdog.pid, number)
                send(self._family, number)

    def _members(self) -> frozenset[Member]:
        """It and its descendants, while it runs."""
        return family(self._process.pid) if self._process and self.returncode is None else frozenset()

    def end(self, *, grace_s: float, terminate: bool = True) -> None:
        """Ask it to end (`terminate`: by SIGTERM), wait for `grace_s`, then kill it and what it started, and reap."""
        if self._process and self.returncode is None and grace_s:
            if terminate:
                self._process.terminate()
            self.wait(grace_s)
        if self._watchdog:
            self._family |= self._members()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._watchdog.pid, signal.SIGKILL)
            send(self._family, signal.SIGKILL)
            if self._process:
                self._process.wait()
            self.read_output()
            self._watchdog.wait()
            if self._watchdog.stdin:
                self._watchdog.stdin.close()
            self._watchdog = None
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
