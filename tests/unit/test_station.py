"""A station file says where a target is plugged in."""

import re
from pathlib import Path

import pytest

from bench.errors import ConfigurationError
from bench.station import Station, StationPort, load_placed, load_station, place
from bench.target import SerialSpec, ShellCommand, Target, load_target

BOARD = """
name = "board"
title = "A board of one's own"
clock = "cycles"
capabilities = ["stream"]
masks_interrupts = false
[clock_facts]
counted = "the core's cycle counter"
[memory]
arena_bytes = 65536
[transport]
kind = "serial"
baud = 921600
ready_s = 2.0
"""


def board(folder: Path) -> Target:
    path = folder / "board.toml"
    path.write_text(BOARD, encoding="utf-8")
    return load_target(path)


def station(folder: Path, text: str) -> Station:
    path = folder / "station.toml"
    path.write_text(text, encoding="utf-8")
    return load_station(path)


def test_a_station_file_names_ports(tmp_path: Path) -> None:
    build_id = "0123456789abcdef" * 2
    text = '[station.host]\nport = "/dev/ttyS0"\n[station.qemu-zynq-a9]\nport = "socket://lab:4000"\nbaud = 9600\n'
    found = station(tmp_path, text + f'build_id = "{build_id}"\n')
    assert found.ports == {
        "host": StationPort("/dev/ttyS0"),
        "qemu-zynq-a9": StationPort("socket://lab:4000", 9600, build_id),
    }
    assert station(tmp_path, "").ports == {}


def test_a_station_file_says_how_a_line_is_opened_and_a_board_reset_and_flashed(tmp_path: Path) -> None:
    text = """
    [station.board]
    port = "/dev/serial/by-id/usb-probe"
    build_id = "any"
    dtr = false
    rts = true
    reconnect_s = 0
    reset_command = "openocd -c reset"
    flash_command = "pyocd flash $HIL_ELF"
    flash_timeout_s = 60
    """
    found = board(tmp_path)
    text_path = tmp_path / "station.toml"
    text_path.write_text(text, encoding="utf-8")
    placed = place(found, load_station(text_path, tmp_path))
    assert placed.build_id == "any"
    assert placed.transport == SerialSpec(
        "/dev/serial/by-id/usb-probe",
        921600,
        2.0,
        dtr=False,
        rts=True,
        reconnect_s=0.0,
        reset=ShellCommand("openocd -c reset", 30.0),
        flash=ShellCommand("pyocd flash $HIL_ELF", 60.0),
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('[station.hots]\nport = "x"', "station.hots: no target has this name", "did you mean 'host'?"),
        ('[station.mine]\ntarget = "mine.toml"\nport = "x"', "target: is ", "docs/add-a-target.md"),
        ('[station.mine]\ntarget = "boards/yours.toml"\nport = "x"', "expected a file mine.toml", "a path from"),
        ('[staton.host]\nport = "x"', "staton: unknown key", "did you mean 'station'?"),
        ('[station.host]\nprot = "x"', "station.host.port: missing", "did you write 'prot' for 'port'?"),
        ('[station.host]\nport = ""', "station.host.port: is empty", "/dev/ttyUSB0"),
        ('[station.host]\nport = "x"\nbaud = 0', "station.host.baud: is 0", "give station.host.baud"),
        ('[station.host]\nport = "x"\nbuild_id = "12"', "build_id: is '12', expected 32 hexadecimal digits", "copy it"),
        ('[station.host]\nport = "x"\nreset_command = " "', "reset_command: is empty", "a line for the shell"),
        ('[station.host]\nport = "x"\nflash_timeout_s = 3', "stands without flash_command", "add flash_command"),
        ("[station.host\n", "not valid TOML: ", "correct the line"),
    ],
)
def test_a_wrong_station_file_is_refused(tmp_path: Path, *, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        station(tmp_path, text)
    assert hint in caught.value.hint


def test_a_target_that_the_bench_starts_stays_as_it_is() -> None:
    found = load_target("qemu-zynq-a9")
    assert place(found) is found


def test_a_port_makes_a_serial_target_of_any() -> None:
    found = load_target("qemu-zynq-a9")
    placed = place(found, port="/dev/ttyUSB0")
    assert placed.transport == SerialSpec("/dev/ttyUSB0", 115200, 10.0)
    assert (placed.port, placed.clock, placed.memory) == (found.port, found.clock, found.memory)
    assert place(found, port="/dev/ttyUSB0", baud=9600).transport == SerialSpec("/dev/ttyUSB0", 9600, 10.0)


def test_a_board_stands_where_its_station_says_unless_a_port_is_given(tmp_path: Path) -> None:
    plugged = Station({"board": StationPort("/dev/ttyUSB1", 9600, "ab" * 16)})
    placed = place(board(tmp_path), plugged)
    assert placed.transport == SerialSpec("/dev/ttyUSB1", 9600, 2.0)
    assert placed.build_id == "ab" * 16
    elsewhere = place(board(tmp_path), plugged, port="/dev/ttyUSB2")
    assert elsewhere.transport == SerialSpec("/dev/ttyUSB2", 921600, 2.0)
    assert elsewhere.build_id is None
    assert place(board(tmp_path), plugged, baud=19200).transport == SerialSpec("/dev/ttyUSB1", 19200, 2.0)
    assert place(board(tmp_path), Station({"board": StationPort("x")})).transport == SerialSpec("x", 921600, 2.0)


def test_a_board_without_a_port_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="board is a board, and nothing says which port it is on") as caught:
        place(board(tmp_path))
    assert "[station.board]" in caught.value.hint
    with pytest.raises(ConfigurationError, match="nothing says which port"):
        place(board(tmp_path), port="")


def test_a_baud_without_a_line_is_an_error() -> None:
    with pytest.raises(
        ConfigurationError, match="qemu-zynq-a9 is started by the bench and has no line to run at 9600 baud"
    ):
        place(load_target("qemu-zynq-a9"), baud=9600)


def test_a_station_file_names_the_file_of_a_target_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    board(tmp_path / "boards")
    plugged = station(tmp_path, '[station.board]\ntarget = "boards/board.toml"\nport = "/dev/ttyACM0"\n')
    placed = load_placed("board", plugged)
    assert (placed.name, placed.transport) == ("board", SerialSpec("/dev/ttyACM0", 921600, 2.0))
    assert load_placed("board", plugged, port="/dev/ttyACM1").transport == SerialSpec("/dev/ttyACM1", 921600, 2.0)
    with pytest.raises(ConfigurationError, match="no target is named 'board'"):
        load_placed("board")
