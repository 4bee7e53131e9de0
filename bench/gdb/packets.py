"""Packets of the GDB remote serial protocol <-> bytes, sans-IO.

GDB manual, appendix E.1: `$data#cc`, cc the sum of data modulo 256 in two hexadecimal digits; `}` escapes the byte
after it, which is XORed with 0x20; `X*n` stands for X and n - 29 more of it.
"""

from typing import Final

from bench.errors import TransportError

MOST_BYTES: Final = 1 << 20
"""Of one packet, expanded: far more than any stub sends. A stub that never ends a packet must not fill the memory."""
_LEAST_RUN: Final = 29
_DIGITS: Final = frozenset(b"0123456789abcdefABCDEF")
_CHECKSUM_BYTES: Final = 2


class GdbError(TransportError):
    """A debugger's stub did not answer, or not as the protocol has it."""


def pack(payload: bytes) -> bytes:
    """The packet that carries `payload`; what would end or escape one is escaped."""
    escaped = bytearray()
    for byte in payload:
        if byte in b"#$}*":
            escaped += bytes((0x7D, byte ^ 0x20))
        else:
            escaped.append(byte)
    return b"$%b#%02x" % (bytes(escaped), sum(escaped) % 256)


class PacketReader:
    """Takes bytes as they come, and gives whole payloads, None for each packet whose checksum is wrong.

    Acknowledgements (`+`, `-`) and whatever else stands between packets are passed over; `refused` counts the `-`.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.refused = 0

    def feed(self, data: bytes) -> list[bytes | None]:
        """Payloads that are complete now; raises GdbError for what cannot be one."""
        self._bytes += data
        payloads: list[bytes | None] = []
        while (payload := self._take()) is not False:
            payloads.append(payload if payload is not True else None)
        return payloads

    def _take(self) -> bytes | bool:
        """The next payload; True: a damaged one; False: none is complete."""
        start = self._bytes.find(b"$")
        self.refused += self._bytes.count(b"-", 0, len(self._bytes) if start < 0 else start)
        if start < 0:
            self._bytes.clear()
            return False
        del self._bytes[:start]
        end = self._bytes.find(b"#")
        if end < 0 or len(self._bytes) < end + 1 + _CHECKSUM_BYTES:
            if len(self._bytes) > MOST_BYTES:
                raise GdbError(f"the debugger's stub sends a packet of more than {MOST_BYTES} bytes")
            return False
        body = bytes(self._bytes[1:end])
        digits = bytes(self._bytes[end + 1 : end + 1 + _CHECKSUM_BYTES])
        del self._bytes[: end + 1 + _CHECKSUM_BYTES]
        if not _DIGITS.issuperset(digits) or int(digits, 16) != sum(body) % 256:
            return True
        return _expand(body)


def _expand(body: bytes) -> bytes:
    """Without escapes and runs."""
    if b"}" not in body and b"*" not in body:
        return body
    out = bytearray()
    place = 0
    while place < len(body):
        byte = body[place]
        follower = body[place + 1] if place + 1 < len(body) else None
        if byte in b"}*" and follower is None:
            raise GdbError(f"the debugger's stub sends a packet that ends in {chr(byte)!r}")
        if byte == ord("}") and follower is not None:
            out.append(follower ^ 0x20)
        elif byte == ord("*") and follower is not None:
            if not out or follower < _LEAST_RUN:
                raise GdbError("the debugger's stub sends a run of nothing")
            out += bytes([out[-1]]) * (follower - _LEAST_RUN)
        else:
            out.append(byte)
            place -= 1
        place += 2
        if len(out) > MOST_BYTES:
            raise GdbError(f"the debugger's stub sends a packet of more than {MOST_BYTES} bytes")
    return bytes(out)
