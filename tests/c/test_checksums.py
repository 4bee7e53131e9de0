"""CRC-32 in C, which takes words where it can: as zlib has it, for every alignment, length and cut."""

import random
import zlib

import pytest

from tests.c.wire_native import Driver

SEED = 20261121


def checksums(driver: Driver, content: bytes, shift: int, cut: int) -> tuple[int, int]:
    """Of the whole, and of two pieces one after the other."""
    [line] = driver.ask("K", bytes([shift]) + cut.to_bytes(2, "big") + content)
    whole, pieces = line.split()
    return int(whole, 16), int(pieces, 16)


@pytest.mark.parametrize("shift", range(8))
def test_every_length_from_none_on_at_every_alignment(driver: Driver, shift: int) -> None:
    draw = random.Random(SEED + shift)
    for length in [*range(40), 63, 64, 65, 255, 896, 1023, 1024, 4099]:
        content = draw.randbytes(length)
        cut = draw.randrange(length + 1)
        expected = zlib.crc32(content)
        assert checksums(driver, content, shift, cut) == (expected, expected), (SEED, length, cut)


def test_every_cut_of_a_short_stretch(driver: Driver) -> None:
    content = random.Random(SEED).randbytes(21)
    found = {checksums(driver, content, shift, cut) for shift in range(4) for cut in range(22)}
    assert found == {(zlib.crc32(content),) * 2}


@pytest.mark.parametrize(("content", "crc"), [(b"", 0), (b"123456789", 0xCBF43926), (bytes(4), 0x2144DF1C)])
def test_published_values(driver: Driver, content: bytes, crc: int) -> None:
    assert checksums(driver, content, 0, 0) == (crc, crc)
