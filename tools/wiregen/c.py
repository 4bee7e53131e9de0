"""wire.toml -> firmware_if/c/wire.h and wire.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.wiregen.python import snake

if TYPE_CHECKING:
    from tools.wiregen.schema import Enum, Field, Schema, Struct

_NOTICE = "/* GENERATED from wire.toml by tools/gen_wire.py: do not edit. */"
_C_TYPES = {
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "u64": "uint64_t",
    "i16": "int16_t",
    "f32": "float",
    "f64": "double",
    "str": "hil_text",
    "bytes": "hil_octets",
    "rest": "hil_octets",
    "[u8]": "hil_octets",
    "[i16]": "hil_octets",
}
_LIST = " /* items to write; NULL after reading, reader stands before the first */"


def make_header(schema: Schema) -> str:
    """Text of wire.h."""
    parts = [_NOTICE, "#ifndef HIL_WIRE_H", "#define HIL_WIRE_H", "", '#include "octets.h"', ""]
    parts += [f"#define HIL_VERSION {schema.version}u", f"#define HIL_FINGERPRINT 0x{schema.fingerprint:016X}u"]
    parts += [f"#define HIL_MAX_{v.name.upper()} {v.value}u /* {v.doc} */" for v in schema.limits]
    parts += [f"#define HIL_{v.name.upper()} {v.value}u /* {v.doc} */" for v in schema.space_packet]
    parts += ["", _frames(schema)]
    parts += [_enum(enum) for enum in schema.enums]
    parts += [_declaration(struct) for struct in schema.structs]
    parts += [_declaration(packet) for packet in schema.packets]
    parts += ["#endif"]
    return "\n".join(parts) + "\n"


def make_source(schema: Schema) -> str:
    """Text of wire.c."""
    parts = [_NOTICE, '#include "wire.h"', ""]
    for struct in (*schema.structs, *schema.packets):
        parts += [_writer(struct), _reader(struct)]
    return "\n".join(parts).rstrip() + "\n"


def _frames(schema: Schema) -> str:
    lines = ["/* Frames of the link. */", "typedef enum {"]
    lines += [f"    HIL_FRAME_{snake(f.name).upper()} = 0x{f.type:02X}, /* {f.doc} */" for f in schema.frames]
    return "\n".join([*lines, "} hil_frame_type;", ""])


def _enum(enum: Enum) -> str:
    prefix = f"HIL_{snake(enum.name).upper()}"
    lines = [f"/* {enum.doc} */", "typedef enum {"]
    lines += [f"    {prefix}_{v.name} = {v.value}, /* {v.doc} */" for v in enum.values]
    return "\n".join([*lines, f"}} hil_{snake(enum.name)}_value;", ""])


def _member(field: Field) -> str:
    comment = ", ".join(part for part in (field.unit and f"[{field.unit}]", field.doc) if part)
    tail = f" /* {comment} */" if comment else ""
    if field.fixed:
        ctype = "uint8_t" if field.fixed[0] == "octets" else "char"
        return f"    {ctype} {field.name}[{field.fixed[1]}];{tail}"
    if field.type in _C_TYPES:
        return f"    {_C_TYPES[field.type]} {field.name};{tail}"
    item = f"hil_{snake(field.item or '')}"
    return f"    struct {{ const {item} *items; hil_reader reader; uint8_t count; }} {field.name};{tail or _LIST}"


def _declaration(struct: Struct) -> str:
    name = f"hil_{snake(struct.name)}"
    lines = [f"/* {struct.doc} */"]
    if struct.kind:
        stem = snake(struct.name).upper()
        lines += [f"#define HIL_{stem}_SERVICE {struct.service}u", f"#define HIL_{stem}_SUBTYPE {struct.subtype}u"]
    if not struct.fields:
        return "\n".join([*lines, ""])
    lines += ["typedef struct {", *(_member(field) for field in struct.fields), f"}} {name};"]
    lines += [f"void hil_write_{snake(struct.name)}(hil_writer *to, const {name} *from);"]
    lines += [f"void hil_read_{snake(struct.name)}(hil_reader *from, {name} *to);", ""]
    return "\n".join(lines)


def _writer(struct: Struct) -> str:
    if not struct.fields:
        return ""
    name = snake(struct.name)
    lines = [f"void hil_write_{name}(hil_writer *to, const hil_{name} *from) {{"]
    for field in struct.fields:
        lines += [f"    {line}" for line in _write(field)]
    return "\n".join([*lines, "}", ""])


def _write(field: Field) -> list[str]:
    source = f"from->{field.name}"
    if field.fixed:
        cast = "" if field.fixed[0] == "octets" else "(const uint8_t *)"
        return [f"hil_put_octets(to, {cast}{source}, sizeof {source});"]
    if field.type == "rest":
        return [f"hil_put_octets(to, {source}.bytes, {source}.count);"]
    if field.item == "u8":
        return [f"hil_put_counted(to, {source}, 1);"]
    if field.item == "i16":
        return [f"hil_put_counted(to, {source}, 2);"]
    if field.item:
        item = snake(field.item)
        return [
            f"hil_put_u8(to, {source}.count);",
            f"hil_reader {field.name} = {source}.reader; /* where the items are when they were read */",
            f"for (uint8_t i = 0; i < {source}.count; i++) {{",
            f"    hil_{item} item;",
            f"    if ({source}.items != NULL) {{",
            f"        item = {source}.items[i];",
            "    } else {",
            f"        hil_read_{item}(&{field.name}, &item);",
            "    }",
            f"    hil_write_{item}(to, &item);",
            "}",
        ]
    return [f"hil_put_{_method(field.type)}(to, {source});"]


def _reader(struct: Struct) -> str:
    if not struct.fields:
        return ""
    name = snake(struct.name)
    lines = [f"void hil_read_{name}(hil_reader *from, hil_{name} *to) {{"]
    for field in struct.fields:
        lines += [f"    {line}" for line in _read(field)]
    return "\n".join([*lines, "}", ""])


def _read(field: Field) -> list[str]:
    target = f"to->{field.name}"
    if field.fixed:
        cast = "" if field.fixed[0] == "octets" else "(uint8_t *)"
        return [f"hil_get_octets(from, {cast}{target}, sizeof {target});"]
    if field.type == "rest":
        return [f"{target} = hil_get_rest(from);"]
    if field.item == "u8":
        return [f"{target} = hil_get_counted(from, 1);"]
    if field.item == "i16":
        return [f"{target} = hil_get_counted(from, 2);"]
    if field.item:
        return [
            f"{target}.items = NULL;",
            f"{target}.count = hil_get_u8(from);",
            f"{target}.reader = *from;",
            f"for (uint8_t i = 0; i < {target}.count && !from->failed; i++) {{",
            f"    hil_{snake(field.item)} skipped;",
            f"    hil_read_{snake(field.item)}(from, &skipped);",
            "}",
        ]
    return [f"{target} = hil_get_{_method(field.type)}(from);"]


def _method(kind: str) -> str:
    return {"str": "text", "bytes": "byte_string"}.get(kind, kind)
