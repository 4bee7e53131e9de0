"""Holding the payload at the beginning of a function, by code that stands there for the while instead of its own.

No breakpoint: one would let the clock of a guest jump to where its watchdog bites (QEMU 7.2). And no clock of the host:
a payload with a watchdog is held by a loop that serves it, however long the host takes.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench.errors import BenchError, ConfigurationError
from bench.gdb import GdbClient
from bench.upset.image import Image
from bench.upset.places import PC

_STAND_S: Final = 30.0
_LOOK_S: Final = 0.001
_LOOK_STEPS: Final = 200
"""A `watch` takes some tens of instructions."""
_MOST_STEPS: Final = 10_000
_STEP_S: Final = 0.05
"""A core that sleeps never ends a step. Where a busy host makes one last longer, another look is taken."""
_SP: Final = 13
_LR: Final = 14
_SAVED: Final = (0, 1, 2, 3, 12, _LR)
"""Registers that a call may change, as the loop pushes them."""
_WATCH: Final = "watch"
_WORK: Final = 0
"""HIL_WATCH_WORK."""


@contextmanager
def held_at(gdb: GdbClient, entry: int, *, thumb: bool) -> Iterator[range]:
    """A branch to itself stands at `entry` meanwhile; the core is stopped when it is written and when it is taken away.

    Gives the addresses between which the core is held. Afterwards it stands at `entry`, if it was ever there.
    """
    code = b"\xfe\xe7" if thumb else b"\xfe\xff\xff\xea"
    with _written(gdb, entry, code):
        yield range(entry, entry + len(code))


@contextmanager
def held_and_watched(gdb: GdbClient, entry: int, image: Image) -> Iterator[range]:
    """As `held_at`, by a loop that calls the port's `watch` (port.h), so that its watchdog waits anew.

    Registers are as before, but for the flags and what lies below the stack pointer, which a function does not read.
    Raises ConfigurationError where the firmware has no such function, BenchError where the core is not in the loop in
    the end.
    """
    if _WATCH not in image.symbols:
        raise ConfigurationError(
            f"the firmware has no function {_WATCH} that would serve its watchdog while it is held",
            hint="leave out watchdog, or name the port's function so",
        )
    before, loop = _loop(image.symbols[_WATCH].address | int(image.thumb), thumb=image.thumb)
    held = range(entry + len(before), entry + len(before) + len(loop))
    with _written(gdb, entry, before + loop):
        yield held
        if not _steps_into(
            gdb, held, _MOST_STEPS, step_s=_STAND_S
        ):  # no interrupt begins in them; one that has begun ends
            raise BenchError(f"the held payload stands at {gdb.read_register(PC):#x}, far from {entry:#x}")
        stack = gdb.read_register(_SP)
        saved = struct.unpack(f"<{len(_SAVED)}I", gdb.read_memory(stack, 4 * len(_SAVED)))
        for number, value in zip(_SAVED, saved, strict=True):
            gdb.write_register(number, value)
        gdb.write_register(_SP, stack + 4 * len(_SAVED))
        gdb.write_register(PC, entry)


@contextmanager
def _written(gdb: GdbClient, place: int, code: bytes) -> Iterator[None]:
    own = gdb.read_memory(place, len(code))
    gdb.write_memory(place, code)
    yield
    gdb.write_memory(place, own)


def _loop(function: int, *, thumb: bool) -> tuple[bytes, bytes]:
    """What saves the registers of `_SAVED`, and a loop that calls `function`, HIL_WATCH_WORK its second argument."""
    low, high = function & 0xFFFF, function >> 16
    if not thumb:
        words = [0xE92D500F, _arm_move(0xE3003000, low), _arm_move(0xE3403000, high), 0xE3A01000 | _WORK]
        words += [0xE12FFF33, 0xEAFFFFFA]  # push {r0-r3, r12, lr}; movw, movt r3; mov r1; blx r3; b to the movw
        code = struct.pack("<6I", *words)
        return code[:4], code[4:]
    halves = [0xE92D, 0x500F, *_thumb_move(0xF240, low), *_thumb_move(0xF2C0, high), 0x2100 | _WORK, 0x4798, 0xE7F8]
    code = struct.pack(f"<{len(halves)}H", *halves)
    return code[:4], code[4:]


def _arm_move(code: int, value: int) -> int:
    """MOVW or MOVT of r3."""
    return code | value >> 12 << 16 | value & 0xFFF


def _thumb_move(code: int, value: int) -> tuple[int, int]:
    """MOVW or MOVT of r3."""
    return code | value >> 12 | (value >> 11 & 1) << 10, (value >> 8 & 7) << 12 | 3 << 8 | value & 0xFF


def await_stand(gdb: GdbClient, held: range) -> None:
    """Until the core, which runs, is held there; it goes on there.

    QEMU stops a core mostly where it has just spoken to a device, as `watch` does, so some steps bring it to the loop.
    """
    until = time.monotonic() + _STAND_S
    while True:
        gdb.interrupt()
        stands = _steps_into(gdb, held, _LOOK_STEPS, step_s=_STEP_S)
        gdb.go()
        if stands:
            return
        if time.monotonic() > until:
            raise BenchError(f"the payload has not begun to train within {_STAND_S:g} s")
        time.sleep(_LOOK_S)


def _steps_into(gdb: GdbClient, held: range, most: int, *, step_s: float) -> bool:
    """Whether so many steps bring the core, which is stopped, to one of those addresses; it stands there then."""
    for _ in range(most):
        if gdb.read_register(PC) in held:
            return True
        gdb.begin_step()
        if gdb.wait_stop(step_s) is None:
            gdb.interrupt()
            return False
    return False
