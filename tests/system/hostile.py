"""Boards that turn hostile: the native payload behind a pty, until something else speaks in its place."""

from __future__ import annotations

import itertools
import os
import select
import socket
import struct
import subprocess
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from firmware_if.framing import Deframer, Frame, Header, enframe
from firmware_if.messages import APID, FrameType, Message
from firmware_if.octets import Writer
from firmware_if.packets import crc16

TM_HEAD_BYTES = 20
"""Of a telemetry packet before its fields; its service and subtype are bytes 7 and 8."""
CREDIT = 2048


@dataclass
class Session:
    """What a board knows of the running session, to speak in it as its payload would."""

    tag: int = 0
    sequence: int = 0
    """Of the next telemetry frame."""
    ack: int = 0
    """Sequence of the next telecommand."""

    def frame(self, kind: int = FrameType.STATUS, body: bytes = b"", **fields: int) -> bytes:
        """A frame that belongs to the session; fields of its header may be others."""
        header = {"tag": self.tag, "sequence": self.sequence, "ack": self.ack, "credit": CREDIT} | fields
        return enframe(Header(kind, **header), body)

    def data(self, packet: bytes) -> bytes:
        """The next telemetry frame."""
        frame = self.frame(FrameType.DATA, packet)
        self.sequence = (self.sequence + 1) & 0xFFFF
        return frame


Flood = Callable[[Session], Iterator[bytes]]
"""What a board says without end, piece by piece."""
Change = Callable[[bytes], bytes]
"""What is made of the fields of a packet."""


@dataclass(frozen=True)
class Script:
    """Until `until` telemetry packets of the kind [service, subtype] have come the payload is heard; then the flood.

    `until` 0: from the start, -1: for ever. Without a flood the board vanishes then. `changes` are made in packets of
    some kinds before that. A `deaf` board does not read what it is sent, once it floods.
    """

    kind: tuple[int, int] = (0, 0)
    until: int = -1
    flood: Flood | None = None
    changes: dict[tuple[int, int], Change] = field(default_factory=dict)
    hello: Change | None = None
    """Made of the body of each Hello."""
    deaf: bool = False


def packet_of(message: Message, count: int = 0) -> bytes:
    """A telemetry packet, at uptime 0."""
    writer = Writer()
    message.write(writer)
    fields = writer.getvalue()
    head = struct.pack(">HHH", 0x0800 | APID, 0xC000 | count & 0x3FFF, TM_HEAD_BYTES + len(fields) + 2 - 7)
    second = struct.pack(">BBBHH", 0x20, message.SERVICE, message.SUBTYPE, 0, 1) + bytes([0x2E]) + bytes(6)
    return (packet := head + second + fields) + crc16(packet).to_bytes(2, "big")


def changed(packet: bytes, change: Change) -> bytes:
    """A packet with other fields, whole again."""
    packet = packet[:TM_HEAD_BYTES] + change(packet[TM_HEAD_BYTES:-2])
    packet = packet[:4] + struct.pack(">H", len(packet) + 2 - 7) + packet[6:]
    return packet + crc16(packet).to_bytes(2, "big")


