"""A run folder as one file to send, and back. docs/frames.md says what is in it, docs/trust.md what is checked.

A ZIP: each member has a checksum, every system opens it, and there are no owners in it. The same run folder gives the
same bytes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

from bench.errors import RunFolderError
from bench.run_folder import TRACE, TWINS

MAX_FILES: Final = 4096
MAX_BYTES: Final = 2 << 30
"""Unpacked. The largest run that the bench makes is a recording and 256 MiB of link."""
_MAX_DIRECTORY_BYTES: Final = 1 << 20
_MAX_DEPTH: Final = 4
_MAX_PART_BYTES: Final = 255
_FORMAT: Final = 1
_CARD: Final = "pack.json"
_TEXTS: Final = (".json", ".jsonl", ".toml")
_MADE_AGAIN: Final = frozenset({"report.html", "report.json", "junit.xml", "summary.md"})
"""Reports, which name the folders of whoever made the run, and which `bench report PACK --out DIR` writes again."""
_BLOCK_BYTES: Final = 1 << 20
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can give a file; all have it, so that no clock is in the bytes."""
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_LOCATOR: Final = b"PK\x06\x07"
_LOCATOR_BYTES: Final = 20
_NOT_A_NAME: Final = re.compile(r"[\x00-\x1f\x7f\\:]")
_PATH: Final = re.compile(r"""(?<![\w.:/~-])/(?!(?:dev|usr|bin|sys|proc)/)(?:[^/\s"'\\,;:()\[\]<>|]+/)+""")
"""An absolute path, up to its last part; what belongs to a system and not to a person stays."""
_PERSON: Final = re.compile(r"""/(?:home|Users)/[^/\s"'\\,;:()\[\]<>|]+""")
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError, RuntimeError)
"""What `zipfile` raises, beside OSError, for what is no ZIP, or one that it cannot read (such as encrypted)."""
_HINT: Final = "was it sent or changed by something else? Ask for it again"


def pack_run(folder: Path, file: Path | None = None, *, with_twins: bool = True) -> Path:
    """Write the run in `folder` into `file`, by default NAME.zip here; the file. Raises RunFolderError."""
    name = folder.resolve().name
    file = file or Path(f"{name}.zip")
    if not (folder / TRACE).is_file():
        raise RunFolderError(f"{folder} is no run folder: it has no {TRACE}", hint="give the folder of a run")
    if file.exists():
        raise RunFolderError(f"{file} is there already", hint="give --out another name, or remove it")
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        paths = _paths(folder, with_twins=with_twins)
        with zipfile.ZipFile(partial, "x", zipfile.ZIP_DEFLATED) as archive:
            shortened = [path.as_posix() for path in paths if _add(archive, folder / path, f"{name}/{path.as_posix()}")]
            card = {"format": _FORMAT, "twins": with_twins, "paths_shortened_in": shortened}
            with archive.open(_info(f"{name}/{_CARD}"), "w") as target:
                target.write(json.dumps(card, indent=1).encode() + b"\n")
        partial.replace(file)
    except OSError as error:
        raise RunFolderError(f"cannot write {file}: {error.strerror}", hint="choose another --out") from error
    finally:
        partial.unlink(missing_ok=True)
    return file


