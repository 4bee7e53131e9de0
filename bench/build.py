"""The firmware of a target: built by make when it is not current, and read back from its ELF."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Symbol, SymbolTableSection
from filelock import FileLock, Timeout

from bench.errors import BuildError, RunFolderError
from bench.strict import nearest_hint

FIRMWARE: Final = Path(__file__).parents[1] / "firmware_if" / "firmware"
DEADLINE_S: Final = 300.0
"""For make, and for another bench's make to end; a whole build takes a few seconds."""
_BUILD_ID: Final = "hil_build_id"
_BUILD_ID_BYTES: Final = 16
_WORDS: Final = 6
"""Lines of the compiler's that an error repeats."""
_ENVIRONMENT: Final = ("PATH", "HOME", "TMPDIR", "CROSS_COMPILE")
"""What make sees of the environment: a CC or CFLAGS set for something else must not decide what is measured."""
_PACKAGES: Final = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "gcc": "gcc",
    "sha256sum": "coreutils",
}
"""Of Debian and Ubuntu, by the program that is absent."""
_ABSENT: Final = r"(?<![\w-]){}(?:: not found|: No such file|: command not found)"
_ERROR: Final = re.compile(r"error:|Error:|not found|No such file|undefined reference|overflowed|\*\*\*")


@dataclass(frozen=True)
class FirmwareImage:
    """What an ELF says of itself. `sections` is name -> bytes of everything that takes memory on the target.

    `symbols` is section -> name -> bytes of the functions and objects in it. A static one is `file.c:name`;
    those of one name are added up.
    """

    build_id: str
    compiler: str
    sections: dict[str, int]
    symbols: dict[str, dict[str, int]] = field(default_factory=dict)
    unstored: tuple[str, ...] = ()
    """Sections that take memory and no place in the file: what starts as 0, or as nothing in particular."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Back from `to_dict`; raises RunFolderError for anything else."""
        try:
            sections = {str(name): int(size) for name, size in values["sections"].items()}
            symbols = {
                str(section): {str(name): int(size) for name, size in members.items()}
                for section, members in values.get("symbols", {}).items()
            }
            unstored = tuple(map(str, values.get("unstored", ())))
            return cls(str(values["build_id"]), str(values["compiler"]), sections, symbols, unstored)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RunFolderError(
                f"firmware.json is not what a run writes: {error!r}", hint="the file was changed"
            ) from error


@dataclass(frozen=True)
class Firmware:
    """An ELF that is ready to run, and what is in it."""

    elf: Path
    image: FirmwareImage


def build_firmware(
    port: str,
    *,
    board: str | None = None,
    sanitize: bool = False,
    protection: bool = True,
    folder: Path = FIRMWARE,
    deadline_s: float = DEADLINE_S,
) -> Firmware:
    """Bring the payload for `port` up to date; raises BuildError with the compiler's first words.

    `board` is one of those that the port has, None for a port without. Without `protection` guards, checkpoints and
    watchdog are left out. `folder` holds the Makefile. Two benches that build at once take turns.
    """
    if shutil.which("make") is None:
        raise BuildError("make is not installed", hint="sudo apt-get install make, or run: bench doctor")
    ports = sorted(path.parent.name for path in folder.glob("ports/*/port.mk"))
    if port not in ports:
        raise BuildError(f"there is no firmware for a port {port!r}", hint=nearest_hint(port, ports))
    name = f"{port}-{board}" if board is not None else port
    command = ["make", "--no-print-directory", "-C", str(folder), *make_variables(port, board, protection=protection)]
    command += ["SANITIZE=1"] if sanitize else []
    variant = f"{name}{'-sanitize' if sanitize else ''}{'' if protection else '-unprotected'}"
    build = folder / "build"
    try:
        build.mkdir(exist_ok=True)
        with FileLock(build / ".lock", timeout=deadline_s):
            returncode, output = _run_make(command, deadline_s)
    except Timeout as error:
        raise BuildError(
            f"another build has held {build / '.lock'} for {deadline_s:g} s", hint="is a build hung?"
        ) from error
    except OSError as error:
        raise BuildError(
            f"{build} cannot be written: {error.strerror}", hint="does the checkout belong to you? Is the disk full?"
        ) from error
    if returncode:
        raise BuildError(f"the firmware for {name} could not be built: {_first_words(output)}", hint=_hint(output))
    return read_firmware(build / variant / "payload.elf")


def make_variables(port: str, board: str | None, *, protection: bool = True) -> list[str]:
    """The words that tell make what to build."""
    board_words = [f"BOARD={board}"] if board is not None else []
    return [f"PORT={port}", *board_words, *([] if protection else ["PROTECTION=no"])]


