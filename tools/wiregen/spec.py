"""wire.toml -> the tables of SPEC.md between its markers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tools.wiregen.schema import SchemaError

if TYPE_CHECKING:
    from tools.wiregen.schema import Schema, Struct

_MARKER = re.compile(r"(<!-- generated: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def make_spec(schema: Schema, current: str) -> str:
    """SPEC.md with its generated tables renewed; raises SchemaError for a marker without a table or the reverse."""
    tables = {
        "limits": _limits(schema),
        "frames": _frames(schema),
        "enums": "\n".join(
            _rows(
                f"### {e.name}\n\n{e.doc}", ("value", "name", "meaning"), [(v.value, v.name, v.doc) for v in e.values]
            )
            for e in schema.enums
        ),
        "structs": "\n".join(_struct(struct) for struct in schema.structs),
        "telecommands": "\n".join(_struct(p) for p in schema.packets if p.kind == "TC"),
        "telemetry": "\n".join(_struct(p) for p in schema.packets if p.kind == "TM"),
    }

    def renew(match: re.Match[str]) -> str:
        if match["name"] not in tables:
            raise SchemaError(f"SPEC.md asks for a table {match['name']!r}; there are {', '.join(tables)}")
        return f"{match[1]}{tables[match['name']]}\n{match[3]}"

    absent = tables.keys() - {match["name"] for match in _MARKER.finditer(current)}
    if absent:
        raise SchemaError(f"SPEC.md has no marker for the table {min(absent)!r}")
    return _MARKER.sub(renew, current)


def _limits(schema: Schema) -> str:
    rows: list[tuple[object, ...]] = [(v.name, v.value, v.doc) for v in (*schema.limits, *schema.space_packet)]
    rows.append(("version", schema.version, "of this contract"))
    rows.append(
        ("fingerprint", f"`{schema.fingerprint:016X}`", "first 64 bits of the SHA-256 of the contract's meaning")
    )
    return _rows("", ("name", "value", "meaning"), rows)


def _frames(schema: Schema) -> str:
    return _rows(
        "", ("type", "name", "from", "meaning"), [(f"0x{f.type:02X}", f.name, f.sender, f.doc) for f in schema.frames]
    )


def _struct(struct: Struct) -> str:
    kind = f" · {struct.kind}[{struct.service},{struct.subtype}]" if struct.kind else ""
    head = f"### {struct.name}{kind}\n\n{struct.doc}"
    if not struct.fields:
        return f"{head}\n"
    rows = [(f.name, f"`{f.type}`", f.unit, f.doc) for f in struct.fields]
    return _rows(head, ("field", "type", "unit", "meaning"), rows)


def _rows(head: str, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    lines = [head, ""] if head else []
    lines.append("| " + " | ".join(names) + " |")
    lines.append("|" + "---|" * len(names))
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
