"""A payload computer emulated by QEMU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.transport.process import ProcessTransport, Program

HARMLESS = (
    # Under `-icount sleep=off`, whenever the guest sleeps with no timer armed.
    r"warning: icount sleep disabled and no active timers",
    r"warning: nic \S+ has no peer",
    # The bench's own SIGTERM.
    r"terminating on signal 15 from pid",
)


def make_qemu(
    binary: str, machine: str, *, elf: Path, arguments: Sequence[str] = (), ready_s: float = 5.0
) -> ProcessTransport:
    """`binary` runs `elf` on `machine`; its first serial port is the payload's. `arguments` are QEMU's own options."""

    def command(path: Path) -> list[str]:
        serial = "unix:" + str(path).replace(",", ",,")  # how QEMU's options write a comma
        return [binary, "-machine", machine, *arguments, "-serial", serial, "-kernel", str(elf)]

    return ProcessTransport(
        Program(
            name=binary,
            command=command,
            firmware=elf,
            install_hint=f"install it (Debian, Ubuntu: sudo apt-get install {binary}), then run: bench doctor",
            refusal_hint="check machine and arguments in the target's file under firmware_if/targets",
            harmless=HARMLESS,
        ),
        ready_s=ready_s,
    )
