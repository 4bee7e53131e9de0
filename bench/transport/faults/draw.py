"""Faults drawn from a seed: for each direction and kind a stream of random numbers of its own.

So a kind that is added, or drawn at another rate, moves no fault of another kind or direction. Only
`random.Random.random` is used, whose sequence for a seed Python promises not to change.
"""

from __future__ import annotations

import hashlib
import heapq
import math
import random
from collections.abc import Iterator

from bench.transport.faults.fault import KINDS, MOST_DATA, Fault
from bench.transport.faults.profile import FaultRate, LinkFaultProfile

_ORDER = {kind: index for index, kind in enumerate(KINDS)}


def drawn_faults(profile: LinkFaultProfile, way: str, *, seed: int) -> Iterator[Fault]:
    """All faults of one direction in the order of their offsets, without end where there is any."""
    streams = [_draw(rate, way, _stream(seed, way, rate.kind)) for rate in profile.rates if way in rate.ways]
    return heapq.merge(*streams, key=order)


def order(fault: Fault) -> tuple[int, int]:
    """In which they happen."""
    return fault.offset, _ORDER[fault.kind]


def _stream(seed: int, way: str, kind: str) -> random.Random:
    digest = hashlib.sha256(f"hil-bench link faults {seed} {way} {kind}".encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - repeatable, not secret


def _draw(rate: FaultRate, way: str, source: random.Random) -> Iterator[Fault]:
    if rate.kind == "flip":
        return _flips(rate, way, source)
    return _bursts(rate, way, source) if rate.kind == "burst" else _events(rate, way, source)


def _gap(source: random.Random, probability: float) -> int:
    """Failures before the next success: geometric, by inversion."""
    return int(math.log1p(-source.random()) / math.log1p(-probability)) if probability < 1 else 0


def _between(source: random.Random, low: int, high: int) -> int:
    return low + int(source.random() * (high - low + 1))


def _flips(rate: FaultRate, way: str, source: random.Random) -> Iterator[Fault]:
    """Each bit alone with probability `per_bit`; those of one byte are one fault. Bit 0 is sent first, as on a UART."""
    bit = _gap(source, rate.per_bit)
    while True:
        offset, mask = bit // 8, 0
        while bit // 8 == offset:
            mask |= 1 << bit % 8
            bit += 1 + _gap(source, rate.per_bit)
        yield Fault(way, "flip", offset, data=bytes([mask]))


def _bursts(rate: FaultRate, way: str, source: random.Random) -> Iterator[Fault]:
    """The bad state of a Gilbert-Elliott channel (Elliott, Bell System Technical Journal 42(5), 1963), byte by byte."""
    offset = 0
    while True:
        offset += _gap(source, rate.per_byte)
        length = min(1 + _gap(source, 1 / rate.mean_bytes), MOST_DATA)
        mask = bytes(sum((source.random() < rate.per_bit) << bit for bit in range(8)) for _ in range(length))
        if any(mask):
            yield Fault(way, "burst", offset, data=mask)
        offset += length


def _events(rate: FaultRate, way: str, source: random.Random) -> Iterator[Fault]:
    offset = _gap(source, rate.per_byte)
    low, high = rate.length
    while True:
        length, data, seconds = 0, b"", 0.0
        if rate.kind in {"drop", "truncate", "duplicate"}:
            length = _between(source, low, high)
        elif rate.kind == "insert":
            data = bytes(_between(source, 0, 255) for _ in range(_between(source, low, high)))
        elif rate.kind != "reset":
            shortest, longest = rate.seconds
            seconds = round(shortest + source.random() * (longest - shortest), 6)
        yield Fault(way, rate.kind, offset, length, data, seconds)
        offset += 1 + _gap(source, rate.per_byte)
