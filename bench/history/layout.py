"""What a run's figures are called, and their values as bytes. Light: a list or a trend needs nothing else."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Value = float | None
_ABSENT: Final = ord("n")
_WHOLE: Final = ord("i")
_FLOAT: Final = ord("f")
_EXACT: Final = 1 << 53
"""Whole numbers up to here are doubles without loss."""


@dataclass(frozen=True)
class Layout:
    """What the figures of a run are called; runs of a scenario on a target mostly share one."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    clocks: tuple[str | None, ...]
    repeatable: tuple[bool, ...]
    required: tuple[bool, ...]
    limits: tuple[str | None, ...]
    reasons: tuple[str, ...]
    """Of the limits."""
    requirements: tuple[tuple[str, ...], ...]

    def places(self) -> list[tuple[bool, int]]:
        """For each figure whether it repeats, and which it is of those that do, or do not."""
        counts = {True: 0, False: 0}
        found = []
        for repeats in self.repeatable:
            found.append((repeats, counts[repeats]))
            counts[repeats] += 1
        return found


def read_layout(content: bytes) -> Layout:
    """Back from its document."""
    raw = json.loads(content)
    layout = Layout(**{name: tuple(raw[name]) for name in Layout.__dataclass_fields__})
    if len({len(getattr(layout, name)) for name in Layout.__dataclass_fields__}) > 1:
        raise ValueError("a layout's lists differ in length")
    return layout


def pack_values(values: Sequence[Value]) -> bytes:
    """One byte for the kind of each, then the doubles."""
    kinds = bytes(map(_kind, values))
    return kinds + struct.pack(f"<{len(values)}d", *(0.0 if value is None else value for value in values))


def unpack_values(content: bytes) -> list[Value]:
    """Back from `pack_values`; raises ValueError for anything else."""
    count, rest = divmod(len(content), 9)
    if rest:
        raise ValueError(f"{len(content)} bytes are no values")
    return [
        _value(kind, number)
        for kind, number in zip(content, struct.unpack_from(f"<{count}d", content, count), strict=False)
    ]


def value_at(content: bytes, place: int) -> Value:
    """One of the packed values, without unpacking the others."""
    count = len(content) // 9
    if not 0 <= place < count:
        raise IndexError(f"no value {place} of {count}")
    [number] = struct.unpack_from("<d", content, count + 8 * place)
    return _value(content[place], number)


def _kind(value: Value) -> int:
    if value is None:
        return _ABSENT
    return _WHOLE if isinstance(value, int) and abs(value) <= _EXACT else _FLOAT


def _value(kind: int, number: float) -> Value:
    if kind == _ABSENT:
        return None
    return int(number) if kind == _WHOLE else number
