"""The fields of a message, short enough for a line."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import IntEnum
from functools import cache
from typing import Any, Final

import firmware_if.messages as wire
from bench.frames.decode import HelloRequest

_ITEMS: Final = 4
"""Elements of a list that are shown."""
_DATA_BYTES: Final = 8
_ENUMS: Final[dict[tuple[str, str], type[IntEnum]]] = {
    ("Hello", "clock_kind"): wire.ClockKind,
    ("ConfigureStream", "mode"): wire.Mode,
    ("CatalogueEntry", "entry"): wire.CatalogueKind,
    ("CatalogueEntry", "mode"): wire.Mode,
    ("OperationSum", "operation"): wire.Operation,
    ("ArrayInfo", "type"): wire.ArrayType,
    ("ArrayInfo", "shape"): wire.ArrayShape,
    ("ArrayPlace", "type"): wire.ArrayType,
    ("NotAccepted", "code"): wire.FailureCode,
    ("NotCompleted", "code"): wire.FailureCode,
    ("InformativeEvent", "event"): wire.EventId,
    ("LowSeverityEvent", "event"): wire.EventId,
    ("MediumSeverityEvent", "event"): wire.EventId,
}
_HEX: Final = frozenset({"magic", "fingerprint", "nonce", "entropy", "checksum", "packet_id"})
_SEQUENCE_COUNT: Final = 0x3FFF
_UNMEASURED: Final = 0xFFFFFFFF
_SAMPLE_HEAD: Final = struct.Struct(">Ih")
"""Of a row in Samples: time_ms and label; the values follow."""
_F32_BYTES: Final = 4


def fields_text(message: wire.Message | wire.Hello | HelloRequest, *, channels: int | None) -> str:
    """`name value` for each field; row ranges in place of record bytes. `channels`: of the stream, if known."""
    special = _SPECIAL.get(type(message))
    if special is not None:
        return ", ".join(special(message, channels))
    return ", ".join(_plain(message))


@cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - a dataclass
    return tuple(item.name for item in fields(kind))


def _plain(message: object) -> Iterator[str]:
    kind: Any = type(message)
    for name in _names(kind):
        yield f"{name} {_value(kind.__name__, name, getattr(message, name))}"


def _value(kind: str, name: str, value: object) -> str:
    if isinstance(value, bool | str):
        return repr(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return _whole(kind, name, value)
    if isinstance(value, bytes):
        return data_text(value, _DATA_BYTES)
    if isinstance(value, tuple):
        shown = ", ".join(_value(kind, name, item) for item in value[:_ITEMS])
        return f"[{shown}{', ...' if len(value) > _ITEMS else ''}]{f' of {len(value)}' if len(value) > _ITEMS else ''}"
    return f"({', '.join(_plain(value))})"


def _whole(kind: str, name: str, value: int) -> str:
    known = _ENUMS.get((kind, name))
    if known is not None:
        return next((entry.name for entry in known if entry == value), str(value))
    if name in _HEX:
        return f"0x{value:X}"
    return str(value)


def data_text(data: bytes, limit: int) -> str:
    """The first bytes in hexadecimal, and how many there are."""
    shown = data[:limit].hex(" ")
    return f"{len(data)} bytes{': ' if shown else ''}{shown}{' ...' if len(data) > limit else ''}"


def _rows(first: int, count: int) -> str:
    return f"rows {first}-{first + count - 1}" if count > 0 else f"no rows at {first}"


def _records(first: int, records: bytes, head: int, channels: int | None) -> Iterator[str]:
    """Rows and the values of the first, where the size of a record is known."""
    size = head + _F32_BYTES * channels if channels is not None else 0
    if not size or len(records) % size or not records:
        yield f"from row {first}"
        yield f"records {data_text(records, _DATA_BYTES)}"
        return
    yield _rows(first, len(records) // size)
    label = ""
    if head:
        time_ms, number = _SAMPLE_HEAD.unpack_from(records)
        label = f"{time_ms} ms, label {number}, "
    count = min(channels or 0, _ITEMS)
    values = ", ".join(f"{value:.6g}" for value in struct.unpack_from(f">{count}f", records, head))
    more = ", ..." if (channels or 0) > count else ""
    yield f"first ({label}values [{values}{more}])"


def _samples(message: wire.Samples, channels: int | None) -> Iterator[str]:
    return _records(message.first_row, message.records, _SAMPLE_HEAD.size, channels)


def _predict(message: wire.Predict, channels: int | None) -> Iterator[str]:
    return _records(message.first_row, message.records, 0, channels)


def _sample_report(message: wire.SampleReport, channels: int | None) -> Iterator[str]:
    del channels
    yield _rows(message.first_row, message.count)
    size = len(message.records) // message.count if message.count else 0
    if not size or len(message.records) % message.count:
        yield f"records {data_text(message.records, _DATA_BYTES)}"
    else:
        statuses = Counter(message.records[::size])
        yield ", ".join(f"{count} {_status(status)}" for status, count in sorted(statuses.items()))
    yield f"models {message.models}"
    yield f"link {message.link}"


def _status(status: int) -> str:
    return next((known.name for known in wire.RowStatus if known == status), f"of status {status}")


def _predictions(message: wire.Predictions, channels: int | None) -> Iterator[str]:
    del channels
    yield _rows(message.first_row, message.count)
    yield f"models {message.models}"
    count = min(message.models, _ITEMS, len(message.records) // 8)
    scores = ", ".join(f"{score:.6g}" for score in struct.unpack_from(f">{count}d", message.records))
    yield f"first scores [{scores}{', ...' if message.models > count else ''}]"


def _about_telecommand(message: Any, channels: int | None) -> Iterator[str]:  # noqa: ANN401 - four alike messages
    del channels
    yield f"of telecommand #{message.sequence & _SEQUENCE_COUNT}"
    code = getattr(message, "code", None)
    if code is not None:
        yield _whole(type(message).__name__, "code", code)
        text = next((text for known, text in wire.FAILURE_TEXTS.items() if known == code), "")
        yield f"number {message.number}{f' ({text})' if text else ''}"


def _memory(message: wire.LoadMemory | wire.MemoryDump, channels: int | None) -> Iterator[str]:
    del channels
    yield f"model {message.memory}"
    yield f"offsets {message.address} to {message.address + len(message.data)}"
    yield data_text(message.data, _DATA_BYTES)


def _housekeeping(message: wire.Housekeeping, channels: int | None) -> Iterator[str]:
    """What is not 0."""
    del channels
    for name in _names(wire.Housekeeping)[1:]:
        value = getattr(message, name)
        if value:
            yield f"{name} {'unmeasured' if value == _UNMEASURED else value}"


_SPECIAL: Final[dict[type, Callable[[Any, int | None], Iterator[str]]]] = {
    wire.Samples: _samples,
    wire.Predict: _predict,
    wire.SampleReport: _sample_report,
    wire.Predictions: _predictions,
    wire.Accepted: _about_telecommand,
    wire.NotAccepted: _about_telecommand,
    wire.Completed: _about_telecommand,
    wire.NotCompleted: _about_telecommand,
    wire.LoadMemory: _memory,
    wire.MemoryDump: _memory,
    wire.Housekeeping: _housekeeping,
}
