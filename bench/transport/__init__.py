"""The ways to a payload. A transport starts, stops and moves bytes; it knows nothing of frames."""

from bench.transport.base import PeerDied, Transfer, Transport
from bench.transport.memory import MemoryTransport, make_memory_pair
from bench.transport.process import ProcessTransport, Program, make_process
from bench.transport.qemu import make_qemu
from bench.transport.serial import SerialTransport, make_serial

__all__ = [
    "MemoryTransport",
    "PeerDied",
    "ProcessTransport",
    "Program",
    "SerialTransport",
    "Transfer",
    "Transport",
    "make_memory_pair",
    "make_process",
    "make_qemu",
    "make_serial",
]
