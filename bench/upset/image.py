"""What an injector must know of the payload's ELF: addresses, and where the core goes to sleep."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bench.errors import BuildError
from bench.upset.members import read_members

SERVICE: Final = "service"
"""The reference payload's variable with everything that it knows."""

_ALLOC: Final = 0x2
_WRITE: Final = 0x1
_THUMB_SLEEPS: Final = (b"\x30\xbf", b"\x20\xbf")
"""WFI and WFE (ARMv7-M, DDI 0403, A7.7.261 and A7.7.260), 16 bits wide."""
_ARM_SLEEPS: Final = (b"\x03\xf0\x20\xe3", b"\x02\xf0\x20\xe3")
"""The same of ARMv7-A (DDI 0406, A8.8.425 and A8.8.424)."""


@dataclass(frozen=True)
class Section:
    """A part of the target's memory. `stored`: it has a content in the file."""

    name: str
    address: int
    size: int
    writable: bool
    stored: bool


@dataclass(frozen=True)
class Symbol:
    """A function or object; the address of a function is where its first instruction lies."""

    name: str
    address: int
    size: int
    section: str
    kind: str
    """STT_FUNC or STT_OBJECT."""


@dataclass(frozen=True)
class Image:
    """`thumb`: the core executes nothing but Thumb code. `sleeps`: where instructions lie that put it to sleep."""

    sections: Mapping[str, Section]
    symbols: Mapping[str, Symbol]
    thumb: bool
    sleeps: tuple[int, ...]
    service: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Offset and size of each part of the variable `service`, such as `bank.protection`; empty where none tells."""

    @property
    def sleep_bytes(self) -> int:
        """Length of an instruction that puts the core to sleep."""
        return 2 if self.thumb else 4


def read_image(elf: Path) -> Image:
    """Raises BuildError for a file that is no ELF."""
    try:
        with elf.open("rb") as file:
            return _read(ELFFile(file))
    except OSError as error:
        raise BuildError(f"{elf} cannot be read: {error.strerror}", hint="build it: tools/setup") from error
    except (ELFError, DWARFError) as error:
        raise BuildError(f"{elf} is no ELF file: {error}", hint="remove it and build again") from error


def _read(image: ELFFile) -> Image:
    sections = {}
    sleeps: list[int] = []
    thumb = _is_thumb(image)
    for section in image.iter_sections():
        flags = section["sh_flags"]
        if not flags & _ALLOC or not section["sh_size"]:
            continue
        stored = section["sh_type"] != "SHT_NOBITS"
        found = Section(section.name, section["sh_addr"], section["sh_size"], bool(flags & _WRITE), stored)
        sections[section.name] = found
        if stored and not found.writable:
            sleeps += _sleeps(section.data(), found.address, thumb=thumb)
    members = read_members(image, SERVICE)
    return Image(sections, {symbol.name: symbol for symbol in _symbols(image)}, thumb, tuple(sleeps), members)


def _is_thumb(image: ELFFile) -> bool:
    """By its entry point: the cores of the M profile know nothing else."""
    return bool(image["e_entry"] & 1)


def _sleeps(content: bytes, address: int, *, thumb: bool) -> Iterator[int]:
    """What looks like such an instruction and is none, such as a constant, is never executed."""
    size, patterns = (2, _THUMB_SLEEPS) if thumb else (4, _ARM_SLEEPS)
    for place in range(0, len(content) - size + 1, size):
        if content[place : place + size] in patterns:
            yield address + place


def _symbols(image: ELFFile) -> Iterator[Symbol]:
    table = image.get_section_by_name(".symtab")
    for symbol in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
        kind = symbol["st_info"]["type"]
        if kind in {"STT_FUNC", "STT_OBJECT"} and isinstance(symbol["st_shndx"], int):
            address = symbol["st_value"] & ~1 if kind == "STT_FUNC" else symbol["st_value"]
            section = image.get_section(symbol["st_shndx"]).name
            yield Symbol(symbol.name, address, symbol["st_size"], section, kind)
