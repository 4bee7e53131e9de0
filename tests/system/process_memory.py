"""The arena of a native payload of ours, seen and changed from outside as an upset would: Linux's /proc/PID/mem."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection


def find(pid: int, pattern: bytes) -> list[int]:
    """Addresses in the arena at which `pattern` stands, lowest first."""
    begin, size = _arena(pid)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(begin)
        content = memory.read(size)
    found = []
    place = content.find(pattern)
    while place >= 0:
        found.append(begin + place)
        place = content.find(pattern, place + 1)
    return found


def flip(pid: int, address: int, bit: int) -> None:
    """Turn over one bit of the byte at `address`."""
    with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
        memory.seek(address)
        byte = memory.read(1)[0] ^ (1 << bit)
        memory.seek(address)
        memory.write(bytes([byte]))


def _arena(pid: int) -> tuple[int, int]:
    """Address and size of the payload's arena."""
    program = Path(f"/proc/{pid}/exe").readlink()
    with program.open("rb") as file:
        image = ELFFile(file)
        symbols = image.get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        [symbol] = symbols.get_symbol_by_name("arena") or []
        moved = image["e_type"] == "ET_DYN"
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    base = min(int(line.split("-")[0], 16) for line in lines if line.endswith(str(program))) if moved else 0
    return base + symbol["st_value"], symbol["st_size"]
