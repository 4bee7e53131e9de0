"""How a tty is opened: raw, at a rate, for nobody else, with its modem lines at the wanted levels.

A pty has no modem lines, so what is asked of a driver is recorded at the system call.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
import time
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.errors import ConfigurationError, TransportError
from bench.transport import SerialTransport, make_serial
from bench.transport.tty import open_tty

TIOCGEXCL = 0x80045440
"""asm-generic/ioctls.h"""


@dataclass(frozen=True)
class Pty:
    master: int
    slave: int
    path: str


@pytest.fixture
def pty() -> Iterator[Pty]:
    master, slave = os.openpty()
    yield Pty(master, slave, os.ttyname(slave))
    os.close(master)
    os.close(slave)


@contextlib.contextmanager
def opened(path: str, **wanted: Any) -> Iterator[int]:  # noqa: ANN401 - the keywords of open_tty
    descriptor = open_tty(path, **{"baud": 115200, **wanted})
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_a_line_is_raw_and_8n1(pty: Pty) -> None:
    with opened(pty.path) as descriptor:
        iflag, oflag, cflag, lflag, *_, characters = termios.tcgetattr(descriptor)
        assert (iflag, oflag, lflag) == (0, 0, 0)
        assert cflag & termios.CSIZE == termios.CS8
        assert not cflag & (termios.PARENB | termios.CSTOPB | termios.CRTSCTS)
        assert cflag & termios.CREAD
        assert cflag & termios.CLOCAL
        assert characters[termios.VMIN] in {1, b"\x01"}
        every_byte = bytes(range(256))
        os.write(pty.master, every_byte)
        assert os.read(descriptor, 1000) == every_byte
        os.write(descriptor, every_byte)
        assert os.read(pty.master, 1000) == every_byte


@pytest.mark.parametrize("baud", [300, 115_200, 250_000, 921_600, 12_000_000])
def test_any_rate_is_set_and_read_back(pty: Pty, baud: int) -> None:
    with opened(pty.path, baud=baud) as descriptor:
        settings = fcntl.ioctl(descriptor, 0x802C542A, bytes(44))
        assert struct.unpack_from("=2I", settings, 36) == (baud, baud)


def test_what_came_before_is_not_read_and_what_comes_after_is_kept(pty: Pty) -> None:
    tty.setraw(pty.slave)
    os.write(pty.master, b"yesterday's")
    with opened(pty.path) as descriptor:
        os.write(pty.master, b"boot")
        assert os.read(descriptor, 100) == b"boot"


def test_what_came_before_a_line_came_back_is_kept(pty: Pty) -> None:
    tty.setraw(pty.slave)
    transport = SerialTransport(pty.path, baud=115200, reconnect_s=1.0)
    os.write(pty.master, b"boot")
    assert transport.reopen(0.0) == pty.path
    with transport:
        assert transport.transfer(b"", 1.0).received == b"boot"


def test_waiting_for_a_line_is_no_busy_loop(tmp_path: Path) -> None:
    transport = SerialTransport(str(tmp_path / "absent"), baud=115200, reconnect_s=1.0)
    cpu_s, began = time.process_time(), time.monotonic()
    with pytest.raises(TransportError, match="there is no port"):
        transport.reopen(1.0)
    assert time.monotonic() - began >= 1.0
    assert time.process_time() - cpu_s < 0.2, "ten looks, each far below 10 ms"


@pytest.mark.parametrize("level", [True, False])
def test_a_way_without_modem_lines_takes_no_levels(pty: Pty, level: bool) -> None:  # noqa: FBT001 - a parameter
    with pytest.raises(ConfigurationError, match=r"/dev/pts/\d+ has no DTR and RTS to set") as caught:
        open_tty(pty.path, baud=115200, dtr=level)
    assert "leave dtr and rts out" in caught.value.hint
    with pytest.raises(ConfigurationError, match=r"socket://127\.0\.0\.1:1 has no DTR and RTS"):
        make_serial("socket://127.0.0.1:1", baud=115200, rts=level).open()
    with opened(pty.path):  # nothing is left locked
        pass


@dataclass
class Driver:
    """What a driver with modem lines is asked for; everything else goes to the pty behind it."""

    asked: list[tuple[int, int]]

    def ioctl(self, descriptor: int, request: int, argument: Any = 0) -> Any:  # noqa: ANN401 - as fcntl.ioctl
        if request in {termios.TIOCMBIS, termios.TIOCMBIC}:
            self.asked.append((request, struct.unpack("i", argument)[0]))
            return argument
        return self.real(descriptor, request, argument)

    real = staticmethod(fcntl.ioctl)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    driver = Driver([])
    monkeypatch.setattr(fcntl, "ioctl", driver.ioctl)
    return driver


@pytest.mark.parametrize(
    ("dtr", "rts", "asked"),
    [
        (None, None, []),
        (False, False, [(termios.TIOCMBIC, termios.TIOCM_DTR | termios.TIOCM_RTS)]),
        (True, True, [(termios.TIOCMBIS, termios.TIOCM_DTR | termios.TIOCM_RTS)]),
        (False, None, [(termios.TIOCMBIC, termios.TIOCM_DTR)]),
        (True, False, [(termios.TIOCMBIS, termios.TIOCM_DTR), (termios.TIOCMBIC, termios.TIOCM_RTS)]),
    ],
)
def test_levels_are_set_both_at_once_and_stay_when_the_port_is_closed(
    pty: Pty, driver: Driver, *, dtr: bool | None, rts: bool | None, asked: list[tuple[int, int]]
) -> None:
    settings = termios.tcgetattr(pty.slave)
    settings[2] |= termios.HUPCL
    termios.tcsetattr(pty.slave, termios.TCSANOW, settings)
    with opened(pty.path, dtr=dtr, rts=rts) as descriptor:
        assert driver.asked == asked
        assert bool(termios.tcgetattr(descriptor)[2] & termios.HUPCL) is not bool(asked)


def is_exclusive(descriptor: int) -> bool:
    (answer,) = struct.unpack("i", fcntl.ioctl(descriptor, TIOCGEXCL, bytes(4)))
    return bool(answer)


def test_a_device_is_closed_to_everybody_else_and_a_pty_only_locked(tmp_path: Path) -> None:
    master, slave = os.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    with opened(path, root=tmp_path) as descriptor:
        assert not is_exclusive(descriptor)
    (tmp_path / "sys/class/tty" / Path(path).name).mkdir(parents=True)  # it has a driver
    with opened(path, root=tmp_path) as descriptor:
        assert is_exclusive(descriptor)
        with pytest.raises(TransportError, match=r"is in use by this bench itself"):
            open_tty(path, baud=115200, root=tmp_path)
    os.close(master)


def test_a_port_that_could_not_be_set_up_is_not_left_locked(pty: Pty) -> None:
    with pytest.raises(TransportError, match="cannot run at -1 baud"):
        open_tty(pty.path, baud=-1)
    with opened(pty.path):
        pass


def test_a_rate_that_the_driver_makes_another_of_is_an_error(pty: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an adapter whose clock cannot be divided down to it: the kernel tells what it got."""
    real = fcntl.ioctl

    def coarse(descriptor: int, request: int, argument: Any = 0) -> Any:  # noqa: ANN401 - as fcntl.ioctl
        answer = real(descriptor, request, argument)
        return answer[:40] + struct.pack("=I", 1_000_000) if request == 0x802C542A else answer

    monkeypatch.setattr(fcntl, "ioctl", coarse)
    with pytest.raises(TransportError, match="cannot run at 921600 baud: its driver makes 1000000 of it"):
        open_tty(pty.path, baud=921_600)
    with opened(pty.path, baud=1_010_000):
        pass


def test_a_name_that_is_no_tty_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TransportError, match="is no serial port"):
        open_tty(str(tmp_path / "file"), baud=115200)
