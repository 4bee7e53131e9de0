"""What docs/first-board.md shows can be typed and read as it stands."""

import re
import shlex
from pathlib import Path

import pytest

from bench.cli.parser import make_parser
from bench.station import load_placed, load_station
from bench.target import SerialSpec

PAGE = (Path(__file__).parents[2] / "docs" / "first-board.md").read_text(encoding="utf-8")

_PRACTICE = {"socat", "firmware_if/firmware/build/host/payload.elf"}
"""What stands in for a board."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines()]


@pytest.mark.parametrize("line", commands())
def test_a_command_on_the_page_is_one_that_the_bench_has(line: str) -> None:
    program, *words = shlex.split(line, comments=True)
    if program != "bench":
        assert program in _PRACTICE
        return
    assert make_parser().parse_args(words).command == words[0]


def test_the_target_and_the_stations_on_the_page_are_read(tmp_path: Path) -> None:
    target, by_hand, automatic = blocks("toml")
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "my-board.toml").write_text(target)
    station = tmp_path / "station.toml"
    station.write_text(by_hand)
    assert load_placed("my-board", load_station(station)).build_id == "any"
    station.write_text(automatic)
    line = load_placed("my-board", load_station(station)).transport
    assert isinstance(line, SerialSpec)
    assert (line.baud, line.url) == (921600, "usb:0403:6001:A50285BI")
    assert line.flash is not None
    assert shlex.split(line.flash.line)[-1] == "program $HIL_ELF verify reset exit"
    assert line.reset is not None
    assert line.reset.timeout_s == 20
