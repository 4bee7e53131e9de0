"""wire.toml as frozen values, checked, and the fingerprint of its meaning."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCALAR_BYTES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i16": 2, "f32": 4, "f64": 8}
_FIXED = re.compile(r"(octets|text)(\d+)")


class SchemaError(Exception):
    """wire.toml contradicts itself."""


@dataclass(frozen=True)
class Field:
    """One field; `type` is one of the types that the head of wire.toml lists."""

    name: str
    type: str
    unit: str
    doc: str

    @property
    def item(self) -> str | None:
        """Element type of a list, else None."""
        return self.type[1:-1] if self.type.startswith("[") else None

    @property
    def fixed(self) -> tuple[str, int] | None:
        """("octets" or "text", bytes) of a field of fixed length, else None."""
        match = _FIXED.fullmatch(self.type)
        return (match[1], int(match[2])) if match else None


@dataclass(frozen=True)
class Struct:
    """A named row of fields; a packet is one with a PUS service and subtype."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    kind: str = ""
    service: int = 0
    subtype: int = 0


@dataclass(frozen=True)
class Value:
    """One value of an enum."""

    name: str
    value: int
    doc: str


@dataclass(frozen=True)
class Enum:
    """A set of named numbers."""

    name: str
    doc: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Frame:
    """One frame type of the link."""

    name: str
    type: int
    sender: str
    doc: str


@dataclass(frozen=True)
class Schema:
    """All of wire.toml."""

    version: int
    limits: tuple[Value, ...]
    space_packet: tuple[Value, ...]
    frames: tuple[Frame, ...]
    enums: tuple[Enum, ...]
    structs: tuple[Struct, ...]
    packets: tuple[Struct, ...]
    fingerprint: int


def load_schema(path: Path) -> Schema:
    """Read and check wire.toml; raises SchemaError naming what is wrong."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        schema = _schema(raw)
    except KeyError as error:
        raise SchemaError(f"an entry lacks {error}") from error
    _check(schema)
    return schema


def _schema(raw: dict[str, Any]) -> Schema:
    return Schema(
        version=raw["version"],
        limits=tuple(Value(name, entry["value"], entry["doc"]) for name, entry in raw["limits"].items()),
        space_packet=tuple(Value(name, entry["value"], entry["doc"]) for name, entry in raw["space_packet"].items()),
        frames=tuple(Frame(f["name"], f["type"], f["from"], f["doc"]) for f in raw["frame"]),
        enums=tuple(Enum(e["name"], e["doc"], tuple(Value(**v) for v in e["values"])) for e in raw["enum"]),
        structs=tuple(_struct(entry) for entry in raw["struct"]),
        packets=tuple(_struct(entry) for entry in raw["packet"]),
        fingerprint=_fingerprint(raw),
    )


def _struct(entry: dict[str, Any]) -> Struct:
    return Struct(
        name=entry["name"],
        doc=entry["doc"],
        fields=tuple(Field(*field) for field in entry["fields"]),
        kind=entry.get("kind", ""),
        service=entry.get("service", 0),
        subtype=entry.get("subtype", 0),
    )


def _meaning(value: object) -> object:
    """`value` without what only people read."""
    if isinstance(value, dict):
        return {key: _meaning(item) for key, item in value.items() if key not in {"doc", "title", "hint"}}
    if isinstance(value, list):
        is_field = len(value) == len(("name", "type", "unit", "doc")) and all(isinstance(item, str) for item in value)
        return value[:3] if is_field else [_meaning(item) for item in value]
    return value


def _fingerprint(raw: dict[str, Any]) -> int:
    """First 64 bits of the SHA-256 of the contract's meaning in canonical JSON."""
    text = json.dumps(_meaning(raw), sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _check(schema: Schema) -> None:
    structs = {s.name: s for s in schema.structs}
    _check_unique("struct or packet", [s.name for s in (*schema.structs, *schema.packets)])
    _check_unique("packet [service, subtype]", [(p.service, p.subtype) for p in schema.packets])
    _check_unique("frame type", [f.type for f in schema.frames])
    for enum in schema.enums:
        _check_unique(f"value of {enum.name}", [v.value for v in enum.values])
        _check_unique(f"name in {enum.name}", [v.name for v in enum.values])
    for frame in schema.frames:
        if frame.sender not in {"bench", "payload", "both"}:
            raise SchemaError(f"frame {frame.name}: from {frame.sender!r} is none of bench, payload, both")
    for packet in schema.packets:
        if packet.kind not in {"TC", "TM"}:
            raise SchemaError(f"packet {packet.name}: kind {packet.kind!r} is neither TC nor TM")
    for struct in (*schema.structs, *schema.packets):
        _check_unique(f"field of {struct.name}", [f.name for f in struct.fields])
        for field in struct.fields:
            _check_field(struct, field, structs=structs)


def _check_field(struct: Struct, field: Field, *, structs: dict[str, Struct]) -> None:
    place = f"{struct.name}.{field.name}"
    known = {*SCALAR_BYTES, "str", "bytes", "rest", "[u8]", "[i16]"}
    if field.type not in known and field.fixed is None and field.item not in structs:
        raise SchemaError(f"{place}: unknown type {field.type!r}")
    if field.type == "rest" and field is not struct.fields[-1]:
        raise SchemaError(f"{place}: 'rest' must be the last field")
    item = structs.get(field.item or "")
    if item and any(f.type == "rest" or f.item in structs for f in item.fields):
        raise SchemaError(f"{place}: a struct in a list holds neither 'rest' nor lists of structs")


def _check_unique(what: str, values: Sequence[object]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise SchemaError(f"two have the same {what}: {value!r}")