def is_pack(path: Path) -> bool:
    """Whether `path` is a file that begins as a pack does."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


@contextmanager
def unpacked(file: Path, folder: Path | None = None) -> Iterator[Path]:
    """The run folder in a pack, unpacked into the empty `folder`, or into one that is removed afterwards.

    Raises RunFolderError for a file that is damaged, or holds anything but a bounded number of plain files.
    """
    with tempfile.TemporaryDirectory(prefix="hil-") as scratch:
        place = folder or Path(scratch)
        try:
            _unpack(file, place)
        except _DAMAGE as error:
            raise RunFolderError(f"{file} is damaged: {error}", hint=_HINT) from error
        except OSError as error:
            what = f"{error.strerror} ({error.filename})" if error.filename else error.strerror
            raise RunFolderError(f"cannot unpack {file}: {what}", hint="is the disk full?") from error
        if not (place / TRACE).is_file():
            raise RunFolderError(f"{file} holds no run: there is no {TRACE} in it", hint="see: bench pack")
        yield place


# -------------------------------------------------------------------------------------------------------------- packing
def _paths(folder: Path, *, with_twins: bool) -> Sequence[Path]:
    """What goes in, relative to `folder`."""
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_symlink():
            raise RunFolderError(f"{path} is a link; a pack holds files", hint="put what it points to in its place")
        if not path.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        if relative.as_posix() in _MADE_AGAIN or (relative.parts[0] == TWINS and not with_twins):
            continue
        found.append(relative)
    return sorted(found, key=Path.as_posix)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> bool:
    """Whether paths were shortened in it."""
    is_large = path.stat().st_size > MAX_BYTES // 2
    shortened = False
    with path.open("rb") as source, archive.open(_info(name), "w", force_zip64=is_large) as target:
        if path.suffix not in _TEXTS:
            shutil.copyfileobj(source, target, _BLOCK_BYTES)
            return False
        for line in source:
            short = shorten_paths(line.decode(errors="surrogateescape")).encode(errors="surrogateescape")
            shortened |= short != line
            target.write(short)
    return shortened


def shorten_paths(text: str) -> str:
    """`text` with absolute paths reduced to their last part, so that nobody's folders are sent along."""
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(f"{home}/", "/home/~/")  # it may hold blanks, at which a path in a text would end
    return _PATH.sub(".../", _PERSON.sub("/home/~", text)) if "/" in text else text


# ------------------------------------------------------------------------------------------------------------ unpacking
def _unpack(file: Path, folder: Path) -> None:
    _check_directory(file)
    with zipfile.ZipFile(file) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if len(members) > MAX_FILES:
            raise RunFolderError(f"{file} has {len(members):,} files; a run has at most {MAX_FILES:,}", hint=_HINT)
        total = sum(info.file_size for info in members)
        if total > MAX_BYTES:
            raise RunFolderError(f"{file} unpacks to {total:,} bytes; a run has at most {MAX_BYTES:,}", hint=_HINT)
        parts = [_checked_parts(info, file) for info in members]
        if doubled := next((names for names, count in Counter(parts).items() if count > 1), ()):
            raise RunFolderError(f"{file} has {'/'.join(doubled)!r} twice; nothing was unpacked", hint=_HINT)
        top = {names[0] for names in parts}
        is_wrapped = len(top) == 1 and all(len(names) > 1 for names in parts)
        for info, names in zip(members, parts, strict=True):
            target = folder.joinpath(*names[is_wrapped:])
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, target.open("xb") as output:
                _copy(source, output, info.file_size)


def _check_directory(file: Path) -> None:
    """Refuse what would take much memory merely to list: `zipfile` reads the whole directory at once."""
    with file.open("rb") as source:
        size = source.seek(0, os.SEEK_END)
        source.seek(max(0, size - _END_BYTES - _LOCATOR_BYTES))
        end = source.read()
    record = end[-_END_BYTES:]
    if not record.startswith(_END) or record[20:] != b"\0\0" or end[:-_END_BYTES].startswith(_LOCATOR):
        raise RunFolderError(f"{file} is no pack of a run, or was cut short", hint=_HINT)
    directory = int.from_bytes(record[12:16], "little")
    if directory > _MAX_DIRECTORY_BYTES:
        raise RunFolderError(f"{file} has a directory of {directory:,} bytes, too long for a run", hint=_HINT)


def _checked_parts(info: zipfile.ZipInfo, file: Path) -> tuple[str, ...]:
    """The parts of a member's name, none of which leads out of the folder that it is unpacked into."""
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    parts = PurePosixPath(info.filename).parts
    refused = ""
    if kind not in (0, stat.S_IFREG):
        refused = "is no plain file"
    elif info.filename.startswith("/") or ".." in parts or not parts or len(parts) > _MAX_DEPTH:
        refused = "lies outside a run folder"
    elif _NOT_A_NAME.search(info.filename) or any(len(part.encode()) > _MAX_PART_BYTES for part in parts):
        refused = "has a name that is none"
    if refused:
        raise RunFolderError(f"{file}: its member {info.filename!r} {refused}; nothing was unpacked", hint=_HINT)
    return parts


def _copy(source: IO[bytes], output: IO[bytes], size: int) -> None:
    """Exactly `size` bytes, as listed: no member is larger than what was added up."""
    left = size
    while block := source.read(min(_BLOCK_BYTES, left + 1)):
        left -= len(block)
        if left < 0:
            raise zipfile.BadZipFile("a member is larger than listed")
        output.write(block)
    if left:
        raise zipfile.BadZipFile("a member is shorter than listed")
