"""One long-lived QEMU with its line, a debugger's stub, its machine protocol, and a file of snapshots."""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from bench.errors import ConfigurationError, TransportError
from bench.gdb import GdbClient
from bench.qmp import QmpClient, SnapshotFile
from bench.target import QemuTransportSpec, Target
from bench.transport.process import ProcessTransport, Program
from bench.transport.qemu import HARMLESS
from bench.upset.threads import Threads

_SNAPSHOTS: Final = "ladder.qcow2"


class Machine:
    """QEMU as `target` starts it, stopped before its first instruction. What it makes lies in `folder`."""

    def __init__(self, target: Target, elf: Path, folder: Path) -> None:
        if not isinstance(target.transport, QemuTransportSpec) or target.counter is None:
            raise ConfigurationError(
                f"target {target.name} has no capability 'upsets': no emulated machine that counts",
                hint="choose one whose file has a table [upsets], such as qemu-mps2-an386",
            )
        self._spec: QemuTransportSpec = target.transport
        self._elf = elf
        self._folder = folder
        self._sockets = ExitStack()
        self._threads = Threads(0)
        self.line = ProcessTransport(
            Program(
                name=self._spec.binary,
                command=self._command,
                firmware=elf,
                install_hint="install it, then run: bench doctor",
                refusal_hint="check machine and arguments in the target's file under firmware_if/targets",
                harmless=HARMLESS,
                pipes=True,  # what the payload says must not wait: its instructions would not repeat
            ),
            ready_s=self._spec.ready_s,
        )
        self.gdb: GdbClient
        self.qmp: QmpClient
        self.snapshots: SnapshotFile
        self.version = ""

    def _command(self, path: Path) -> list[str]:
        spec = self._spec
        return [
            *(spec.binary, "-machine", spec.machine, *spec.arguments, "-S"),
            *("-chardev", f"pipe,id=serial,path={_escaped(path)}", "-serial", "chardev:serial"),
            *("-chardev", f"socket,id=lives,path={_escaped(path)}", "-kernel", str(self._elf)),
            *("-chardev", f"socket,id=gdb,path={_escaped(self._folder / 'gdb')}", "-gdb", "chardev:gdb"),
            *("-chardev", f"socket,id=qmp,path={_escaped(self._folder / 'qmp')}", "-mon", "chardev=qmp,mode=control"),
        ]

    def open(self) -> None:
        """Start it, with the snapshots of an earlier one in the same folder."""
        names = ("gdb", "qmp")
        with ExitStack() as listening:
            listeners = [listening.enter_context(socket.socket(socket.AF_UNIX)) for _ in names]
            for name, listener in zip(names, listeners, strict=True):
                (self._folder / name).unlink(missing_ok=True)
                listener.bind(str(self._folder / name))
                listener.listen(1)
            self.line.open()
            self._threads = Threads(self.line.pid or 0)
            try:
                gdb, qmp = (self._accept(listener) for listener in listeners)
                self.gdb, self.qmp = GdbClient(gdb), QmpClient(qmp)
                self.version = self.qmp.open()
                self._check_counter()
                path = self._folder / _SNAPSHOTS
                existed = path.exists()
                self.snapshots = SnapshotFile(self.qmp, path, monitor=self.gdb.monitor)
                (self.snapshots.attach if existed else self.snapshots.create)()
            except EOFError as error:
                self.close()
                raise TransportError(f"{self._spec.binary} ended before it began: {error}") from error
            except BaseException:
                self.close()
                raise

    def _accept(self, listener: socket.socket) -> socket.socket:
        if not select.select([listener], [], [], self._spec.ready_s)[0]:
            raise TransportError(f"{self._spec.binary} has not connected within {self._spec.ready_s:g} s")
        connection, _ = listener.accept()
        self._sockets.enter_context(connection)
        return connection

    def restart(self) -> None:
        """Another process in its place, with the same snapshots."""
        self.close()
        self.open()

    def close(self) -> None:
        self.line.close()
        self._threads.close()
        with suppress(OSError):
            self._sockets.close()

    # ------------------------------------------------------------------------------------------------------- counting
    def reading(self) -> int:
        """Instructions that the guest has executed; the core is stopped.

        QEMU tells its own count, which snapshots hold, and touches nothing of the guest for it.
        """
        return self.qmp.count_instructions()

    def instructions(self, since: int, now: int) -> int:
        """Between two readings."""
        return now - since

    def _check_counter(self) -> None:
        """Before the first instruction of all: one step must count as one."""
        before = self.reading()
        self.gdb.step()
        if (before, self.reading()) != (0, 1):
            raise TransportError(
                f"{self._spec.binary} {self.version} counts {self.reading()} instructions after one, from {before}",
                hint="upsets need an emulator that counts with -icount; verified with QEMU 7.2",
            )

    # ------------------------------------------------------------------------------------------------------- the line
    def drain(self) -> bytes:
        """All that has come over the line; the core is stopped."""
        out = bytearray()
        while received := self.line.transfer(b"", 0.0).received:
            out += received
        return bytes(out)

    def is_idle(self, looks: int = 4, *, pause_s: float = 0.001) -> bool:
        """Whether the whole process sleeps, time after time, and has done nothing in between.

        This, and no clock, tells a guest that sleeps with nothing pending from one that the host has kept waiting: a
        thread with work to do is never asleep.
        """
        seen = self._threads.activity()
        for _ in range(looks if seen is not None else 0):
            time.sleep(pause_s)
            now = self._threads.activity()
            if now is None or now != seen:
                return False
        return seen is not None

    def processor_s(self) -> float:
        """Processor time that the emulator has taken, all threads together."""
        return self._threads.processor_s()


def _escaped(path: Path) -> str:
    """As QEMU's options write a comma."""
    return str(path).replace(",", ",,")
