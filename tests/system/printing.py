"""Firmware that prints while it trains, built from a copy of the payload's sources."""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.build import FIRMWARE

SOURCES = Path(__file__).parents[1] / "c" / "printing"
_PARTS = ("c", "learners", "features", "firmware")
_STEP = "    const size_t dimension = state->dimension;\n    const hil_real *restrict x = features;\n"


@dataclass(frozen=True)
class Talk:
    """How much is printed: lines in each call of the learner `chatty`, and in the loop after each step."""

    in_train: int = 0
    between: int = 0
    in_handler: bool = False
    console_bytes: int = 4096
    torn: bool = False
    """Somebody else's text stands in the middle of some frames."""

    def header(self) -> str:
        """As talk.h."""
        numbers = {
            "IN_TRAIN": self.in_train,
            "BETWEEN": self.between,
            "IN_HANDLER": int(self.in_handler),
            "BYTES": self.console_bytes,
            "TORN": int(self.torn),
        }
        return "".join(f"#define TALK_{name} {number}\n" for name, number in numbers.items())


def copy_sources(folder: Path) -> Path:
    """Copy firmware_if with the learner `chatty`, which is `arow` with a call, and handlers that call, too."""
    for part in _PARTS:
        shutil.copytree(FIRMWARE.parent / part, folder / part, ignore=shutil.ignore_patterns("build", "__pycache__"))
    for source in SOURCES.glob("*.c"):
        shutil.copy(source, folder / "firmware" / source.name)
    learner = (folder / "learners" / "arow.c").read_text().replace("arow", "chatty")
    assert learner.count(_STEP) == 1
    learner = learner.replace(_STEP, f"    talk_in_train();\n{_STEP}")
    learner = learner.replace("\nstatic void start(", "\nvoid talk_in_train(void);\n\nstatic void start(", 1)
    (folder / "learners" / "chatty.c").write_text(learner)
    for port in ("zynq", "mps2"):
        path = folder / "firmware" / "ports" / port / "interrupt.c"
        plain = path.read_text()
        assert "\nstatic volatile uint32_t served;\n" in plain
        calls = plain.replace("++served;", "++served;\n    talk_in_handler(served);")
        path.write_text(
            calls.replace("\nstatic volatile", "\nvoid talk_in_handler(uint32_t count);\nstatic volatile", 1)
        )
    return folder / "firmware"


def build_talking(firmware: Path, talk: Talk, *, port: str, board: str | None) -> Path:
    """Build the copy for one port; the ELF."""
    (firmware / "talk.h").write_text(talk.header())
    words = [f"PORT={port}", *([f"BOARD={board}"] if board else []), *(["SANITIZE=1"] if port == "host" else [])]
    stdio = firmware / "stdio_console.c"  # under its own name no payload takes it
    if port == "host":
        stdio.unlink(missing_ok=True)  # glibc has a stdio of its own
    else:
        shutil.copy(firmware / "newlib_console.c", stdio)
        words += ["STACK_BYTES=65536" if port == "zynq" else "STACK_BYTES=4096", "HANDLER_STACK_BYTES=4096"]
    made = subprocess.run(["make", "-s", "-C", firmware, *words], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    [elf] = firmware.glob(f"build/{port}*/payload.elf")
    return elf.rename(firmware / f"{port}-{board}-{hashlib.sha256(talk.header().encode()).hexdigest()}.elf")
