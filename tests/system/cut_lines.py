"""A line between a payload and a port, that is cut and comes back, as a USB plug that is pulled and put in again."""

from __future__ import annotations

import os
import select
import socket
import struct
import subprocess
import threading
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.system.fake_machine import add_usb_tty, remove_tty

ABSENT_S = 0.3
"""Long enough to be looked for in vain, at least once."""


class Way(Protocol):
    """A port that can appear and vanish. `descriptor` is what to wait on: the port, or who will be one."""

    url: str
    descriptor: int

    @property
    def connected(self) -> bool:
        """Whether bytes can be passed on."""

    def appear(self) -> None: ...
    def vanish(self) -> None: ...
    def accept(self) -> bool:
        """Whether the descriptor is the port, and can be read."""


class TcpWay:
    """A serial server that hangs up, and is not there for a while."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self._connection: socket.socket | None = None
        self.url = f"socket://127.0.0.1:{self._address[1]}"
        self.descriptor = self._listener.fileno()

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def appear(self) -> None:
        self._listener = socket.create_server(self._address)
        self.descriptor = self._listener.fileno()

    def accept(self) -> bool:
        if self._connection is None:
            self._connection, _ = self._listener.accept()
            self._connection.settimeout(0.0)
            # Closing is a reset: what is still under way is lost, as on a wire.
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.descriptor = self._connection.fileno()
            return False
        return True

    def vanish(self) -> None:
        self._listener.close()  # first: who is hung up on must not be taken once more
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.descriptor = -1


class UsbWay:
    """An adapter that gets the next number each time it is plugged in; its tty is a pty."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = "usb:0403:6001:A50285BI"
        self.link = root / "dev/serial/by-id/usb-FTDI_A50285BI-if00-port0"
        self.number = -1
        self.descriptor = self._device = -1
        self.appear()

    @property
    def connected(self) -> bool:
        return self.descriptor >= 0

    def appear(self) -> None:
        self.number += 1
        self.descriptor, self._device = os.openpty()
        tty.setraw(self._device)
        os.set_blocking(self.descriptor, False)
        add_usb_tty(
            self.root, f"ttyUSB{self.number}", os.ttyname(self._device), serial="A50285BI", by_id=self.link.name
        )

    def accept(self) -> bool:
        return True

    def vanish(self) -> None:
        if self.descriptor >= 0:
            remove_tty(self.root, f"ttyUSB{self.number}")
            os.close(self.descriptor)
            os.close(self._device)
            self.descriptor = -1


def relay(payloads: Sequence[int], way: Way, *, cuts: Sequence[int], absent_s: float | None, stop: int) -> None:
    """Pass bytes on, cutting the line after each number of bytes towards the payload since it appeared last.

    With several payloads, another one is there after each cut. With an `absent_s` of None the line stays away.
    """
    left, others = list(cuts), list(payloads)
    payload = others.pop(0)
    budget = left.pop(0) if left else None
    back_at: float | None = None
    while True:
        there = way.descriptor >= 0
        watched = [payload, stop, *([way.descriptor] if there else [])]
        wait_s = None if there or back_at is None else max(0.0, back_at - time.monotonic())
        ready, _, _ = select.select(watched, [], [], wait_s)
        if stop in ready:
            return
        if not there and back_at is not None and time.monotonic() >= back_at:
            way.appear()
        if payload in ready:
            pass_on(os.read(payload, 4096), way, stop)
        if there and way.descriptor in ready and way.accept():
            with suppress(OSError):  # nobody has it open, or it was just closed
                data = os.read(way.descriptor, 4096)[:budget]
                os.write(payload, data)
                if budget is not None:
                    budget -= len(data)
                    if budget == 0:
                        way.vanish()
                        back_at = None if absent_s is None else time.monotonic() + absent_s
                        payload = others.pop(0) if others else payload
                        budget = left.pop(0) if left else None


def pass_on(data: bytes, way: Way, stop: int) -> None:
    """Towards the bench; what comes while there is no line is lost."""
    while data and way.connected:
        ready, _, _ = select.select([stop], [way.descriptor], [])
        if ready:
            return
        try:
            data = data[os.write(way.descriptor, data) :]
        except OSError:
            return


@contextmanager
def cut_line(
    way: Way, *payloads: socket.socket, cuts: Sequence[int], absent_s: float | None = ABSENT_S
) -> Iterator[Way]:
    """Yield the way, behind which the first payload is reached while the line is whole; the rest is as in `relay`."""
    woken, wake = os.pipe()
    how = {"cuts": cuts, "absent_s": absent_s, "stop": woken}
    thread = threading.Thread(
        target=relay, args=([payload.fileno() for payload in payloads], way), kwargs=how, daemon=True
    )
    thread.start()
    try:
        yield way
    finally:
        os.write(wake, b"x")
        thread.join()
        way.vanish()
        os.close(woken)
        os.close(wake)


@contextmanager
def native_payload(elf: Path) -> Iterator[socket.socket]:
    """Yield the other end of the native payload's line."""
    ours, theirs = socket.socketpair()
    with ours, subprocess.Popen([elf, "--fd", str(theirs.fileno())], pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        try:
            yield ours
        finally:
            process.kill()


@contextmanager
def emulated_payload(command: Sequence[str | Path], folder: Path) -> Iterator[socket.socket]:
    """Yield the other end of the serial line of an emulator, which `command` starts when -serial is added."""
    path = folder / "serial"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        listener.settimeout(10.0)
        with subprocess.Popen([*command, "-serial", f"unix:{path}"]) as process:
            try:
                connection, _ = listener.accept()
                with connection:
                    yield connection
            finally:
                process.kill()
