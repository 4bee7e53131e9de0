"""Where the records of checkpoints lie (SPEC.md), in memory or in flash whose content a debugger reaches."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from bench.gdb import GdbClient
from bench.target import FlashPlace
from bench.upset.image import Image

STORAGE: Final = "kept"
"""A port's variable that stands in for flash memory."""
_HEADER: Final = struct.Struct(">IIIII")
_HEADER_BYTES: Final = 32
_CHECKED_BYTES: Final = 16
_MAGIC: Final = 0x48434B31


def find_records(gdb: GdbClient, image: Image, flash: FlashPlace | None = None) -> tuple[tuple[int, int], ...]:
    """Address and size of each whole record, header included; none where the storage is neither."""
    symbol = image.symbols.get(STORAGE)
    if flash is not None:
        start, size = flash.address, flash.bytes
    elif symbol is not None:
        start, size = symbol.address, symbol.size
    else:
        return ()
    slot_bytes = size // 2
    found = []
    for address in (start, start + slot_bytes):
        header = gdb.read_memory(address, _HEADER.size)
        magic, _, count, _, checksum = _HEADER.unpack(header)
        is_whole = magic == _MAGIC and checksum == zlib.crc32(header[:_CHECKED_BYTES])
        if is_whole and count <= slot_bytes - _HEADER_BYTES:
            found.append((address, _HEADER_BYTES + count))
    return tuple(found)
