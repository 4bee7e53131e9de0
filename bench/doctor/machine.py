"""The machine that the doctor looks at, so that a test can show it another one."""

import os
import pwd
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LINKS: Final = 8
"""Symbolic links on the way to a device; a link under /dev/serial/by-id is one."""
_SERIAL_GROUPS: Final = ("dialout", "uucp")
"""Debian's and Fedora's; Arch's."""


def _may_open(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK)


@dataclass(frozen=True)
class Group:
    """A line of /etc/group."""

    name: str
    number: int
    members: frozenset[str]


@dataclass(frozen=True)
class Machine:
    """Files under `root`, and who asks. `groups` are those of this session, which may be fewer than the user's."""

    root: Path
    user: str
    primary_group: int
    groups: frozenset[int]
    may_open: Callable[[Path], bool] = _may_open

    def groups_of_all(self) -> Iterator[Group]:
        """What /etc/group lists."""
        for line in _read(self.root / "etc/group").splitlines():
            name, _, rest = line.partition(":")
            _, _, rest = rest.partition(":")
            number, _, members = rest.partition(":")
            if number.isdecimal():
                yield Group(name, int(number), frozenset(filter(None, members.split(","))))

    def group(self, number: int) -> Group:
        """The group of that number; its number in words where nothing names it."""
        named = (group for group in self.groups_of_all() if group.number == number)
        return next(named, Group(str(number), number, frozenset()))

    def serial_group(self) -> str:
        """The one that distributions give serial ports to."""
        known = {group.name for group in self.groups_of_all()}
        return next((name for name in _SERIAL_GROUPS if name in known), _SERIAL_GROUPS[0])

    def processes(self, program: str) -> Iterator[int]:
        """Numbers of the processes that run a program of that name."""
        for entry in sorted((self.root / "proc").glob("[0-9]*")):
            if _read(entry / "comm").strip() == program:
                yield int(entry.name)

    def tty_name(self, path: Path) -> str:
        """'ttyUSB0' of a device or of a link to it, by which sysfs knows it."""
        for _ in range(_LINKS):
            if path.parent == self.root / "dev" or not path.is_symlink():
                break
            path = Path(os.path.normpath(path.parent / path.readlink()))
        return path.name

    def links_to(self, name: str) -> list[Path]:
        """Names of a tty that stay when it is plugged in anew."""
        links = sorted((self.root / "dev/serial/by-id").glob("*"))
        return [link for link in links if self.tty_name(link) == name]

    def attribute(self, path: str) -> str:
        """The content of a file of sysfs; empty where there is none."""
        return _read(self.root / path).strip()


def this_machine() -> Machine:
    """The one that the bench runs on, and who runs it."""
    groups = frozenset({os.getegid(), *os.getgroups()})
    try:
        entry = pwd.getpwuid(os.getuid())
    except KeyError:  # a container may know no name for its user
        return Machine(Path("/"), str(os.getuid()), os.getgid(), groups)
    return Machine(Path("/"), entry.pw_name, entry.pw_gid, groups)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
