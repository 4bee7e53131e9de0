"""`link.bin`: every byte of a link with its time and way, appended as it moves. docs/frames.md has the format.

A file that was cut, by a kill or a full disk, is read up to its last whole record. A damaged one is read on from the
next place that looks like records.
"""

from __future__ import annotations

import contextlib
import struct
from binascii import crc_hqx
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final

from bench.errors import RunFolderError
from bench.transport.chunk import TAIL_BYTES, Chunk, LinkTail, Way

LINK: Final = "link.bin"
MAGIC: Final = b"HILLINK\x01"
"""Its last byte is the version of the format."""
CAP_BYTES: Final = 256 << 20
"""Of a recording: three hours of a line at 115200 baud that is never idle either way."""
MAX_DATA_BYTES: Final = 1 << 20
"""Of one record: four times what any transport reads at once."""
_HEAD: Final = struct.Struct(">BQI")
_CRC: Final = struct.Struct(">H")
_HEAD_BYTES: Final = _HEAD.size + _CRC.size
_TAIL_ROOM_BYTES: Final = 4 * TAIL_BYTES
"""Kept free for the tail and its records' heads."""
_READ_BYTES: Final = 1 << 20
_US: Final = 1_000_000
_CRC_START: Final = 0xFFFF
_FULL: Final = "the recording of the link is full; the run goes on, and the last of the link is kept for its end"


class LinkWriter:
    """Appends chunks to an open file until it holds `cap_bytes`; from then on keeps the newest, for `close`."""

    def __init__(
        self,
        file: BinaryIO,
        *,
        started: float,
        cap_bytes: int = CAP_BYTES,
        on_full: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """`started` is when the run began, on the clock of the chunks; `on_full` is told once that the file is full."""
        self._file = file
        self._started = started
        self._room = cap_bytes - len(MAGIC) - _TAIL_ROOM_BYTES
        self._on_full = on_full
        self._tail: LinkTail | None = None
        self._left_out = 0
        self._failure: OSError | None = None
        file.write(MAGIC)  # into its buffer: a full disk is told by the first chunk

    def write(self, chunks: Sequence[Chunk]) -> None:
        """Have them in the file. Raises RunFolderError when it cannot take them, as on a full disk; then always."""
        if self._tail is not None:
            self._leave_out(chunks)
            return
        records: list[bytes] = []
        taken = 0
        for chunk in chunks:
            size = len(chunk.data) + _HEAD_BYTES * (1 + len(chunk.data) // MAX_DATA_BYTES)
            if size > self._room:
                break
            self._room -= size
            taken += 1
            self._add_records(records, chunk)
        self._write(b"".join(records))
        if taken < len(chunks):
            self._tail = LinkTail()
            self._leave_out(chunks[taken:])
            self._on_full(_FULL)

    def close(self) -> None:
        """Write what was kept of a link that is longer than the file, and close it; may be repeated."""
        tail, self._tail = self._tail, None
        if tail is not None and self._failure is None:
            records: list[bytes] = []
            chunks = tail.chunks()
            lost = self._left_out - sum(len(chunk.data) for chunk in chunks)
            note = f"the recording was full: {lost:,} bytes that moved meanwhile are not in it"
            for chunk in [Chunk(chunks[0].t, Way.NOTE, note.encode()), *chunks]:
                self._add_records(records, chunk)
            self._write(b"".join(records))
        self._file.close()

    def _leave_out(self, chunks: Sequence[Chunk]) -> None:
        assert self._tail is not None  # noqa: S101 - the file is full
        self._left_out += sum(len(chunk.data) for chunk in chunks)
        self._tail.extend(chunks)

    def _add_records(self, records: list[bytes], chunk: Chunk) -> None:
        t, way, data = chunk
        time_us = max(0, round(((t or 0.0) - self._started) * _US))
        for start in range(0, len(data), MAX_DATA_BYTES):
            part = data[start : start + MAX_DATA_BYTES]  # all of it, and no copy, but for the longest
            head = _HEAD.pack(way or Way.NOTE, time_us, len(part))
            records += (head, _CRC.pack(crc_hqx(head, _CRC_START)), part)

    def _write(self, data: bytes) -> None:
        if self._failure is None:
            try:
                self._file.write(data)
                self._file.flush()
            except OSError as error:
                self._failure = error
                with contextlib.suppress(OSError):
                    self._file.close()  # whoever closes it next would write what is left, and fail again
        if self._failure is not None:
            raise RunFolderError(
                f"cannot record the link: {self._failure.strerror}", hint="is the disk full?"
            ) from self._failure


def read_link(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks of a file behind its MAGIC, times in seconds since the run began. Never fails on what is in it."""
    held, position, before_us = b"", 0, 0
    while True:
        block = file.read(_READ_BYTES)
        held, position = held[position:] + block, 0
        while len(held) - position >= _HEAD_BYTES:
            record = _record_at(held, position)
            if record is not None and record[2] <= len(held):
                way, before_us, end = record
                yield Chunk(before_us / _US, way, held[position + _HEAD_BYTES : end])
                position = end
            elif record is not None and block:
                break  # the rest of it is still to be read
            else:
                found = _next_record(held, position)
                at_end = not block and len(held) - found < _HEAD_BYTES
                found = len(held) if at_end else found
                yield _damage(found - position, before_us, at_end=at_end)
                position = found
        if not block:
            if 0 < len(held) - position < _HEAD_BYTES:
                yield _damage(len(held) - position, before_us, at_end=True)
            return


def _damage(count: int, before_us: int, *, at_end: bool) -> Chunk:
    text = f"the last record was cut ({count:,} bytes)" if at_end else f"{count:,} bytes of the file are damaged"
    return Chunk(before_us / _US, Way.NOTE, text.encode())


def _record_at(held: bytes, position: int) -> tuple[Way, int, int] | None:
    """Way, time and end of the record whose head is at `position`; None where that is none."""
    way, time_us, length = _HEAD.unpack_from(held, position)
    if way not in _WAYS or not 0 < length <= MAX_DATA_BYTES:
        return None
    if crc_hqx(held[position : position + _HEAD_BYTES], _CRC_START) != 0:  # over data and its own CRC it is 0
        return None
    return _WAYS[way], time_us, position + _HEAD_BYTES + length


def _next_record(held: bytes, position: int) -> int:
    """Where the head of a record stands behind damage, else where too little is left for one."""
    for start in range(position + 1, len(held) - _HEAD_BYTES + 1):
        if _record_at(held, start) is not None:
            return start
    return max(position + 1, len(held) - _HEAD_BYTES + 1)


_WAYS: Final = {int(way): way for way in Way}
