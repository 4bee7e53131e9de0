"""A payload whose power goes at an instruction: on an emulated core a debugger says where it stands then."""

from __future__ import annotations

import random
import select
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.errors import TransportError
from bench.gdb import GdbClient
from bench.session.open import make_transport
from bench.target import Target
from bench.transport.process import ProcessTransport, Program
from bench.upset.image import Image

_CONNECT_S: Final = 10.0
_STEP_S: Final = 0.05
"""A core that has not ended a step by then sleeps."""
RAMS: Final = ("lost", "kept", "decayed", "randomised")
_STORED_ELSEWHERE: Final = (".data_region", ".kept")


class HostMachine:
    """The native process: killed at a moment that the host decides."""

    rams = ("lost",)
    gdb: GdbClient | None = None

    def __init__(self, target: Target, elf: Path, image: Image, storage: Path) -> None:
        del image
        self.line = make_transport(target, elf, storage=storage)

    def start(self, *, ram: str, draw: random.Random) -> None:
        """Begin a life."""
        del ram, draw
        self.line.open()

    def cut(self, *, keep: bool) -> str:
        """End it; where it stood."""
        del keep
        self._kill()
        return ""

    def close(self) -> None:
        self._kill()

    def _kill(self) -> None:
        if isinstance(self.line, ProcessTransport):
            self.line.kill()


class QemuMachine:
    """QEMU that a debugger holds before the first instruction of each life, so that RAM can be what a cut leaves."""

    rams = RAMS

    def __init__(self, target: Target, elf: Path, image: Image, storage: Path, *, folder: Path) -> None:
        plain = make_transport(target, elf, storage=storage)
        assert isinstance(plain, ProcessTransport)  # noqa: S101 - what QEMU runs is a process
        self._path = folder / "gdb"
        program = plain.program

        def command(path: Path) -> list[str]:
            stub = ("-S", "-chardev", f"socket,id=gdb,path={self._path}", "-gdb", "chardev:gdb")
            return [*program.command(path), *stub]

        self.line = ProcessTransport(
            Program(
                program.name,
                command,
                elf,
                program.install_hint,
                program.refusal_hint,
                harmless=program.harmless,
            ),
            ready_s=_CONNECT_S,
        )
        self._functions = sorted(
            (symbol.address, symbol.name) for symbol in image.symbols.values() if symbol.kind == "STT_FUNC"
        )
        self._blocks = [
            (section.address, section.size)
            for section in image.sections.values()
            if section.writable and not section.stored and section.size and section.name not in _STORED_ELSEWHERE
        ]
        self._left: list[bytes] = []
        self._debugger: socket.socket | None = None
        self.gdb: GdbClient

    def start(self, *, ram: str, draw: random.Random) -> None:
        """Begin a life with what the cut before has left in RAM: a new process, so that nothing else is left."""
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._path))
            listener.listen(1)
            self.line.open()
            if not select.select([listener], [], [], _CONNECT_S)[0]:
                raise TransportError(f"the debugger's stub has not connected within {_CONNECT_S:g} s")
            self._debugger, _ = listener.accept()
        self.gdb = GdbClient(self._debugger)
        self.gdb.wait_stop(0.0)
        for number, (address, size) in enumerate(self._blocks):
            content = self._remains(number, size, ram, draw)
            if content:
                self.gdb.write_memory(address, content)
        self.gdb.go()

    def _remains(self, number: int, size: int, ram: str, draw: random.Random) -> bytes:
        if ram == "randomised":
            return draw.randbytes(size)
        if ram == "lost" or not self._left:
            return b""
        content = bytearray(self._left[number])
        if ram == "decayed":
            for _ in range(max(1, size // 8)):  # one bit of 64
                content[draw.randrange(size)] ^= 1 << draw.randrange(8)
        return bytes(content)

    def cut(self, *, keep: bool) -> str:
        """End it where the core stands; in which function that is. `keep`: RAM is wanted in the next life."""
        place = self._place(self.gdb.read_register(15))
        self._left = [self.gdb.read_memory(address, size) for address, size in self._blocks] if keep else []
        self.close()
        return place

    def _place(self, counter: int) -> str:
        names = [name for address, name in self._functions if address <= counter]
        return names[-1] if names else "?"

    def step(self, count: int) -> None:
        """So many instructions on, or to where it falls asleep."""
        for _ in range(count):
            self.gdb.begin_step()
            if self.gdb.wait_stop(_STEP_S) is None:
                self.gdb.interrupt()
                return

    def close(self) -> None:
        self.line.kill()
        if self._debugger is not None:
            with suppress(OSError):
                self._debugger.close()
            self._debugger = None


Machine = HostMachine | QemuMachine
