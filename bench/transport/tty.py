"""Opening a tty as a line: raw, 8N1, at any rate, for nobody else, with its modem lines at the wanted levels.

The descriptor is opened here and not by pyserial, which moves DTR and RTS one after the other. Between the two, the
circuit by which esptool resets an ESP32 sees the levels that mean reset.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.errors import ConfigurationError, TransportError
from bench.transport.ports import ROOT, explain, holders, in_use, is_hardware

# asm-generic/ioctls.h and termbits.h of Linux: x86, ARM and RISC-V have these.
_TCGETS2: Final = 0x802C542A
_TCSETS2: Final = 0x402C542B
_BOTHER: Final = 0o010000
_RATES: Final = 0o010017
"""CBAUD; the same bits 16 places higher are the input's."""
_TERMIOS2: Final = struct.Struct("=4IB19s2I")
_LEVELS: Final = struct.Struct("i")
_TOLERANCE: Final = 0.03
"""Of a rate: with 5 % between both ends, the tenth bit of 8N1 is read from its neighbour; the board has its share."""


def open_tty(
    path: str,
    *,
    baud: int,
    dtr: bool | None = None,
    rts: bool | None = None,
    flush: bool = True,
    root: Path = ROOT,
) -> int:
    """A descriptor that does not block, read from which b"" means the end. Raises TransportError.

    The driver raises DTR and RTS when it opens a port; nothing can keep it from that. A line whose level is given is
    set right afterwards, both by one request, and then stays so when the port is closed: otherwise the driver would
    drop it, and each run would begin with an edge. `flush`: what came before is not read.
    """
    descriptor = claim_tty(path, root)
    with _closed_on_error(descriptor, path):
        set_levels(descriptor, path, dtr=dtr, rts=rts)
        set_rate(descriptor, path, baud, keep_levels=(dtr, rts) != (None, None))
        if flush:
            termios.tcflush(descriptor, termios.TCIFLUSH)
    return descriptor


def claim_tty(path: str, root: Path = ROOT) -> int:
    """A descriptor of `path`, for nobody else, with settings and modem lines as the driver leaves them."""
    # A terminal program that takes no lock would get half the bytes. A pty may well be held by who made it.
    hardware = is_hardware(path, root)
    if hardware and holders(path):
        raise in_use(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise explain(path, error) from error
    with _closed_on_error(descriptor, path):
        _claim(descriptor, path, hardware=hardware)
    return descriptor


@contextmanager
def _closed_on_error(descriptor: int, path: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError | termios.error):
            raise explain(path, OSError(*error.args)) from error
        raise


def _claim(descriptor: int, path: str, *, hardware: bool) -> None:
    """Keep others out: by a lock those who look for one, by the kernel all others."""
    if not os.isatty(descriptor):
        raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY), path)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if hardware:
        # On a pty it would outlive a bench that was killed, for as long as the other end has it open.
        fcntl.ioctl(descriptor, termios.TIOCEXCL)


def set_levels(descriptor: int, path: str, *, dtr: bool | None, rts: bool | None) -> None:
    wanted = [(dtr, termios.TIOCM_DTR), (rts, termios.TIOCM_RTS)]
    try:
        for level, request in ((True, termios.TIOCMBIS), (False, termios.TIOCMBIC)):
            if lines := sum(line for want, line in wanted if want is level):
                fcntl.ioctl(descriptor, request, _LEVELS.pack(lines))
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTTY}:
            raise
        raise no_modem_lines(path) from error


def no_modem_lines(url: str) -> ConfigurationError:
    return ConfigurationError(f"{url} has no DTR and RTS to set", hint="leave dtr and rts out of its station section")


def set_rate(descriptor: int, path: str, baud: int, *, keep_levels: bool = False) -> None:
    """Raw, 8N1, no flow control, `baud` each way."""
    if not 0 < baud < 1 << 32:
        raise _bad_rate(path, baud)
    _, _, control, _, line, characters, _, _ = _TERMIOS2.unpack(read_settings(descriptor))
    control &= ~(_RATES | _RATES << 16 | termios.CSIZE | termios.CSTOPB | termios.PARENB | termios.CRTSCTS)
    control |= _BOTHER | termios.CS8 | termios.CREAD | termios.CLOCAL
    if keep_levels:
        control &= ~termios.HUPCL
    least = bytearray(characters)
    least[termios.VMIN], least[termios.VTIME] = 1, 0  # a read of nothing must not look like the end of the port
    try:
        fcntl.ioctl(descriptor, _TCSETS2, _TERMIOS2.pack(0, 0, control, 0, line, bytes(least), baud, baud))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise _bad_rate(path, baud) from error
    *_, achieved = _TERMIOS2.unpack(read_settings(descriptor))
    if abs(achieved - baud) > _TOLERANCE * baud:
        raise _bad_rate(path, baud, f": its driver makes {achieved} of it")


def read_settings(descriptor: int) -> bytes:
    """All of them, as `write_settings` takes them."""
    return fcntl.ioctl(descriptor, _TCGETS2, bytes(_TERMIOS2.size))


def write_settings(descriptor: int, settings: bytes) -> None:
    """Put back what was read."""
    fcntl.ioctl(descriptor, _TCSETS2, settings)


def _bad_rate(path: str, baud: int, why: str = "") -> TransportError:
    return TransportError(f"{path} cannot run at {baud} baud{why}", hint="choose another --baud")