def _run_make(command: list[str], deadline_s: float) -> tuple[int, str]:
    """Exit status and everything printed; whatever ends the wait early also ends make and its compilers."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    with subprocess.Popen(
        command,
        env=environment | {"LC_ALL": "C"},  # the words of an error are looked into
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    ) as make:
        try:
            output, _ = make.communicate(timeout=deadline_s)
        except subprocess.TimeoutExpired as error:
            raise BuildError(
                f"{command[-1]}: make has not ended within {deadline_s:g} s", hint=f"try: {' '.join(command)}"
            ) from error
        finally:
            if make.poll() is None:
                os.killpg(make.pid, signal.SIGKILL)
    return make.returncode, output


def _first_words(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)]
    return "\n  ".join((errors or lines[-_WORDS:])[:_WORDS]) or "make said nothing"


def _hint(output: str) -> str:
    absent = next((name for name in _PACKAGES if re.search(_ABSENT.format(re.escape(name)), output)), None)
    if absent:
        return f"{absent} is missing: sudo apt-get install {_PACKAGES[absent]}, or run: bench doctor"
    if re.search(r"nosys\.specs|fatal error: (?:std|string|math)\w*\.h|cannot find -l[cm]\b", output):
        return "the C library is missing: sudo apt-get install libnewlib-arm-none-eabi libc6-dev, or run: bench doctor"
    return "correct the source that the message names, or run: bench doctor"


def read_firmware(elf: Path, *, hint: str = "build it: tools/setup") -> Firmware:
    """Build id, compiler and section sizes of an ELF; raises BuildError when it is none of a payload."""
    try:
        with elf.open("rb") as file:
            image = ELFFile(file)
            sections = _read_sections(image)
            bare = {section.name for section in image.iter_sections() if section["sh_type"] == "SHT_NOBITS"}
            unstored = tuple(name for name in sections if name in bare)
            facts = _read_build_id(image, elf), _read_compiler(image), sections, _read_symbols(image), unstored
            return Firmware(elf, FirmwareImage(*facts))
    except OSError as error:
        raise BuildError(f"{elf} cannot be read: {error.strerror}", hint=hint) from error
    except ELFError as error:
        raise BuildError(f"{elf} is no ELF file: {error}", hint="remove it and build again") from error


def _read_sections(image: ELFFile) -> dict[str, int]:
    """Sections that are loaded or reserved on the target (flag SHF_ALLOC)."""
    alloc = 0x2
    return {
        section.name: int(section["sh_size"])
        for section in image.iter_sections()
        if section["sh_flags"] & alloc and section["sh_size"]
    }


def _read_symbols(image: ELFFile) -> dict[str, dict[str, int]]:
    """Functions and objects by the section that holds them; a byte of several is counted for the first."""
    symbols: dict[str, dict[str, int]] = {}
    counted = 0
    for start, end, section, name in sorted(_extents(image), key=lambda extent: (extent[0], -extent[1])):
        if own := max(0, end - max(start, counted)):  # entry points in assembly lie within each other
            members = symbols.setdefault(section, {})
            members[name] = members.get(name, 0) + own
        counted = max(counted, end)
    return symbols


def _extents(image: ELFFile) -> Iterator[tuple[int, int, str, str]]:
    """Start, end, section and name of each function and object."""
    table = image.get_section_by_name(".symtab")
    source = ""
    for symbol in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
        kind = symbol["st_info"]["type"]
        start = symbol["st_value"] & ~1 if _is_thumb(image, symbol) else symbol["st_value"]
        if kind == "STT_FILE":  # the local symbols behind it are of this source file
            source = symbol.name
        elif kind in {"STT_FUNC", "STT_OBJECT"} and symbol["st_size"] and isinstance(symbol["st_shndx"], int):
            local = source and symbol["st_info"]["bind"] == "STB_LOCAL"
            section = image.get_section(symbol["st_shndx"]).name
            yield start, start + symbol["st_size"], section, f"{source}:{symbol.name}" if local else symbol.name


def _is_thumb(image: ELFFile, symbol: Symbol) -> bool:
    """Whether the lowest bit of the symbol's value says that its code is Thumb, and is no part of its address."""
    return bool(image["e_machine"] == "EM_ARM" and symbol["st_info"]["type"] == "STT_FUNC")


def _read_build_id(image: ELFFile, elf: Path) -> str:
    table = image.get_section_by_name(".symtab")
    symbols = table.get_symbol_by_name(_BUILD_ID) if isinstance(table, SymbolTableSection) else None
    if not symbols:
        raise BuildError(
            f"{elf} has no symbol {_BUILD_ID}", hint="it is the 16 bytes that the payload gives to hil_service_open"
        )
    symbol = symbols[0]
    section = image.get_section(symbol["st_shndx"])
    start = symbol["st_value"] - section["sh_addr"]
    return bytes(section.data()[start : start + _BUILD_ID_BYTES]).hex()


def _read_compiler(image: ELFFile) -> str:
    comment = image.get_section_by_name(".comment")
    words = {text.decode(errors="replace") for text in comment.data().split(b"\0") if text} if comment else set()
    return ", ".join(sorted(words)) or "unknown"
