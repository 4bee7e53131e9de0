"""One bench per board: a lock that its owner's death releases, and that says who the owner is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from filelock import FileLock, Timeout

from bench.errors import TransportError

LOCKS_VARIABLE: Final = "HIL_LOCKS"
_USUAL_FOLDER: Final = "/tmp/hil-locks"  # noqa: S108 - one place for all users and every TMPDIR: that is what a lock needs
_EVERYBODY: Final = 0o1777
_POLL_S: Final = 0.05
"""Between two tries for a lock that is held: the kernel's file locks have no wait with a deadline."""


class BoardBusy(TransportError):  # noqa: N818 - it reads as what it is
    """Somebody else uses the board."""


@dataclass(frozen=True)
class Owner:
    """Who holds a lock. `started` is the process's start in ticks since boot, which tells a reused pid."""

    pid: int
    host: str
    started: int
    since: str
    """UTC, ISO 8601."""
    command: str

    def __str__(self) -> str:
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"{self.command} (pid {self.pid}{where}, since {self.since})"


class BoardLock:
    """The right to use the board at `place`, a device or URL. Released by `release`, or by the death of its owner.

    The kernel keeps the lock, so it never outlives its owner; the file beside it only says who that is or was.
    """

    def __init__(self, place: str, *, folder: Path | None = None) -> None:
        """`folder` is shared by all who may use the board; default: HIL_LOCKS, else one for the whole machine."""
        self._place = place
        self._folder = folder or Path(os.environ.get(LOCKS_VARIABLE) or _USUAL_FOLDER)
        self._path = self._folder / f"{lock_name(place)}.lock"
        self._lock: FileLock | None = None
        self.taken_over: Owner | None = None
        """The owner before, if it died without releasing the lock."""

    def acquire(self, wait_s: float = 0.0) -> None:
        """Take it, waiting for at most `wait_s`; raises BoardBusy naming the owner, TransportError for no lock file."""
        try:
            self._make_folder()
            lock = FileLock(self._path, mode=0o666, poll_interval=_POLL_S)
            lock.acquire(timeout=max(wait_s, 0.0))
        except Timeout:
            raise self._busy(wait_s) from None
        except OSError as error:
            raise TransportError(
                f"cannot lock {self._place}: {error.strerror} ({self._path})",
                hint=f"name a folder that all users of the board can write to: {LOCKS_VARIABLE}=/some/folder",
            ) from error
        self._lock = lock
        self.taken_over = self.owner
        with contextlib.suppress(OSError):  # it only tells others who we are
            self._card.write_text(json.dumps(asdict(_ourselves())), encoding="utf-8")
            self._card.chmod(0o666)

    def release(self) -> None:
        """Give it back; may be repeated."""
        lock, self._lock = self._lock, None
        if lock is not None:
            with contextlib.suppress(OSError):
                self._card.unlink()
            lock.release()

    @property
    def owner(self) -> Owner | None:
        """Who holds the lock, or died while holding it; None where nobody says so."""
        try:
            return Owner(**json.loads(self._card.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def _card(self) -> Path:
        return self._path.with_suffix(".owner")

    def _make_folder(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(OSError):  # somebody else made it meanwhile
                self._folder.chmod(_EVERYBODY)

    def _busy(self, waited_s: float) -> BoardBusy:
        owner = self.owner
        waited = f" after waiting for {waited_s:g} s" if waited_s else ""
        who = f"in use by {owner}" if owner else "in use by another bench"
        ours = owner is not None and owner.pid == os.getpid() and owner.host == socket.gethostname()
        hint = "close it before opening it again" if ours else "wait for it to end, or end it"
        return BoardBusy(f"{self._place} is {who}{waited}", hint=hint)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def lock_name(place: str) -> str:
    """A file name for a board: the same for all names of one device, such as links under /dev/serial/by-id."""
    real = place if "://" in place or place.startswith("usb:") else os.path.realpath(place)
    readable = re.sub(r"[^A-Za-z0-9]+", "-", real).strip("-")[-40:]
    return f"{readable}-{hashlib.sha256(real.encode()).hexdigest()[:8]}"


def _ourselves() -> Owner:
    with contextlib.suppress(OSError, IndexError, ValueError):
        words = Path("/proc/self/cmdline").read_bytes().split(b"\0")
        command = " ".join(Path(word.decode(errors="replace")).name for word in words[:3] if word)
        started = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
        return Owner(os.getpid(), socket.gethostname(), started, _now(), command)
    return Owner(os.getpid(), socket.gethostname(), 0, _now(), "bench")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
