"""Big-endian fields to bytes and back; every length is checked before use."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Protocol, TypeVar

from firmware_if.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")

_U8 = struct.Struct(">B")
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_I16 = struct.Struct(">h")
_F32 = struct.Struct(">f")
_F64 = struct.Struct(">d")


class Writable(Protocol):
    """A message or struct that can append itself."""

    def write(self, writer: Writer) -> None:
        """Append all fields."""


class Writer:
    """Collects fields; each method raises WireError for a value that its type cannot hold."""

    def __init__(self) -> None:
        self._parts = bytearray()

    def getvalue(self) -> bytes:
        """All bytes written so far."""
        return bytes(self._parts)

    def _pack(self, layout: struct.Struct, value: float) -> None:
        try:
            self._parts += layout.pack(value)
        except (struct.error, OverflowError) as error:
            message = f"{value!r} does not fit into a field of format {layout.format!r}"
            raise WireError(message) from error

    def u8(self, value: int) -> None:
        """Unsigned 8-bit integer."""
        self._pack(_U8, value)

    def u16(self, value: int) -> None:
        """Unsigned 16-bit integer."""
        self._pack(_U16, value)

    def u32(self, value: int) -> None:
        """Unsigned 32-bit integer."""
        self._pack(_U32, value)

    def u64(self, value: int) -> None:
        """Unsigned 64-bit integer."""
        self._pack(_U64, value)

    def i16(self, value: int) -> None:
        """Signed 16-bit integer."""
        self._pack(_I16, value)

    def f32(self, value: float) -> None:
        """IEEE single."""
        self._pack(_F32, value)

    def f64(self, value: float) -> None:
        """IEEE double."""
        self._pack(_F64, value)

    def string(self, value: str) -> None:
        """Length u8, then UTF-8."""
        data = self._encode(value)
        self._count(len(data))
        self._parts += data

    def byte_string(self, value: bytes) -> None:
        """Length u16, then the bytes."""
        self.u16(len(value))
        self._parts += value

    def rest(self, value: bytes) -> None:
        """Bytes to the end of the packet."""
        self._parts += value

    def octets(self, value: bytes, length: int) -> None:
        """Exactly `length` bytes."""
        if len(value) != length:
            message = f"{len(value)} bytes given for a field of {length}"
            raise WireError(message)
        self._parts += value

    def text(self, value: str, length: int) -> None:
        """UTF-8, zero-padded to `length` bytes."""
        data = self._encode(value)
        if len(data) > length:
            message = f"{value!r} is longer than {length} bytes"
            raise WireError(message)
        self._parts += data.ljust(length, b"\0")

    def u8_list(self, values: Sequence[int]) -> None:
        """Count u8, then unsigned 8-bit integers."""
        self._count(len(values))
        for value in values:
            self.u8(value)

    def i16_list(self, values: Sequence[int]) -> None:
        """Count u8, then signed 16-bit integers."""
        self._count(len(values))
        for value in values:
            self.i16(value)

    def struct_list(self, values: Sequence[Writable]) -> None:
        """Count u8, then structs."""
        self._count(len(values))
        for value in values:
            value.write(self)

    @staticmethod
    def _encode(value: str) -> bytes:
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise WireError(f"{value!r} cannot be written as UTF-8") from error

    def _count(self, count: int) -> None:
        if count > 0xFF:  # noqa: PLR2004 - largest value of the u8 that carries the count
            message = f"a list or text of {count} elements does not fit (at most 255)"
            raise WireError(message)
        self.u8(count)


class Reader:
    """Takes fields off `data`; each method raises WireError when what is left is too short."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def remaining(self) -> int:
        """Bytes not taken yet."""
        return len(self._data) - self._position

    def take(self, count: int) -> bytes:
        """Take `count` bytes."""
        if count > self.remaining:
            message = f"{count} bytes needed, {self.remaining} left at offset {self._position}"
            raise WireError(message)
        self._position += count
        return self._data[self._position - count : self._position]

    def finish(self) -> None:
        """Raise WireError unless everything was taken."""
        if self.remaining:
            message = f"{self.remaining} bytes left over at offset {self._position}"
            raise WireError(message)

    def u8(self) -> int:
        """Unsigned 8-bit integer."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Unsigned 16-bit integer."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """Unsigned 32-bit integer."""
        return int.from_bytes(self.take(4), "big")

    def u64(self) -> int:
        """Unsigned 64-bit integer."""
        return int.from_bytes(self.take(8), "big")

    def i16(self) -> int:
        """Signed 16-bit integer."""
        return int.from_bytes(self.take(2), "big", signed=True)

    def f32(self) -> float:
        """IEEE single."""
        return float(_F32.unpack(self.take(4))[0])

    def f64(self) -> float:
        """IEEE double."""
        return float(_F64.unpack(self.take(8))[0])

    def string(self) -> str:
        """Length u8, then UTF-8."""
        return self._decode(self.take(self.u8()))

    def byte_string(self) -> bytes:
        """Length u16, then the bytes."""
        return self.take(self.u16())

    def rest(self) -> bytes:
        """Bytes to the end of the packet."""
        return self.take(self.remaining)

    def octets(self, length: int) -> bytes:
        """Exactly `length` bytes."""
        return self.take(length)

    def text(self, length: int) -> str:
        """UTF-8, zero-padded to `length` bytes."""
        return self._decode(self.take(length).rstrip(b"\0"))

    def u8_list(self) -> tuple[int, ...]:
        """Count u8, then unsigned 8-bit integers."""
        return tuple(self.take(self.u8()))

    def i16_list(self) -> tuple[int, ...]:
        """Count u8, then signed 16-bit integers."""
        return tuple(self.i16() for _ in range(self.u8()))

    def struct_list(self, read: Callable[[Reader], _T]) -> tuple[_T, ...]:
        """Count u8, then structs."""
        return tuple(read(self) for _ in range(self.u8()))

    @staticmethod
    def _decode(data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            message = f"text field is not UTF-8: {data!r}"
            raise WireError(message) from error
