"""The ways to a payload. A transport starts, stops and moves bytes; it knows nothing of frames."""

from bench.transport.base import LineCut, PeerDied, Transfer, Transport
from bench.transport.chunk import Chunk, LinkTail, Way
from bench.transport.link_file import LINK, LinkWriter
from bench.transport.memory import MemoryTransport, make_memory_pair
from bench.transport.process import ProcessTransport, Program, make_process
from bench.transport.qemu import make_qemu
from bench.transport.record import RecordingTransport
from bench.transport.serial import SerialTransport, make_serial

__all__ = [
    "LINK",
    "Chunk",
    "LineCut",
    "LinkTail",
    "LinkWriter",
    "MemoryTransport",
    "PeerDied",
    "ProcessTransport",
    "Program",
    "RecordingTransport",
    "SerialTransport",
    "Transfer",
    "Transport",
    "Way",
    "make_memory_pair",
    "make_process",
    "make_qemu",
    "make_serial",
]
