"""Targets say what a board is."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import ConfigurationError
from bench.station import place
from bench.target import (
    FlashPlace,
    ProcessSpec,
    QemuTransportSpec,
    SerialSpec,
    StorageSpec,
    Target,
    board_names,
    contradictions,
    load_target,
    own_firmware,
    target_names,
)

QEMU = """
name = "demo"
title = "A demonstration"
port = "zynq"
clock = "instructions"
capabilities = ["stream"]
masks_interrupts = true
[transport]
kind = "qemu"
binary = "qemu-system-arm"
machine = "xilinx-zynq-a9"
arguments = ["-display", "none"]
ready_s = 10
[clock_facts]
counted = "guest instructions"
assumed_instructions_per_s = 533_000_000
because = "667 MHz at 0.8 instructions a cycle"
[memory]
ram_bytes = 1024
arena_bytes = 512
"""
BOARD = """
name = "board"
title = "A board"
clock = "cycles"
capabilities = ["stream"]
masks_interrupts = false
[transport]
kind = "serial"
baud = 921600
ready_s = 2.0
[clock_facts]
counted = "cycles of the core"
[memory]
arena_bytes = 512
"""


def target(folder: Path, text: str) -> Target:
    path = folder / "demo.toml"
    path.write_text(text, encoding="utf-8")
    return load_target("demo", folder)


def board(folder: Path) -> Target:
    (folder / "board.toml").write_text(BOARD, encoding="utf-8")
    return load_target("board", folder)


def test_every_fact_of_a_target_is_read(tmp_path: Path) -> None:
    found = target(tmp_path, QEMU)
    assert (found.name, found.title, found.port) == ("demo", "A demonstration", "zynq")
    assert found.transport == QemuTransportSpec("xilinx-zynq-a9", "qemu-system-arm", ("-display", "none"), 10.0)
    assert (found.clock.kind, found.clock.counted) == ("instructions", "guest instructions")
    assert found.clock.assumed_instructions_per_s == 533e6
    assert found.clock.because == "667 MHz at 0.8 instructions a cycle"
    assert (found.memory.ram_bytes, found.memory.arena_bytes, found.memory.stack_bytes) == (1024, 512, None)
    assert found.capabilities == {"stream"}
    assert found.masks_interrupts


def test_a_target_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    found = target(tmp_path, QEMU)
    assert target_names(tmp_path) == ("demo",)
    assert load_target(tmp_path / "demo.toml", tmp_path / "elsewhere") == found


def test_a_target_that_counts_instructions_can_be_upset(tmp_path: Path) -> None:
    assert target(tmp_path, QEMU).counter is None
    counting = QEMU.replace('"none"]', '"none", "-icount", "shift=6"]')
    upsets = f'{counting}[upsets]\ncounter = "icount"\n'
    assert (target(tmp_path, upsets).counter, target(tmp_path, upsets).flash) == ("icount", None)
    assert target(tmp_path, f"{upsets}flash = {{ address = 64, bytes = 128 }}").flash == FlashPlace(64, 128)


def test_a_port_with_boards_is_built_for_the_one_that_the_target_names(tmp_path: Path) -> None:
    found = target(tmp_path, QEMU.replace('port = "zynq"', 'port = "mps2"\nboard = "an500"'))
    assert (found.port, found.board) == ("mps2", "an500")
    assert board_names("mps2") == ("an386", "an500")
    assert target(tmp_path, QEMU).board is None
    assert board_names("zynq") == ()


def test_a_board_without_firmware_of_ours_has_no_board_of_a_port(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(f'board = "an386"\n{BOARD}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="board: given without a port") as caught:
        load_target("board", tmp_path)
    assert caught.value.hint == "leave the key out"


def test_a_process_and_a_board_are_other_ways_to_a_target(tmp_path: Path) -> None:
    text = QEMU.replace('kind = "qemu"', 'kind = "process"')
    text = text.replace('binary = "qemu-system-arm"\nmachine = "xilinx-zynq-a9"\n', "")
    assert target(tmp_path, text).transport == ProcessSpec(("-display", "none"), 10.0)
    assert board(tmp_path).transport == SerialSpec(None, 921600, 2.0)
    assert board(tmp_path).port is None


def test_firmware_beside_a_target_of_the_working_folder_is_no_program_of_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target(tmp_path, QEMU.replace('port = "zynq"\n', "").replace("[transport]", '[transport]\nfirmware = "my.elf"'))
    monkeypatch.chdir(tmp_path)
    assert own_firmware(load_target("demo.toml")) == tmp_path / "my.elf"


def test_firmware_of_ones_own_is_found_beside_the_target_and_is_not_on_a_port(tmp_path: Path) -> None:
    text = QEMU.replace('port = "zynq"\n', "").replace("[transport]", '[transport]\nfirmware = "build/my.elf"')
    found = target(tmp_path, text)
    assert own_firmware(found) == tmp_path / "build" / "my.elf"
    assert own_firmware(place(found, port="/dev/ttyUSB0")) == tmp_path / "build" / "my.elf"
    assert own_firmware(target(tmp_path, QEMU)) is None


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("masks_interrupts", "mask_interrupts", "masks_interrupts: missing", "did you write 'mask_interrupts'"),
        ("ram_bytes", "ram_byte", "memory.ram_byte: unknown key", "did you mean 'ram_bytes'?"),
        ("= 1024", "= 0", "memory.ram_bytes: is 0, expected a value of at least 1", "give memory.ram_bytes"),
        ("= true", "= 1", "masks_interrupts: is 1, expected true or false", "give masks_interrupts"),
        ('name = "demo"', 'name = "other"', "name: is 'other', expected the file's name", "name the target 'demo'"),
        ('port = "zynq"', 'port = "zinq"', "port: is 'zinq', expected one of", "did you mean 'zynq'?"),
        ('port = "zynq"', "", "port: missing, and without it the bench cannot build", "host, mps2, zynq"),
        ("[transport]", '[transport]\nfirmware = "my.elf"', "port: stands beside transport.firmware", "leave out port"),
        ('port = "zynq"', 'port = "zynq"\nboard = "x"', "board: given for port zynq, which has no boards", "leave the"),
        ('port = "zynq"', 'port = "mps2"', "board: missing", "add board"),
        ('port = "zynq"', 'port = "mps2"\nboard = "an368"', "board: is 'an368'", "did you mean 'an386'?"),
        ('clock = "instructions"', 'clock = "cycle"', "clock: is 'cycle'", "did you mean 'cycles'?"),
        ('clock = "instructions"', 'clock = "cycles"', "given for a clock that counts cycles", "count of instructions"),
        ('["stream"]', '["steam"]', "capabilities[0]: is 'steam', which is no capability", "did you mean 'stream'?"),
        ('kind = "qemu"', 'kind = "qmeu"', "transport.kind: is 'qmeu'", "did you mean 'qemu'?"),
        ("ready_s = 10", "ready_s = 0", "transport.ready_s: is 0.0, expected a value in [0.01, 600]", ""),
        ("[memory]", "[upsets]\n[memory]", "upsets.counter: missing", "add upsets.counter"),
        ("[memory]", '[upsets]\ncounter = "count"\n[memory]', "upsets.counter: is 'count'", "'icount'"),
        (
            "[memory]",
            '[upsets]\ncounter = "icount"\n[memory]',
            "upsets.counter: 'icount' is counted by QEMU with -icount alone",
            "add -icount to transport.arguments",
        ),
        ("[memory]", "[memory", "not valid TOML: ", "correct the line that the message names"),
    ],
)
def test_a_wrong_target_is_refused(tmp_path: Path, *, old: str, new: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        target(tmp_path, QEMU.replace(old, new, 1))
    assert "demo.toml: " in caught.value.message
    assert hint in caught.value.hint


def test_malformed_toml_shows_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"not valid TOML: .*line 3"):
        target(tmp_path, 'name = "demo"\ntitle = "x"\nport = zynq\n')


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="no target is named 'qemu-zynq'") as caught:
        load_target("qemu-zynq")
    assert caught.value.hint == "did you mean 'qemu-zynq-a9'?"
    with pytest.raises(ConfigurationError, match=r"absent\.toml: no such file"):
        load_target("absent.toml")


def test_a_payload_that_is_another_than_the_file_says_is_told(tmp_path: Path) -> None:
    found = target(tmp_path, QEMU)
    arena = found.memory.arena_bytes
    assert contradictions(found, clock="instructions", arena_bytes=arena) == ()
    assert contradictions(found, clock="host", arena_bytes=arena + 1) == (
        "the payload counts host, the file of demo says instructions",
        f"the payload's arena has {arena + 1:,} bytes, the file of demo says {arena:,}",
    )


def test_storage_is_a_file_whose_place_the_arguments_say(tmp_path: Path) -> None:
    text = QEMU.replace("ready_s = 10", 'storage = ["-drive", "file={storage}"]\nstorage_bytes = 4096\nready_s = 10')
    transport = target(tmp_path, text).transport
    assert isinstance(transport, QemuTransportSpec)
    assert transport.storage == StorageSpec(("-drive", "file={storage}"), 4096)
    assert target(tmp_path, QEMU).transport == replace(transport, storage=None)


def test_storage_without_a_place_is_refused(tmp_path: Path) -> None:
    text = QEMU.replace("ready_s = 10", 'storage = ["-drive", "file=flash"]\nready_s = 10')
    with pytest.raises(ConfigurationError, match=r"storage: has no \{storage\}"):
        target(tmp_path, text)
