"""A client of GDB's remote serial protocol: what OpenOCD, pyOCD, J-Link's server and QEMU all speak."""

from bench.gdb.client import GdbClient, Stop
from bench.gdb.packets import GdbError
from bench.gdb.registers import Register

__all__ = ["GdbClient", "GdbError", "Register", "Stop"]
