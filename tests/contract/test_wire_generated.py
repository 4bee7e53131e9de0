"""What is generated from wire.toml is what is committed, and the wire costs as little as promised."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_if.framing import MAX_PACKET_BYTES, Header, enframe
from firmware_if.messages import FINGERPRINT, MAX_FRAME_BYTES, FrameType, Samples
from firmware_if.packets import ACKNOWLEDGE_NONE, pack_telecommand
from tools.gen_wire import INTERFACE, make_files
from tools.wiregen.schema import load_schema

ROOT = Path(__file__).parents[2]
LABEL_BYTES = 6


def test_generated_files_are_committed() -> None:
    stale = [path.name for path, text in make_files(INTERFACE).items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run: python -m tools.gen_wire"


@pytest.mark.parametrize("command", [["tools/gen_wire.py"], ["-m", "tools.gen_wire"]])
def test_the_check_says_so(command: list[str]) -> None:
    ran = subprocess.run([sys.executable, *command, "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "messages.py, wire.h, wire.c and SPEC.md are what wire.toml says\n"


def fingerprint_of(tmp_path: Path, text: str) -> int:
    path = tmp_path / "wire.toml"
    path.write_text(text, encoding="utf-8")
    return load_schema(path).fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('doc = "largest frame on the wire', 'doc = "the largest frame'),
        ('doc = "ST[17] test."', 'doc = "ST[17] asks for a sign of life."'),
        ('["memory", "u8", "", "model handle"]', '["memory", "u8", "", "which model"]'),
        ("# The contract between", "# A contract between"),
    ],
)
def test_words_do_not_change_the_fingerprint(tmp_path: Path, old: str, new: str) -> None:
    text = (INTERFACE / "wire.toml").read_text(encoding="utf-8")
    assert fingerprint_of(tmp_path, text.replace(old, new)) == FINGERPRINT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version = 1", "version = 2"),
        ("type = 0x11", "type = 0x13"),
        ("value = 0x2A5", "value = 0x2A6"),
        ('["memory", "u8"', '["memory", "u16"'),
        ('["memory", "u8"', '["handle", "u8"'),
        ('"of the firmware"],\n    ["nonce"', '"of the firmware"],\n    ["number"'),
        ('name = "ROW_GAP", value = 11', 'name = "ROW_GAP", value = 99'),
        ("subtype = 15", "subtype = 99"),
        ('["interrupts_in_steps", "u32", ""', '["interrupts_in_steps", "u32", "count"'),
    ],
)
def test_meaning_changes_the_fingerprint(tmp_path: Path, old: str, new: str) -> None:
    text = (INTERFACE / "wire.toml").read_text(encoding="utf-8")
    assert old in text
    assert fingerprint_of(tmp_path, text.replace(old, new)) != FINGERPRINT


def test_a_full_frame_costs_less_than_48_bytes() -> None:
    """All of it is counted but the records: delimiters, COBS, link header, packet headers, first row, both CRCs."""
    for channels in range(1, 161):
        row_bytes = LABEL_BYTES + 4 * channels
        rows = rows_per_packet(row_bytes)
        wire_bytes = len(sample_frame(b"\x01" * (rows * row_bytes)))
        assert wire_bytes <= MAX_FRAME_BYTES
        assert wire_bytes - rows * row_bytes < 48, channels
    least, most = (len(sample_frame(fill * 984)) - 984 for fill in (b"\x00", b"\x01"))
    print(f"overhead of a full frame: {least} to {most} bytes")


@pytest.mark.parametrize("fill", [b"\x00", b"\x01", b"\xc0\x20\x00\x00"])
def test_six_channels_use_the_wire_well(fill: bytes) -> None:
    row_bytes = LABEL_BYTES + 4 * 6
    records = (fill * row_bytes)[:row_bytes] * rows_per_packet(row_bytes)
    efficiency = len(records) / len(sample_frame(records))
    print(f"{len(records)} record bytes, efficiency {efficiency:.4f}")
    assert efficiency >= 0.95


def rows_per_packet(row_bytes: int) -> int:
    return (MAX_PACKET_BYTES - 11 - 4 - 2) // row_bytes  # TC headers, first row, CRC-16


def sample_frame(records: bytes) -> bytes:
    packet, _ = pack_telecommand(Samples(first_row=850, records=records), 7, acknowledgements=ACKNOWLEDGE_NONE)
    return enframe(Header(FrameType.DATA, 1, 0x1A2B3C4D, 258, 259, 0xFFFF), packet)


def test_every_frame_type_is_in_the_specification() -> None:
    text = (INTERFACE / "SPEC.md").read_text(encoding="utf-8")
    assert f"`{FINGERPRINT:016X}`" in text
    for frame in FrameType:
        assert re.search(rf"\| 0x{frame.value:02X} \|", text)
