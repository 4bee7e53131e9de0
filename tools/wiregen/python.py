"""wire.toml -> firmware_if/messages.py."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.wiregen.schema import Enum, Field, Schema, Struct

_PYTHON_TYPES = {
    **dict.fromkeys(("u8", "u16", "u32", "u64", "i16"), "int"),
    **dict.fromkeys(("f32", "f64"), "float"),
    "str": "str",
    "bytes": "bytes",
    "rest": "bytes",
    "[u8]": "tuple[int, ...]",
    "[i16]": "tuple[int, ...]",
}

_HEAD = '''"""Messages of the contract. GENERATED from wire.toml by tools/gen_wire.py: do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from firmware_if.octets import Reader, Writer
'''


def snake(name: str) -> str:
    """RequestStatistics -> request_statistics."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def python_type(field: Field) -> str:
    """Annotation of a field."""
    if field.fixed:
        return "bytes" if field.fixed[0] == "octets" else "str"
    return _PYTHON_TYPES.get(field.type) or f"tuple[{field.item}, ...]"


def make_messages(schema: Schema) -> str:
    """Text of messages.py."""
    parts = [_HEAD, f"VERSION = {schema.version}", f"FINGERPRINT = 0x{schema.fingerprint:016X}"]
    parts += [_constant("MAX", v.name, v.value, v.doc) for v in schema.limits]
    parts += [_constant("", v.name, v.value, v.doc) for v in schema.space_packet]
    parts.append("\n")
    parts.append(_enum_text("FrameType", "Frames of the link.", [(f.name, f.type, f.doc) for f in schema.frames]))
    parts += [_enum(enum) for enum in schema.enums]
    parts += [_struct(struct) for struct in schema.structs]
    parts += [_struct(packet) for packet in schema.packets]
    names = [p.name for p in schema.packets]
    parts.append(_union(names))
    parts.append(_tables(schema))
    return "\n".join(parts).rstrip() + "\n"


def _union(names: list[str]) -> str:
    return "Message = (\n    " + "\n    | ".join(names) + "\n)"


def _constant(prefix: str, name: str, value: int, doc: str) -> str:
    full = f"{prefix}_{name}".strip("_").upper()
    return f'{full} = {value}\n"""{doc[0].upper() + doc[1:]}."""'


def _enum(enum: Enum) -> str:
    return _enum_text(enum.name, enum.doc, [(v.name, v.value, v.doc) for v in enum.values])


def _enum_text(name: str, doc: str, values: list[tuple[str, int, str]]) -> str:
    lines = [f"class {name}(IntEnum):", f'    """{doc}"""', ""]
    for value_name, value, value_doc in values:
        lines.append(f"    {snake(value_name).upper()} = {value}")
        lines.append(f'    """{value_doc[0].upper() + value_doc[1:].rstrip(".")}."""')
    return "\n".join(lines) + "\n\n"


def _struct(struct: Struct) -> str:
    lines = ["@dataclass(frozen=True)", f"class {struct.name}:", f'    """{struct.doc}"""', ""]
    if struct.kind:
        lines += [
            f'    KIND: ClassVar[str] = "{struct.kind}"',
            f"    SERVICE: ClassVar[int] = {struct.service}",
            f"    SUBTYPE: ClassVar[int] = {struct.subtype}",
            "",
        ]
    for field in struct.fields:
        lines.append(f"    {field.name}: {python_type(field)}")
        text = ", ".join(part for part in (field.unit and f"[{field.unit}]", field.doc) if part)
        if text:
            lines.append(f'    """{text[0].upper() + text[1:].rstrip(".")}."""')
    lines += ["", "    def write(self, writer: Writer) -> None:", f'        """Append the fields; {_RAISES}"""']
    lines += [f"        {_write(field)}" for field in struct.fields]
    lines += ["", "    @classmethod", "    def read(cls, reader: Reader) -> Self:"]
    lines += ['        """Take the fields; raises WireError when they do not fit."""']
    if struct.fields:
        lines += ["        return cls("]
        lines += [f"            {field.name}={_read(field)}," for field in struct.fields]
        lines += ["        )"]
    else:
        lines += ["        return cls()"]
    return "\n".join(lines) + "\n\n"


_RAISES = "raises WireError for a value that does not fit."


def _write(field: Field) -> str:
    if field.fixed:
        return f"writer.{field.fixed[0]}(self.{field.name}, {field.fixed[1]})"
    if field.item in {"u8", "i16"}:
        return f"writer.{field.item}_list(self.{field.name})"
    if field.item:
        return f"writer.struct_list(self.{field.name})"
    return f"writer.{_method(field.type)}(self.{field.name})"


def _read(field: Field) -> str:
    if field.fixed:
        return f"reader.{field.fixed[0]}({field.fixed[1]})"
    if field.item in {"u8", "i16"}:
        return f"reader.{field.item}_list()"
    if field.item:
        return f"reader.struct_list({field.item}.read)"
    return f"reader.{_method(field.type)}()"


def _method(kind: str) -> str:
    return {"str": "string", "bytes": "byte_string"}.get(kind, kind)


def _tables(schema: Schema) -> str:
    lines = ['"""Any packet of the contract."""', ""]
    for kind, name in (("TC", "TELECOMMANDS"), ("TM", "TELEMETRY")):
        lines.append(f"{name}: dict[tuple[int, int], type[Message]] = {{")
        lines += [f"    ({p.service}, {p.subtype}): {p.name}," for p in schema.packets if p.kind == kind]
        lines += ["}", f'"""{kind} packets by (service, subtype)."""']
    lines.append("FAILURE_TEXTS = {")
    failures = next(e for e in schema.enums if e.name == "FailureCode")
    lines += [f'    FailureCode.{v.name}: "{v.doc}",' for v in failures.values]
    lines += ["}", '"""What each failure code means."""']
    return "\n".join(lines)
