"""Checkpoints in a storage that is memory: where the records lie (SPEC.md, "Checkpoints")."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from bench.gdb import GdbClient
from bench.upset.image import Image

STORAGE: Final = "kept"
"""A port's variable that stands in for flash memory."""
_HEADER: Final = struct.Struct(">IIIII")
_HEADER_BYTES: Final = 32
_CHECKED_BYTES: Final = 16
_MAGIC: Final = 0x48434B31


def find_records(gdb: GdbClient, image: Image) -> tuple[tuple[int, int], ...]:
    """Address and size of each whole record, header included; none where the storage is no memory."""
    storage = image.symbols.get(STORAGE)
    if storage is None:
        return ()
    slot_bytes = storage.size // 2
    found = []
    for address in (storage.address, storage.address + slot_bytes):
        header = gdb.read_memory(address, _HEADER.size)
        magic, _, count, _, checksum = _HEADER.unpack(header)
        is_whole = magic == _MAGIC and checksum == zlib.crc32(header[:_CHECKED_BYTES])
        if is_whole and count <= slot_bytes - _HEADER_BYTES:
            found.append((address, _HEADER_BYTES + count))
    return tuple(found)
