"""Fields to bytes and back."""

import math
from collections.abc import Callable

import pytest

from firmware_if.errors import WireError
from firmware_if.messages import ArrayInfo
from firmware_if.octets import Reader, Writer

CASES: list[tuple[str, tuple[object, ...], tuple[int, ...], str]] = [
    ("u8", (0xAB,), (), "ab"),
    ("u16", (0xABCD,), (), "abcd"),
    ("u32", (0xABCDEF01,), (), "abcdef01"),
    ("u64", (0xABCDEF0123456789,), (), "abcdef0123456789"),
    ("i16", (-2,), (), "fffe"),
    ("f32", (-2.5,), (), "c0200000"),
    ("f64", (0.75,), (), "3fe8000000000000"),
    ("string", ("°C",), (), "03c2b043"),
    ("byte_string", (b"\x00\x01",), (), "00020001"),
    ("rest", (b"\x00\x01",), (), "0001"),
    ("octets", (b"\x00\x01", 2), (2,), "0001"),
    ("text", ("ab", 4), (4,), "61620000"),
    ("u8_list", ((1, 2),), (), "020102"),
    ("i16_list", ((-1, 2),), (), "02ffff0002"),
]


@pytest.mark.parametrize(("kind", "arguments", "sizes", "expected"), CASES, ids=lambda value: str(value)[:12])
def test_a_field_is_written_and_read(
    kind: str, arguments: tuple[object, ...], sizes: tuple[int, ...], expected: str
) -> None:
    writer = Writer()
    getattr(writer, kind)(*arguments)
    assert writer.getvalue().hex() == expected
    reader = Reader(writer.getvalue())
    assert getattr(reader, kind)(*sizes) == arguments[0]
    reader.finish()


@pytest.mark.parametrize(("kind", "arguments", "sizes", "expected"), CASES, ids=lambda value: str(value)[:12])
def test_a_field_cut_short_is_refused(
    kind: str, arguments: tuple[object, ...], sizes: tuple[int, ...], expected: str
) -> None:
    del arguments
    if kind == "rest":
        return
    data = bytes.fromhex(expected)
    for length in range(len(data)):
        with pytest.raises(WireError, match=r"\d+ bytes needed, \d+ left at offset \d+"):
            getattr(Reader(data[:length]), kind)(*sizes)


def test_structs_in_a_list() -> None:
    items = (ArrayInfo("w", 1, 2), ArrayInfo("", 3, 1))
    writer = Writer()
    writer.struct_list(items)
    assert writer.getvalue().hex() == "02" + "01770102" + "000301"
    assert Reader(writer.getvalue()).struct_list(ArrayInfo.read) == items


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda w: w.u8(256), "256 does not fit into a field of format '>B'"),
        (lambda w: w.u16(-1), "-1 does not fit into a field of format '>H'"),
        (lambda w: w.u32(1 << 32), "4294967296 does not fit"),
        (lambda w: w.u64(1 << 64), "does not fit"),
        (lambda w: w.i16(32768), "32768 does not fit into a field of format '>h'"),
        (lambda w: w.f32(1e39), r"1e\+39 does not fit into a field of format '>f'"),
        (lambda w: w.u8(1.5), "1.5 does not fit"),
        (lambda w: w.string("x" * 256), r"a list or text of 256 elements does not fit \(at most 255\)"),
        (lambda w: w.string("é" * 128), "of 256 elements"),
        (lambda w: w.string("\udcff"), "cannot be written as UTF-8"),
        (lambda w: w.text("\udcff", 9), r"'\\udcff' cannot be written as UTF-8"),
        (lambda w: w.byte_string(bytes(65536)), "65536 does not fit"),
        (lambda w: w.octets(b"ab", 3), "2 bytes given for a field of 3"),
        (lambda w: w.text("abcd", 3), "'abcd' is longer than 3 bytes"),
        (lambda w: w.u8_list([0] * 256), "256 elements"),
        (lambda w: w.u8_list([-3]), "-3 does not fit"),
        (lambda w: w.i16_list([0] * 257), "257 elements"),
        (lambda w: w.struct_list([ArrayInfo("", 0, 0)] * 258), "258 elements"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(write: Callable[[Writer], None], said: str) -> None:
    with pytest.raises(WireError, match=said):
        write(Writer())


def test_bytes_left_over_are_refused() -> None:
    reader = Reader(b"\x00\x01")
    reader.u8()
    with pytest.raises(WireError, match="1 bytes left over at offset 1"):
        reader.finish()


@pytest.mark.parametrize(("kind", "data"), [("string", b"\x01\xff"), ("text", b"\xff")])
def test_text_that_is_not_utf8_is_refused(kind: str, data: bytes) -> None:
    arguments = (1,) if kind == "text" else ()
    with pytest.raises(WireError, match=r"text field is not UTF-8: b'\\xff'"):
        getattr(Reader(data), kind)(*arguments)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, -0.0, 5e-324])
def test_special_reals_keep_their_bits(value: float) -> None:
    writer = Writer()
    writer.f64(value)
    again = Writer()
    again.f64(Reader(writer.getvalue()).f64())
    assert again.getvalue() == writer.getvalue()
