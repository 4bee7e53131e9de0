"""A small synchronous client of QEMU's machine protocol (QMP): one command, its answer, a deadline.

QEMU 7.2 reads commands byte by byte, at 3 us each: they are written as short as they can be.
"""

import json
import select
import socket
import time
from typing import Any, Final

from bench.errors import TransportError

ANSWER_S: Final = 30.0
"""Far longer than any answer takes: when it is over the bench has failed."""
_MOST_BYTES: Final = 1 << 22
_READ_BYTES: Final = 1 << 16


class QmpError(TransportError):
    """QEMU refused a command, or did not answer."""


class QmpClient:
    """Talks over a connected stream socket; `open` exchanges greetings. Raises EOFError where QEMU is gone."""

    def __init__(self, connection: socket.socket, *, answer_s: float = ANSWER_S) -> None:
        self._socket = connection
        self._answer_s = answer_s
        self._bytes = bytearray()
        self._jobs = 0
        self.resets = 0
        """Of the machine, that QEMU has told by the end of the last command."""

    def open(self) -> str:
        """QEMU's version, such as 7.2.22."""
        greeting = self._next(time.monotonic() + self._answer_s, "its greeting")
        self.execute("qmp_capabilities")
        try:
            version = greeting["QMP"]["version"]["qemu"]
            return ".".join(str(int(version[part])) for part in ("major", "minor", "micro"))
        except (KeyError, TypeError, ValueError) as error:
            raise QmpError(f"QEMU's greeting is none: {str(greeting)[:80]}") from error

    def execute(self, command: str, **arguments: object) -> Any:  # noqa: ANN401 - each command returns something else
        """What a command returns; `_` in the names of arguments stands for `-`."""
        order: dict[str, object] = {"execute": command}
        if arguments:
            order["arguments"] = {name.replace("_", "-"): value for name, value in arguments.items()}
        try:
            self._socket.sendall(json.dumps(order, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise EOFError(f"QEMU is gone: {error.strerror}") from error
        until = time.monotonic() + self._answer_s
        while True:
            answer = self._next(until, command)
            self.resets += answer.get("event") == "RESET"
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                description = answer["error"].get("desc") if isinstance(answer["error"], dict) else answer["error"]
                raise QmpError(f"QEMU refused {command}: {description}")

    def count_instructions(self) -> int:
        """Executed by the guest since it was started, counted with -icount; told although nothing is replayed."""
        answer = self.execute("query-replay")
        count = answer.get("icount") if isinstance(answer, dict) else None
        if not isinstance(count, int):
            raise QmpError(f"QEMU tells no count of instructions: {str(answer)[:60]}")
        return count

    def run_job(self, command: str, **arguments: object) -> None:
        """A command that QEMU carries out as a job, to its end."""
        self._jobs += 1
        name = f"job{self._jobs}"
        self.execute(command, job_id=name, **arguments)
        until = time.monotonic() + self._answer_s
        while time.monotonic() < until:
            job = next((job for job in self.execute("query-jobs") if job.get("id") == name), None)
            if job is None:
                break
            if job.get("status") == "concluded":
                self.execute("job-dismiss", id=name)
                if "error" in job:
                    raise QmpError(f"QEMU failed at {command}: {job['error']}")
                return
        raise QmpError(f"{command} has not ended within {self._answer_s:g} s")

    def _next(self, until: float, awaited: str) -> dict[str, Any]:
        while (end := self._bytes.find(b"\n")) < 0:
            if len(self._bytes) > _MOST_BYTES:
                raise QmpError(f"QEMU answers {awaited} by more than {_MOST_BYTES} bytes")
            if not select.select([self._socket], [], [], max(until - time.monotonic(), 0.0))[0]:
                raise QmpError(f"QEMU has not answered {awaited} within {self._answer_s:g} s")
            try:
                data = self._socket.recv(_READ_BYTES)
            except OSError as error:
                raise EOFError(f"QEMU is gone: {error.strerror}") from error
            if not data:
                raise EOFError("QEMU is gone")
            self._bytes += data
        line = bytes(self._bytes[:end])
        del self._bytes[: end + 1]
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise QmpError(f"QEMU says what is no JSON: {line[:60]!r}") from error
        if not isinstance(answer, dict):
            raise QmpError(f"QEMU says what is no object: {line[:60]!r}")
        return answer
