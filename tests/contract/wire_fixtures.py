"""The golden frames of fixtures/wire: bytes written by hand, and what they mean."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from firmware_if import messages
from firmware_if.framing import Header

FOLDER = Path(__file__).parents[2] / "fixtures" / "wire"
CRC_BYTES = 4
HEADER_BYTES = 12


@dataclass(frozen=True)
class Golden:
    """One frame; `packet` has the arguments of the packet's header, `message` is None where the body is plain."""

    name: str
    header: Header
    body: bytes
    wire: bytes
    packet: dict[str, Any]
    message: Any


def load_golden() -> list[Golden]:
    """All of them, by name."""
    return [_load(path) for path in sorted(FOLDER.glob("*.toml"))]


def _load(path: Path) -> Golden:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    content = _bytes(raw["content"])
    named = raw.get("message", {})
    message = next((_message(name, values) for name, values in named.items()), None)
    body = content[HEADER_BYTES:-CRC_BYTES]
    return Golden(path.stem, Header(**raw["header"]), body, _bytes(raw["wire"]), raw.get("packet", {}), message)


def _bytes(text: str) -> bytes:
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


def _message(name: str, values: dict[str, Any]) -> Any:  # noqa: ANN401 - any class of messages.py
    kind = getattr(messages, name)
    return kind(**{field.name: _value(values[field.name], str(field.type)) for field in fields(kind)})


def _value(value: Any, annotation: str) -> Any:  # noqa: ANN401 - whatever the field holds
    if annotation == "bytes":
        return bytes.fromhex(value)
    if isinstance(value, list):
        item = annotation.removeprefix("tuple[").split(",")[0]
        return tuple(_message(item, entry) if isinstance(entry, dict) else entry for entry in value)
    return value
