"""The firmware of a target: built by make when it is not current, and read back from its ELF."""

import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from filelock import FileLock, Timeout

from bench.errors import BuildError, RunFolderError

FIRMWARE: Final = Path(__file__).parents[1] / "firmware_if" / "firmware"
_DEADLINE_S: Final = 300.0
_BUILD_ID: Final = "hil_build_id"
_BUILD_ID_BYTES: Final = 16
_WORDS: Final = 6
"""Lines of the compiler's that an error repeats."""


@dataclass(frozen=True)
class FirmwareImage:
    """What an ELF says of itself. `sections` is name -> bytes of everything that takes memory on the target."""

    build_id: str
    compiler: str
    sections: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Back from `to_dict`; raises RunFolderError for anything else."""
        try:
            sections = {str(name): int(size) for name, size in values["sections"].items()}
            return cls(str(values["build_id"]), str(values["compiler"]), sections)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RunFolderError(
                f"firmware.json is not what a run writes: {error!r}", hint="the file was changed"
            ) from error


@dataclass(frozen=True)
class Firmware:
    """An ELF that is ready to run, and what is in it."""

    elf: Path
    image: FirmwareImage


def build_firmware(port: str, *, sanitize: bool = False) -> Firmware:
    """Bring the payload for `port` up to date; raises BuildError with the compiler's first words."""
    if shutil.which("make") is None:
        raise BuildError("make is not installed", hint="sudo apt-get install make, or run: bench doctor")
    command = [
        "make",
        "--no-print-directory",
        "-C",
        str(FIRMWARE),
        f"PORT={port}",
        *(["SANITIZE=1"] if sanitize else []),
    ]
    build = FIRMWARE / "build"
    build.mkdir(exist_ok=True)
    try:
        with FileLock(build / ".lock", timeout=_DEADLINE_S):
            result = subprocess.run(
                command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_DEADLINE_S, check=False
            )
    except Timeout as error:
        raise BuildError(
            f"another build has held {build / '.lock'} for {_DEADLINE_S:g} s", hint="is a build hung?"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(
            f"make PORT={port} took more than {_DEADLINE_S:g} s", hint=f"try: {' '.join(command)}"
        ) from error
    if result.returncode:
        raise BuildError(
            f"the firmware for {port} could not be built: {_first_words(result.stderr)}", hint=_hint(result.stderr)
        )
    return read_firmware(build / (f"{port}-sanitize" if sanitize else port) / "payload.elf")


def _first_words(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "not found" in line]
    return "\n  ".join((errors or lines)[:_WORDS]) or "make said nothing"


def _hint(output: str) -> str:
    if "not found" in output or "No such file or directory" in output:
        return "a compiler or library is missing; run: tools/setup, or: bench doctor"
    return "correct the source that the message names"


def read_firmware(elf: Path) -> Firmware:
    """Build id, compiler and section sizes of an ELF; raises BuildError when it is none of this payload."""
    try:
        with elf.open("rb") as file:
            image = ELFFile(file)
            return Firmware(
                elf, FirmwareImage(_read_build_id(image, elf), _read_compiler(image), _read_sections(image))
            )
    except OSError as error:
        raise BuildError(f"{elf} cannot be read: {error.strerror}", hint="build it: tools/setup") from error
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


def _read_build_id(image: ELFFile, elf: Path) -> str:
    table = image.get_section_by_name(".symtab")
    symbols = table.get_symbol_by_name(_BUILD_ID) if isinstance(table, SymbolTableSection) else None
    if not symbols:
        raise BuildError(
            f"{elf} has no symbol {_BUILD_ID}", hint="is it a payload of this project? build it: tools/setup"
        )
    symbol = symbols[0]
    section = image.get_section(symbol["st_shndx"])
    start = symbol["st_value"] - section["sh_addr"]
    return bytes(section.data()[start : start + _BUILD_ID_BYTES]).hex()


def _read_compiler(image: ELFFile) -> str:
    comment = image.get_section_by_name(".comment")
    words = {text.decode(errors="replace") for text in comment.data().split(b"\0") if text} if comment else set()
    return ", ".join(sorted(words)) or "unknown"
