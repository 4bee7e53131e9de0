"""The generator refuses a contract that contradicts itself, naming the place."""

import shutil
import sys
from pathlib import Path

import pytest

from tools import gen_wire
from tools.wiregen.schema import SchemaError, load_schema
from tools.wiregen.spec import make_spec

WIRE = gen_wire.INTERFACE / "wire.toml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = WIRE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "wire.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["magic", "u32"', '["magic", "u33"', "Hello.magic: unknown type 'u33'"),
        ("[ArrayInfo]", "[Nothing]", r"CatalogueEntry.arrays: unknown type '\[Nothing\]'"),
        ('["first_row", "u32"', '["first_row", "rest"', "Samples.first_row: 'rest' must be the last field"),
        ('["name", "str", "", ""], ["value", "f64"', '["name", "str", "", ""], ["value", "rest"', "a struct in a list"),
        ('name = "Restart"', 'name = "List"', "two have the same struct or packet: 'List'"),
        ("subtype = 15", "subtype = 13", r"two have the same packet \[service, subtype\]: \(128, 13\)"),
        ("type = 0x12", "type = 0x11", "two have the same frame type: 17"),
        ('"ROW_GAP", value = 11', '"ROW_GAP", value = 12', "two have the same value of FailureCode: 12"),
        ('"ROW_GAP"', '"ROW_REPEAT"', "two have the same name in FailureCode: 'ROW_REPEAT'"),
        ('["fingerprint", "u64"', '["version", "u64"', "two have the same field of Hello: 'version'"),
        ('from = "payload"', 'from = "board"', "frame Hello: from 'board' is none of bench, payload, both"),
        ('subtype = 15\nkind = "TC"', 'subtype = 15\nkind = "TX"', "packet Restart: kind 'TX' is neither TC nor TM"),
        ("version = 1\n", "", "an entry lacks 'version'"),
    ],
)
def test_a_contradiction_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        load_schema(changed(tmp_path, old, new))


def test_markers_and_tables_must_match() -> None:
    schema = load_schema(WIRE)
    spec = (gen_wire.INTERFACE / "SPEC.md").read_text(encoding="utf-8")
    with pytest.raises(SchemaError, match=r"SPEC\.md asks for a table 'limit'; there are limits, frames, enums"):
        make_spec(schema, spec + "<!-- generated: limit -->\n<!-- end -->\n")
    with pytest.raises(SchemaError, match=r"SPEC\.md has no marker for the table 'frames'"):
        make_spec(schema, spec.replace("generated: frames", "generated: limits"))


@pytest.fixture
def interface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the contract in which something may be stale."""
    folder = tmp_path / "firmware_if"
    (folder / "c").mkdir(parents=True)
    for name in ("wire.toml", "SPEC.md", "messages.py", "c/wire.h", "c/wire.c"):
        shutil.copy(gen_wire.INTERFACE / name, folder / name)
    monkeypatch.setattr(gen_wire, "INTERFACE", folder)
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gen_wire", *arguments])
    return gen_wire.main()


def test_check_names_what_is_stale_and_writes_nothing(
    interface: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    header = interface / "c" / "wire.h"
    header.write_text(header.read_text().replace("Hello", "Goodbye"))
    before = header.read_text()
    (interface / "messages.py").unlink()
    assert run(monkeypatch, "--check") == 1
    assert capsys.readouterr().out == (
        "firmware_if/messages.py: stale: run python -m tools.gen_wire\n"
        "firmware_if/c/wire.h: stale: run python -m tools.gen_wire\n"
    )
    assert header.read_text() == before
    assert run(monkeypatch) == 0
    assert run(monkeypatch, "--check") == 0
    assert header.read_bytes() == (Path(__file__).parents[2] / "firmware_if/c/wire.h").read_bytes()


def test_a_contradiction_ends_with_its_name(
    interface: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wire = interface / "wire.toml"
    wire.write_text(wire.read_text().replace('["magic", "u32"', '["magic", "u33"'))
    assert run(monkeypatch) == 1
    assert capsys.readouterr().err == "wire.toml: Hello.magic: unknown type 'u33'\n"