class Board:
    """The other end of the pty, run by one thread."""

    def __init__(self, controller: int, payload: socket.socket, script: Script, stop: int) -> None:
        self._controller = controller
        self._payload = payload
        self._script = script
        self._stop = stop
        self._session = Session()
        self._from_bench, self._from_payload = Deframer(), Deframer()
        self._left = script.until
        self._pieces: Iterator[bytes] | None = None
        self._out = b""

    def serve(self) -> None:
        """Pass on, change and flood until it is told to stop or has vanished."""
        self._turn()
        while True:
            writing = [self._controller] if self._out or self._pieces else []
            deaf = self._script.deaf and self._pieces is not None
            readers: list[int | socket.socket] = [
                self._stop,
                *([] if deaf else [self._controller]),
                *([] if self._pieces else [self._payload]),
            ]
            ready, writable, _ = select.select(readers, writing, [])
            if self._stop in ready:
                return
            if self._controller in ready and not self._hear_bench():
                return
            if self._payload in ready:
                self._hear_payload()
            if writable:
                self._write()

    @property
    def _leaving(self) -> bool:
        return self._left == 0 and self._script.flood is None

    def _turn(self) -> None:
        if self._left == 0 and self._script.flood is not None:
            self._pieces = self._script.flood(self._session)

    def _hear_bench(self) -> bool:
        try:
            data = os.read(self._controller, 65536)
        except OSError:
            return False
        for frame in self._from_bench.feed(data):
            if isinstance(frame, Frame) and frame.header.type == FrameType.HELLO_REQUEST:
                self._session.tag = int.from_bytes(frame.body[:4], "big")
            elif isinstance(frame, Frame) and frame.header.type == FrameType.DATA:
                self._session.ack = (frame.header.sequence + 1) & 0xFFFF
            # Hanging up loses what was not read: only what the bench acknowledges has been.
            if isinstance(frame, Frame) and self._leaving and frame.header.ack == self._session.sequence:
                return False
        if self._pieces is None and not self._leaving:
            self._payload.sendall(data)
        return True

    def _hear_payload(self) -> None:
        for frame in self._from_payload.feed(self._payload.recv(65536)):
            if self._left == 0 or not isinstance(frame, Frame):
                continue
            self._out += self._altered(frame)
            if frame.header.type == FrameType.DATA:
                self._session.sequence = (frame.header.sequence + 1) & 0xFFFF
                self._left -= tuple(frame.body[7:9]) == self._script.kind
            self._turn()

    def _altered(self, frame: Frame) -> bytes:
        body, script = frame.body, self._script
        if frame.header.type == FrameType.HELLO and script.hello is not None:
            body = script.hello(body)
        kind = tuple(body[7:9])
        if frame.header.type == FrameType.DATA and len(kind) == 2 and (kind[0], kind[1]) in script.changes:
            body = changed(body, script.changes[kind[0], kind[1]])
        return enframe(frame.header, body)

    def _write(self) -> None:
        while len(self._out) < 1 << 16 and self._pieces is not None:
            self._out += next(self._pieces)
        with suppress(BlockingIOError):
            self._out = self._out[os.write(self._controller, self._out) :]


@contextmanager
def hostile_board(elf: Path, script: Script) -> Iterator[str]:
    """Yield the path of a pty behind which the native payload runs, as far as the script lets it be heard."""
    controller, device = os.openpty()  # ours stays open: without anybody there the other end could not be read
    tty.setraw(device)
    os.set_blocking(controller, False)
    ours, theirs = socket.socketpair()
    woken, wake = os.pipe()
    with subprocess.Popen([elf, "--fd", str(theirs.fileno())], pass_fds=[theirs.fileno()]) as payload:
        theirs.close()
        board = Board(controller, ours, script, woken)

        def serve() -> None:
            board.serve()
            os.close(controller)  # gone: whoever has the other end open is hung up on

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        try:
            yield os.ttyname(device)
        finally:
            os.write(wake, b"x")
            server.join()
            payload.kill()
            ours.close()
            for descriptor in (woken, wake, device):
                os.close(descriptor)


def repeated(piece: bytes) -> Flood:
    """The same bytes again and again."""
    return lambda _: itertools.repeat(piece)


def in_session(message: Message) -> Flood:
    """The same packet in the running session, in order, again and again."""

    def flood(session: Session) -> Iterator[bytes]:
        for count in itertools.count():
            yield session.data(packet_of(message, count))

    return flood


def statuses(session: Session) -> Iterator[bytes]:
    """Status frames of the running session: the payload lives, and says no more."""
    while True:
        yield session.frame()


def stale(session: Session) -> Iterator[bytes]:
    """Whole frames of another session."""
    for count in itertools.count():
        yield session.frame(FrameType.DATA, b"\x55" * 100, tag=session.tag ^ 0x5555, sequence=count & 0xFFFF)
