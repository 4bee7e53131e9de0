"""Snapshots of a whole machine, kept in a qcow2 file that QEMU itself makes: no qemu-img is needed."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.qmp.client import QmpClient, QmpError

_NODE: Final = "snapshots"
_DISK_BYTES: Final = 1 << 20
"""Of the disk that nobody reads; snapshots stand beside it."""


class SnapshotFile:
    """The file at `path`, as a node of the machine behind `qmp`. The machine must be stopped whenever it is used."""

    def __init__(self, qmp: QmpClient, path: Path, *, monitor: Callable[[str], str]) -> None:
        """`monitor` gives a line to the same machine's human monitor, and what that says."""
        self._qmp = qmp
        self._path = path
        self._monitor = monitor

    def create(self) -> None:
        """Make the file and attach it."""
        create = {"driver": "file", "filename": str(self._path), "size": 0}
        self._qmp.run_job("blockdev-create", options=create)
        self._attach_file()
        self._qmp.run_job("blockdev-create", options={"driver": "qcow2", "file": f"{_NODE}-file", "size": _DISK_BYTES})
        self._qmp.execute("blockdev-add", driver="qcow2", file=f"{_NODE}-file", node_name=_NODE)

    def attach(self) -> None:
        """Attach a file that an earlier machine has made."""
        self._attach_file()
        self._qmp.execute("blockdev-add", driver="qcow2", file=f"{_NODE}-file", node_name=_NODE)

    def _attach_file(self) -> None:
        """Nothing is flushed, as nothing need outlive the host. With io_uring a load takes no turns of threads."""
        node = {"driver": "file", "filename": str(self._path), "node_name": f"{_NODE}-file"}
        cache = {"direct": False, "no-flush": True}
        try:
            self._qmp.execute("blockdev-add", **node, cache=cache, aio="io_uring")
        except QmpError:  # not built in, or forbidden here
            self._qmp.execute("blockdev-add", **node, cache=cache)

    def save(self, name: str) -> None:
        self._order("savevm", name)

    def load(self, name: str) -> None:
        self._order("loadvm", name)

    def _order(self, command: str, name: str) -> None:
        if said := self._monitor(f"{command} {name}"):
            hint = "a drive among the target's arguments must be able to hold snapshots, or be left out"
            raise QmpError(f"QEMU failed at {command} {name}: {said}", hint=hint if "support snapshots" in said else "")
