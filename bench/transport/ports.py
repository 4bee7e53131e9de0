"""Which serial ports there are, who holds one, and why one cannot be opened."""

from __future__ import annotations

import errno
import grp
import os
from pathlib import Path
from typing import Final

from serial.tools import list_ports

from bench.errors import PortAbsent, TransportError

ROOT: Final = Path("/")
"""Where dev/ and sys/ are."""


def port_names() -> list[str]:
    """Devices of serial ports that this machine has hardware for."""
    return sorted(port.device for port in list_ports.comports())


def holders(path: str, proc: Path = Path("/proc")) -> list[tuple[int, str]]:
    """Processes that have `path` open: (pid, command). Those of other users are seen by root only."""
    real = os.path.realpath(path)
    processes = [entry for entry in proc.iterdir() if entry.name.isdigit()] if proc.is_dir() else []
    return sorted((int(process.name), _command(process)) for process in processes if _has_open(process, real))


def _has_open(process: Path, real: str) -> bool:
    try:
        with os.scandir(process / "fd") as entries:
            return any(os.readlink(entry.path) == real for entry in entries)  # noqa: PTH115 - a Path for each descriptor of the machine is slow
    except OSError:
        return False  # it ended meanwhile, or belongs to another user


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        words = ""
    return words or "a process that has just ended"


def name_holders(path: str) -> str:
    """'by picocom /dev/ttyUSB0 (pid 4711)', or 'by a process of another user'."""
    others = [f"{command} (pid {pid})" for pid, command in holders(path)]
    return "by " + (", ".join(others) if others else "a process of another user")


def in_use(path: str) -> TransportError:
    """The error of a port that somebody else has."""
    pids = [pid for pid, _ in holders(path)]
    if os.getpid() in pids:
        return TransportError(f"{path} is in use by this bench itself", hint="close it before opening it again")
    hint = f"end it: kill {' '.join(map(str, pids))}" if pids else f"see who it is: sudo fuser -v {path}"
    return TransportError(f"{path} is in use {name_holders(path)}", hint=hint)


def is_hardware(path: str, root: Path = ROOT) -> bool:
    """Whether `path` is a tty with a driver, which ptys are not."""
    return (root / "sys/class/tty" / Path(os.path.realpath(path)).name).exists()


def explain(path: str, error: OSError) -> TransportError:
    """The error of opening `path`, with what to do about it."""
    known = ", ".join(port_names()) or "none"
    code = error.errno
    if code in {errno.ENOENT, errno.ENXIO, errno.ENODEV}:
        return PortAbsent(
            f"there is no port {path}", hint=f"ports of this machine: {known}; is the board plugged in and powered?"
        )
    if code in {errno.EACCES, errno.EPERM}:
        group = _group_of(path)
        return TransportError(
            f"no permission to open {path} (its group is {group})",
            hint=f"sudo usermod -aG {group} $USER, then log in again",
        )
    if code in {errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY}:
        return in_use(path)
    # pyserial gives no number where the port opened and could not be configured.
    if code in {None, errno.ENOTTY, errno.EISDIR, errno.EINVAL} or Path(path).is_file():
        return TransportError(f"{path} is no serial port", hint=f"ports of this machine: {known}")
    return TransportError(f"cannot open {path}: {error}", hint=f"ports of this machine: {known}")


def _group_of(path: str) -> str:
    try:
        return grp.getgrgid(os.stat(path).st_gid).gr_name  # noqa: PTH116 - path may be any text
    except (OSError, KeyError):
        return "dialout"
