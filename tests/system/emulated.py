"""Targets that QEMU runs: their firmware, a connection to them, and images that are broken on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bench.build import build_firmware
from bench.clock import MonotonicClock
from bench.session import Recorder
from bench.session.dialogue import Dialogue
from bench.session.open import make_transport
from bench.target import QemuTransportSpec, Target, load_target, target_names
from bench.transport import ProcessTransport

QEMU_TARGETS: Final = tuple(
    name for name in target_names() if isinstance(load_target(name).transport, QemuTransportSpec)
)
CORTEX_M: Final = tuple(name for name in QEMU_TARGETS if load_target(name).port == "mps2")


def build(target: Target) -> Path:
    """The payload of `target`, brought up to date."""
    assert target.port is not None
    return build_firmware(target.port, board=target.board, protection=target.has_protection).elf


def start(target: Target, elf: Path) -> ProcessTransport:
    """QEMU as the bench starts it for `target`, not yet open."""
    transport = make_transport(target, elf)
    assert isinstance(transport, ProcessTransport)
    return transport


@contextmanager
def dialogue_with(name: str) -> Iterator[tuple[Dialogue, ProcessTransport]]:
    """Yield a connection to the payload of that target, and the way to it."""
    target = load_target(name)
    clock = MonotonicClock()
    with start(target, build(target)) as transport:
        dialogue = Dialogue(transport, clock=clock, recorder=Recorder(clock), target_name=name)
        dialogue.connect(target.transport.ready_s, starting=True)
        yield dialogue, transport


def read_function(elf: Path, name: str) -> tuple[int, bytes]:
    """Where the code of a function lies in the target's memory, and that code."""
    with elf.open("rb") as file:
        image = ELFFile(file)
        symbols = image.get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        [symbol] = symbols.get_symbol_by_name(name) or []
        section = image.get_section(symbol["st_shndx"])
        address = symbol["st_value"] & ~1  # an odd address marks Thumb code
        start = address - section["sh_addr"]
        return address, section.data()[start : start + symbol["st_size"]]


def patch_functions(elf: Path, patched: Path, code: Mapping[str, bytes]) -> Path:
    """Copy an ELF, with other bytes at the start of some functions."""
    content = bytearray(elf.read_bytes())
    with elf.open("rb") as file:
        image = ELFFile(file)
        symbols = image.get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        for name, new in code.items():
            [symbol] = symbols.get_symbol_by_name(name) or []
            section = image.get_section(symbol["st_shndx"])
            address = symbol["st_value"] & ~1  # an odd address marks Thumb code
            at = section["sh_offset"] + address - section["sh_addr"]
            content[at : at + len(new)] = new
    patched.write_bytes(content)
    return patched
