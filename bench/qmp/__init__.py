"""QEMU's machine protocol over a socket, and snapshots of a machine by it."""

from bench.qmp.client import QmpClient, QmpError
from bench.qmp.snapshots import SnapshotFile

__all__ = ["QmpClient", "QmpError", "SnapshotFile"]
