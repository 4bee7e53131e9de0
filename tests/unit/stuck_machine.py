"""A machine that never gets anywhere: for what the bench says when it cannot tell what comes of a payload."""

from __future__ import annotations

from collections.abc import Sequence

from bench.gdb import Stop
from bench.transport import PeerDied, Transfer

END = 0x100


class StuckMachine:
    """A machine, its line, its debugger's stub and its machine protocol in one; stands at `END`."""

    def __init__(
        self, *, idle: bool = False, stops: bool = False, unread: int = 0, words: str | None = None, takes: bool = True
    ) -> None:
        self.gdb = self.qmp = self.line = self
        self.resets = 0
        self.count = 0
        self.steps: list[str] = []
        self._idle = idle
        self._stops = stops
        self._unread = unread
        self._words = words
        self._takes = takes

    def go(self) -> None:
        self.steps.append("go")

    def interrupt(self) -> Stop:
        self.steps.append("interrupt")
        return Stop(2)

    def step(self) -> Stop:
        self.steps.append("step")
        return Stop(5)

    def begin_step(self) -> None:
        self.steps.append("step")

    def wait_stop(self, timeout_s: float, *, also: Sequence[int] = ()) -> Stop | None:
        return Stop(5) if self._stops and (also or timeout_s) else None

    def clear_breakpoint(self, address: int, kind: int) -> None:
        self.steps.append(f"clear {address:#x} {kind}")

    def read_memory(self, address: int, count: int) -> bytes:
        del address
        return bytes(count)

    def write_memory(self, address: int, data: bytes) -> None:
        self.steps.append(f"write {address:#x} {data.hex()}")

    def read_register(self, number: int) -> int:
        assert number == 15
        return END

    def set_breakpoint(self, address: int, kind: int) -> None:
        self.steps.append(f"set {address:#x} {kind}")

    def reading(self) -> int:
        self.count += 1000
        return self.count

    def instructions(self, since: int, now: int) -> int:
        return now - since

    def is_idle(self, looks: int = 4, *, pause_s: float = 0.0) -> bool:
        del looks, pause_s
        return self._idle

    def processor_s(self) -> float:
        return 0.0

    def fileno(self) -> int:
        return 0

    def drain(self) -> bytes:
        return b""

    def unread(self) -> int:
        return self._unread

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        del timeout_s
        if self._words is not None:
            raise PeerDied("it died", returncode=1, words=self._words)
        return Transfer(len(data) if self._takes else 0, b"")

    @property
    def snapshots(self) -> StuckMachine:
        return self

    def load(self, name: str) -> None:
        self.steps.append(name)
