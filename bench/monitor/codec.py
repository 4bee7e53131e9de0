"""Dataclasses as JSON holds them, and back, each value checked: the file may come from anywhere."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from bench.trace import decode_number, encode_number


def encode(value: object) -> object:
    """As `json.dumps` takes it; numbers that are not finite are texts, keys are texts."""
    if isinstance(value, float):
        return encode_number(value)
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if is_dataclass(value):
        return {item.name: encode(getattr(value, item.name)) for item in fields(value)}
    return value


def decode(kind: Any, raw: object) -> Any:  # noqa: ANN401 - any of the kinds below
    """Back from `encode` to a value of the type `kind`; raises ValueError for what cannot be one."""
    if get_origin(kind) in (types.UnionType, Union):
        present = [part for part in get_args(kind) if part is not type(None)]
        return None if raw is None else decode(present[0], raw)
    if get_origin(kind) is list and isinstance(raw, list):
        (item,) = get_args(kind)
        return [decode(item, element) for element in raw]
    if get_origin(kind) is dict and isinstance(raw, dict):
        key_kind, item = get_args(kind)
        return {(int(key) if key_kind is int else key): decode(item, element) for key, element in raw.items()}
    if is_dataclass(kind) and isinstance(raw, dict):
        hints = _hints(kind)  # type: ignore[arg-type]  # a class
        if set(raw) != set(hints):
            raise ValueError(f"{kind} has other fields")
        return kind(**{name: decode(hint, raw[name]) for name, hint in hints.items()})  # type: ignore[operator] # a class
    return _plain(kind, raw)


def _plain(kind: object, raw: object) -> object:
    if kind is float:
        return float(decode_number(raw))
    if kind in (int, str, bool) and type(raw) is kind:
        return raw
    raise ValueError(f"{raw!r} is no {kind}")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
