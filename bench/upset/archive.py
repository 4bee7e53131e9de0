"""A golden run in one file, as a campaign keeps it beside its rows: with it a fault can be replayed years later.

What is read may come from elsewhere, so nothing in it is executed: of a pickle only plain values are made, and a file
of snapshots that names another file is refused. Its snapshots are given to the emulator all the same (docs/trust.md).
"""

from __future__ import annotations

import io
import lzma
import pickle
import shutil
import struct
import tarfile
from enum import Enum
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from bench.replace import replace_content

RUN: Final = "golden.pickle"
SNAPSHOTS: Final = "ladder.qcow2"
_KEY: Final = "key"
_MOST: Final = {_KEY: 1 << 10, RUN: 1 << 26, SNAPSHOTS: 1 << 31}
"""Bytes of each member; a ladder of 64 rungs has 35 MB, 0.1 MB packed."""
_MOST_PACKED: Final = 1 << 27
_QCOW2: Final = struct.Struct(">4sIQ")
_FEATURES_AT: Final = 72
_PLAIN: Final = frozenset(
    {
        ("bench.gdb.registers", "Register"),
        ("bench.upset.accuracy", "ModelFacts"),
        ("bench.upset.golden", "GoldenRun"),
        ("bench.upset.ladder", "Rung"),
        ("bench.upset.readout", "PlacedModel"),
        ("bench.upset.window", "Window"),
        ("bench.upset.window", "no_number"),
        ("collections", "deque"),
        ("firmware_if.connection", "Connection"),
        ("firmware_if.connection", "LinkTimes"),
        ("firmware_if.connection", "State"),
        ("firmware_if.connection", "_Sent"),
        ("firmware_if.framing", "Deframer"),
        ("firmware_if.messages", "ArrayPlace"),
        ("firmware_if.messages", "ArrayType"),
        ("firmware_if.messages", "Hello"),
        ("firmware_if.messages", "ModelCreated"),
        ("firmware_if.messages", "ModelProtected"),
    }
)
"""What a golden run is made of: values without work at their making."""


class _Plainly(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:  # noqa: ANN401 - as pickle has it
        """An enumeration's member by its value: Python 3.11.0 to 3.11.3 name it by getattr, which is not plain."""
        return (type(value), (value.value,)) if isinstance(value, Enum) else NotImplemented


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - one of several classes
        if (module, name) not in _PLAIN:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a golden run")
        return super().find_class(module, name)


def save_run(run: object, path: Path) -> None:
    """A GoldenRun, of plain values, so that any Python that the bench runs on reads it."""
    with path.open("wb") as file:
        _Plainly(file).dump(run)


def load_run(path: Path) -> Any:  # noqa: ANN401 - a GoldenRun, whose module reads this one
    """Raises BenchError for what is no golden run."""
    try:
        return _Plain(io.BytesIO(path.read_bytes())).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError) as error:
        raise BenchError(f"{path} holds no golden run: {error}", hint="remove it; it is made anew") from error


def pack(key: str, folder: Path, path: Path) -> None:
    """The golden run in `folder` into one file; raises BenchError where that would be too large to be kept."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz", preset=1) as archive:
        for name in _MOST:
            content = key.encode() if name == _KEY else (folder / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    if len(packed.getvalue()) > _MOST_PACKED:
        raise BenchError(
            f"the golden run takes {len(packed.getvalue()):,} bytes; a campaign keeps up to {_MOST_PACKED:,}",
            hint="fewer instants",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_content(path, packed.getvalue())


def unpack(path: Path, folder: Path) -> str:
    """What `pack` wrote, into `folder`; its key. Raises BenchError for anything else."""
    found: set[str] = set()
    try:
        with tarfile.open(path, mode="r:xz") as archive:
            for member in archive:
                if not member.isfile() or member.name in found or member.size > _MOST.get(member.name, -1):
                    raise BenchError(f"{path} holds a {member.name!r} that no golden run has", hint=_HINT)
                source = archive.extractfile(member)
                with (folder / member.name).open("wb") as file:
                    shutil.copyfileobj(source or io.BytesIO(), file)
                found.add(member.name)
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        raise BenchError(f"{path} holds no golden run: {error}", hint=_HINT) from error
    if found != set(_MOST):
        raise BenchError(f"{path} holds no golden run: {', '.join(sorted(set(_MOST) - found))} is missing", hint=_HINT)
    _check_snapshots(path, folder / SNAPSHOTS)
    return (folder / _KEY).read_text(encoding="ascii", errors="replace")


_HINT: Final = "remove it; without it the campaign goes on only where the same golden run is still known"


def _check_snapshots(path: Path, snapshots: Path) -> None:
    """A qcow2 file may name others, which QEMU would open: a backing file, or an external data file (bit 2)."""
    with snapshots.open("rb") as file:
        head = file.read(_FEATURES_AT + 8)
    if len(head) < _FEATURES_AT + 8 or _QCOW2.unpack_from(head)[0] != b"QFI\xfb":
        raise BenchError(f"{path} holds no snapshots of QEMU", hint=_HINT)
    _, version, backing = _QCOW2.unpack_from(head)
    (features,) = struct.unpack_from(">Q", head, _FEATURES_AT)
    if backing or (version > 2 and features & ~1):  # noqa: PLR2004 - version 2 has no such field; bit 0: not closed
        raise BenchError(f"{path} holds snapshots that name another file, or need what is not known", hint=_HINT)
