"""Talking to a debugger's stub: memory, registers, breakpoints, go and stop. Every wait has a deadline.

Only packets that every stub knows are used (`?`, `m`, `M`, `p`, `P`, `c`, `s`, `Z0`, `z0`, `qXfer:features:read`,
`qRcmd`, whose commands are each server's own, and the interrupt byte 0x03), so that other servers than QEMU's can be
talked to; with those it is untested.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.gdb.packets import GdbError, PacketReader, pack
from bench.gdb.registers import Register, read_registers

MOST_READ_BYTES: Final = 1024
"""Asked for at once: QEMU 7.2 refuses a little above 2040."""
ANSWER_S: Final = 30.0
"""Far longer than any answer takes: when it is over the bench has failed."""
_RESENDS: Final = 3
_READ_BYTES: Final = 1 << 16
_MOST_DESCRIPTION: Final = 1 << 20
_MOST_SAID: Final = 1 << 20
"""By a server's monitor to one line."""
_STOPS: Final = b"TSWX"


@dataclass(frozen=True)
class Stop:
    """Why the core stopped: `signal` as the stub gives it (5 after a breakpoint or a step, 2 after an interrupt)."""

    signal: int
    exited: bool = False


class GdbClient:
    """Talks over a connected stream socket. Raises GdbError where the stub fails, EOFError where it is gone."""

    def __init__(self, connection: socket.socket, *, answer_s: float = ANSWER_S) -> None:
        self._socket = connection
        self._answer_s = answer_s
        self._reader = PacketReader()
        self._payloads: deque[bytes] = deque()
        self._last = b""
        self._resends = 0
        self._registers: dict[str, Register] | None = None
        self._by_number: dict[int, Register] = {}
        self.running = False

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    # -------------------------------------------------------------------------------------------------------- memory
    def read_memory(self, address: int, count: int) -> bytes:
        """`count` bytes from `address` on."""
        pieces = [
            (start, min(MOST_READ_BYTES, address + count - start))
            for start in range(address, address + count, MOST_READ_BYTES)
        ]
        return b"".join(self._read_piece(start, length) for start, length in pieces)

    def _read_piece(self, address: int, length: int) -> bytes:
        data = _hexadecimal(self._ask(b"m%x,%x" % (address, length)), f"a read of {length} bytes at {address:#x}")
        if len(data) != length:
            raise GdbError(f"the debugger's stub gave {len(data)} bytes at {address:#x}; {length} were asked for")
        return data

    def write_memory(self, address: int, data: bytes) -> None:
        """Write `data` from `address` on."""
        for start in range(0, len(data), MOST_READ_BYTES):
            piece = data[start : start + MOST_READ_BYTES]
            command = b"M%x,%x:%b" % (address + start, len(piece), piece.hex().encode())
            self._demand(command, f"a write of {len(piece)} bytes at {address + start:#x}")

    # ----------------------------------------------------------------------------------------------------- registers
    @property
    def registers(self) -> dict[str, Register]:
        """By name; read from the target description once, which QEMU wants before it gives more than r0 to r15."""
        if self._registers is None:
            self._registers = read_registers(self._read_description)
            self._by_number = {register.number: register for register in self._registers.values()}
        return self._registers

    def _read_description(self, document: str) -> bytes:
        out = b""
        while len(out) < _MOST_DESCRIPTION:
            answer = self._ask(b"qXfer:features:read:%b:%x,%x" % (document.encode(), len(out), MOST_READ_BYTES))
            if answer[:1] not in (b"m", b"l"):
                raise GdbError(f"the debugger's stub has no target description {document!r}: {answer[:16]!r}")
            out += answer[1:]
            if answer[:1] == b"l":
                return out
            if len(answer) == 1:
                break
        raise GdbError(f"the target description {document!r} does not end")

    def read_register(self, number: int) -> int:
        """As an unsigned number; in the byte order of a little-endian core."""
        register = self._known(number)
        data = _hexadecimal(self._ask(b"p%x" % number), f"a read of register {register.name}")
        if len(data) * 8 < register.bits:
            raise GdbError(f"the debugger's stub gave {len(data)} bytes of register {register.name}")
        return int.from_bytes(data, "little")

    def write_register(self, number: int, value: int) -> None:
        register = self._known(number)
        data = value.to_bytes(-(-register.bits // 8), "little")
        self._demand(b"P%x=%b" % (number, data.hex().encode()), f"a write of register {register.name}")

    def _known(self, number: int) -> Register:
        if not self.registers or number not in self._by_number:
            raise GdbError(f"the core has no register {number}")
        return self._by_number[number]

    # -------------------------------------------------------------------------------------------------- go and stop
    def set_breakpoint(self, address: int, kind: int) -> None:
        """`kind` is the length of the instruction there."""
        self._demand(b"Z0,%x,%x" % (address, kind), f"a breakpoint at {address:#x}")

    def clear_breakpoint(self, address: int, kind: int) -> None:
        self._demand(b"z0,%x,%x" % (address, kind), f"the end of a breakpoint at {address:#x}")

    def go(self) -> None:
        """Let the core run; `wait_stop` comes next."""
        self._send(b"c")
        self.running = True

    def step(self) -> Stop:
        """One instruction."""
        self.begin_step()
        stop = self.wait_stop(self._answer_s)
        if stop is None:
            raise GdbError(f"a step has not ended within {self._answer_s:g} s")
        return stop

    def begin_step(self) -> None:
        """One instruction, whose end `wait_stop` tells: a core that falls asleep in it never ends it."""
        self._send(b"s")
        self.running = True

    def wait_stop(self, timeout_s: float, *, also: Sequence[int] = ()) -> Stop | None:
        """The stop, or None where none came in time or one of the descriptors `also` can be read first."""
        until = time.monotonic() + timeout_s
        while True:
            while self._payloads:
                payload = self._payloads.popleft()
                if payload[:1] in _STOPS_BYTES:
                    self.running = False
                    return _stop(payload)
            left_s = until - time.monotonic()
            own = self._socket.fileno()
            ready, _, _ = select.select([own, *also], [], [], max(left_s, 0.0))
            if own in ready:
                self._receive()
            elif ready or left_s <= 0:
                return None

    def interrupt(self) -> Stop:
        """Stop a running core."""
        self._write(b"\x03")
        stop = self.wait_stop(self._answer_s)
        if stop is None:
            raise GdbError(f"the core has not stopped within {self._answer_s:g} s of being told to")
        return stop

    # -------------------------------------------------------------------------------------------- the server's monitor
    def monitor(self, line: str) -> str:
        """What the server's own command line says to `line`; nothing, where it has done what it was told.

        Much sooner done than over QMP, which QEMU 7.2 reads byte by byte.
        """
        what = f"the command {line!r}"
        answer = self._ask(b"qRcmd," + line.encode().hex().encode())
        said = b""
        while answer[:1] == b"O" and answer != b"OK":
            said += _hexadecimal(answer[1:], what)
            if len(said) > _MOST_SAID:
                raise GdbError(f"the debugger's stub says more than {_MOST_SAID} bytes to {what}")
            answer = self._take_answer(time.monotonic() + self._answer_s, what)
        if not answer:
            raise GdbError(f"the debugger's stub takes no commands, such as {line!r}")
        if answer != b"OK":
            said += _hexadecimal(answer, what)
        return said.decode(errors="replace").strip()

    # ------------------------------------------------------------------------------------------------------- packets
    def _demand(self, payload: bytes, what: str) -> None:
        answer = self._ask(payload)
        if answer != b"OK":
            raise GdbError(f"the debugger's stub refused {what}: {answer[:16].decode(errors='replace') or 'unknown'}")

    def _ask(self, payload: bytes) -> bytes:
        if self.running:
            raise GdbError(f"the core runs, and cannot be asked {payload[:16]!r}")
        self._send(payload)
        return self._take_answer(time.monotonic() + self._answer_s, repr(payload[:16]))

    def _take_answer(self, until: float, what: str) -> bytes:
        while not self._payloads:
            if not select.select([self._socket], [], [], max(until - time.monotonic(), 0.0))[0]:
                raise GdbError(
                    f"the debugger's stub has not answered {what} within {self._answer_s:g} s",
                    hint="is something else connected to the same stub?",
                )
            self._receive()
        return self._payloads.popleft()

    def _send(self, payload: bytes) -> None:
        self._last = pack(payload)
        self._resends = 0
        self._write(self._last)

    def _write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise EOFError(f"the debugger's stub is gone: {error.strerror}") from error

    def _receive(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except OSError as error:
            raise EOFError(f"the debugger's stub is gone: {error.strerror}") from error
        if not data:
            raise EOFError("the debugger's stub is gone")
        refused = self._reader.refused
        for payload in self._reader.feed(data):
            self._write(b"-" if payload is None else b"+")
            if payload is not None:
                self._payloads.append(payload)
        if self._reader.refused > refused:
            self._resends += 1
            if self._resends > _RESENDS:
                raise GdbError(f"the debugger's stub refused a packet {_RESENDS} times: {self._last[:24]!r}")
            self._write(self._last)


_STOPS_BYTES: Final = tuple(bytes([letter]) for letter in _STOPS)


def _stop(payload: bytes) -> Stop:
    try:
        return Stop(int(payload[1:3], 16), exited=payload[:1] in (b"W", b"X"))
    except ValueError as error:
        raise GdbError(f"the debugger's stub says of a stop: {payload[:24]!r}") from error


def _hexadecimal(answer: bytes, what: str) -> bytes:
    if answer[:1] == b"E" and len(answer) == 3:  # noqa: PLR2004 - Exx
        raise GdbError(f"the debugger's stub refused {what}: {answer.decode(errors='replace')}")
    try:
        return bytes.fromhex(answer.decode("ascii"))
    except (ValueError, UnicodeDecodeError) as error:
        raise GdbError(f"the debugger's stub answered {what} by {answer[:24]!r}") from error
