"""The registers of a core, from the target description that a stub gives (GDB manual, appendix G)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from bench.gdb.packets import GdbError

MOST_REGISTERS: Final = 1024
MOST_BITS: Final = 2048
_MOST_DOCUMENTS: Final = 32
_NAME: Final = re.compile(r"[\w.-]{1,32}")


@dataclass(frozen=True)
class Register:
    """One register: `number` is what `p` and `P` call it."""

    name: str
    number: int
    bits: int
    feature: str
    """Such as org.gnu.gdb.arm.m-profile."""


def read_registers(fetch: Callable[[str], bytes]) -> dict[str, Register]:
    """Every register by its name; `fetch` gives a document of the description. Raises GdbError for a broken one."""
    registers: dict[str, Register] = {}
    waiting, seen = ["target.xml"], 0
    number = 0
    while waiting:
        seen += 1
        if seen > _MOST_DOCUMENTS:
            raise GdbError(f"the target description has more than {_MOST_DOCUMENTS} documents")
        root = _parse(fetch(waiting.pop(0)))
        for element in root.iter():
            tag = element.tag.rpartition("}")[2]
            if tag == "include":
                waiting.append(element.get("href", ""))
            elif tag == "feature":
                for found in element.iter("reg"):
                    register = _register(found, element.get("name", ""), number)
                    registers[register.name] = register
                    number = register.number + 1
        if len(registers) > MOST_REGISTERS:
            raise GdbError(f"the target description has more than {MOST_REGISTERS} registers")
    return registers


def _parse(document: bytes) -> ET.Element:
    if b"<!ENTITY" in document:
        raise GdbError("the target description defines entities, which no stub needs")
    document = document.replace(b"<xi:include", b"<include")  # whose prefix QEMU does not declare
    try:
        return ET.fromstring(document)  # noqa: S314 - entities, which could expand without end, are refused above
    except ET.ParseError as error:
        raise GdbError(f"the target description is no XML: {error}") from error


def _register(element: ET.Element, feature: str, following: int) -> Register:
    name, bits, number = element.get("name", ""), element.get("bitsize", ""), element.get("regnum", str(following))
    if not _NAME.fullmatch(name) or not bits.isascii() or not bits.isdigit() or not number.isdigit():
        raise GdbError(f"the target description has a register {name!r} of {bits!r} bits, number {number!r}")
    if not 0 < int(bits) <= MOST_BITS or int(number) > 0xFFFF:  # noqa: PLR2004 - far beyond any core's
        raise GdbError(f"the target description has a register {name!r} of {bits} bits, number {number}")
    return Register(name, int(number), int(bits), feature)
