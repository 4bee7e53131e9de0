"""The payload's storage as a cut has left it, read by another hand than the payload's (SPEC.md, Protection)."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.target import SerialSpec, Target
from bench.upset.image import Image

_HEADER: Final = struct.Struct(">5I")
_MAGIC: Final = 0x48434B31
_BODY_AT: Final = 32
_ROWS: Final = struct.Struct(">16s2I")
"""Build id, rows between two checkpoints, next row."""
_CELLS: Final = {"host": 262_144, "zynq": 1_048_576, "mps2": 65_536}
"""What each port keeps checkpoints in: two slots, half of it each."""


@dataclass(frozen=True)
class Slot:
    """`state` is blank, torn or whole."""

    state: str
    sequence: int = 0
    next_row: int = 0


class StorageFile:
    """Where the payload's storage lies in the file that stands for it."""

    def __init__(self, path: Path, target: Target, image: Image) -> None:
        self.path = path
        self.size = _CELLS[target.port or ""]
        kept = image.symbols.get("kept")  # in the PSRAM, which begins with the data region
        self._start = kept.address - image.sections[".data_region"].address if kept is not None else 0
        spec = None if isinstance(target.transport, SerialSpec) else target.transport.storage
        self._bytes_of_file = spec.bytes if spec is not None else 0

    def make_new(self) -> None:
        """As a part that was never written."""
        with self.path.open("wb") as file:
            file.truncate(self._bytes_of_file)

    def read(self) -> bytes:
        """All of it, as it is now."""
        with self.path.open("rb") as file:
            file.seek(self._start)
            return file.read(self.size)

    def slots(self) -> tuple[Slot, Slot]:
        """Both of them."""
        content, half = self.read(), self.size // 2
        return _slot(content[:half]), _slot(content[half : 2 * half])

    def decay(self, draw: random.Random, flips: int) -> None:
        """Turn over some bits of the records that are there."""
        content, half = bytearray(self.read()), self.size // 2
        places = [
            slot * half + at
            for slot in range(2)
            for at in range(_BODY_AT + min(_HEADER.unpack_from(content, slot * half)[2], half - _BODY_AT))
        ]
        for place in draw.choices(places, k=flips):
            content[place] ^= 1 << draw.randrange(8)
        with self.path.open("r+b") as file:
            file.seek(self._start)
            file.write(content)


def newest(slots: tuple[Slot, Slot]) -> Slot | None:
    """The one that counts."""
    whole = [slot for slot in slots if slot.state == "whole"]
    return max(whole, key=lambda slot: slot.sequence, default=None)


def _slot(content: bytes) -> Slot:
    if not any(content[:_BODY_AT]):
        return Slot("blank")
    if content[: 2 * _BODY_AT] == b"\xff" * 2 * _BODY_AT:
        return Slot("blank")
    magic, sequence, count, body_crc, head_crc = _HEADER.unpack_from(content)
    body = content[_BODY_AT : _BODY_AT + count]
    if (
        magic != _MAGIC
        or zlib.crc32(content[:16]) != head_crc
        or count > len(content) - _BODY_AT
        or zlib.crc32(body) != body_crc
    ):
        return Slot("torn")
    return Slot("whole", sequence, _ROWS.unpack_from(body)[2])
