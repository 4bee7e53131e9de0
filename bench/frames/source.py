"""Where a link comes from: a run folder, a `link.bin`, or a capture of the line by anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from bench.errors import RunFolderError
from bench.transport.chunk import Chunk
from bench.transport.link_file import LINK, MAGIC, read_link

_READ_BYTES: Final = 1 << 16
_FORMAT_BYTES: Final = len(MAGIC) - 1


@dataclass(frozen=True)
class Source:
    """An open link."""

    chunks: Iterator[Chunk]
    is_capture: bool
    """Bytes alone: no times, ways not known, and it may begin in the middle of a frame."""


@contextmanager
def open_link(path: Path) -> Iterator[Source]:
    """The link of a run folder or file; raises RunFolderError where there is none, or of a later format."""
    file_path = path / LINK if path.is_dir() else path
    try:
        file = file_path.open("rb")
    except FileNotFoundError as error:
        hint = "an older bench recorded no links" if path.is_dir() else "give a run folder, a link.bin or a capture"
        raise RunFolderError(f"there is no {file_path}", hint=hint) from error
    except OSError as error:
        raise RunFolderError(f"cannot read {file_path}: {error.strerror}", hint="check its permissions") from error
    with file:
        first = file.read(len(MAGIC))
        if first == MAGIC:
            yield Source(_mapped(read_link(file), file_path), is_capture=False)
        elif first[:_FORMAT_BYTES] == MAGIC[:_FORMAT_BYTES] and len(first) == len(MAGIC):
            raise RunFolderError(
                f"{file_path} has format {first[-1]}; this version reads {MAGIC[-1]}", hint="update the bench"
            )
        else:
            yield Source(_mapped(_read_capture(first, file), file_path), is_capture=True)


def _read_capture(first: bytes, file: BinaryIO) -> Iterator[Chunk]:
    block = first
    while block:
        yield Chunk(None, None, block)
        block = file.read(_READ_BYTES)


def _mapped(chunks: Iterator[Chunk], path: Path) -> Iterator[Chunk]:
    """`chunks`, with what goes wrong while they are read as the bench's own error."""
    try:
        yield from chunks
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}", hint="is the disk sound?") from error
