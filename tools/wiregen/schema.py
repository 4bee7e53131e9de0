"""wire.toml as frozen values, checked, and the fingerprint of its meaning."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

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
    schema = Schema(
        version=raw["version"],
        limits=tuple(Value(name, entry["value"], entry["doc"]) for name, entry in raw["limits"].items()),
        space_packet=tuple(Value(name, entry["value"], entry["doc"]) for name, entry in raw["space_packet"].items()),
        frames=tuple(Frame(f["name"], f["type"], f["from"], f["doc"]) for f in raw["frame"]),
        enums=tuple(Enum(e["name"], e["doc"], tuple(Value(**v) for v in e["values"])) for e in raw["enum"]),
        structs=tuple(_struct(entry) for entry in raw["struct"]),
        packets=tuple(_struct(entry) for entry in raw["packet"]),
        fingerprint=_fingerprint(raw),
    )
    _check(schema)
    return schema


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
    known = set(SCALAR_BYTES) | {"str", "bytes", "rest", "[u8]", "[i16]"} | {f"[{s.name}]" for s in schema.structs}
    for struct in (*schema.structs, *schema.packets):
        for field in struct.fields:
            if field.type not in known and field.fixed is None:
                message = f"{struct.name}.{field.name}: unknown type {field.type!r}"
                raise SchemaError(message)
            if field.type == "rest" and field is not struct.fields[-1]:
                message = f"{struct.name}.{field.name}: 'rest' must be the last field"
                raise SchemaError(message)
    keys = [(p.kind, p.service, p.subtype) for p in schema.packets]
    if len(set(keys)) != len(keys):
        message = "two packets share kind, service and subtype"
        raise SchemaError(message)
    if {p.kind for p in schema.packets} - {"TC", "TM"}:
        message = "a packet is neither TC nor TM"
        raise SchemaError(message)
    types = [f.type for f in schema.frames]
    if len(set(types)) != len(types):
        message = "two frames share a type"
        raise SchemaError(message)
