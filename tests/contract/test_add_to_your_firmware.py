"""What docs/add-to-your-firmware.md shows is what its example holds, and the example keeps the house rules."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "add-to-your-firmware.md"
EXAMPLE = CHECKOUT / "docs" / "examples" / "own-payload"
BLOCKS = re.findall(r"^`([\w/.-]+)`\n\n```\w+\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
TWIN = "docs/examples/own-payload/learners/margin_perceptron.py"


def test_the_page_shows_the_files_that_matter() -> None:
    assert {"main.c", "registry.c", "board_m4.c", "Makefile", "own-m4.toml", "own-payload.toml"} <= {
        name for name, _ in BLOCKS
    }


@pytest.mark.parametrize(("name", "text"), BLOCKS)
def test_a_block_is_a_piece_of_the_file_above_it(name: str, text: str) -> None:
    assert text in (EXAMPLE / name).read_text(), f"the page shows an older {name}"


def test_the_main_loop_and_the_registry_are_shown_whole() -> None:
    shown = dict(BLOCKS)
    for name in ("main.c", "registry.c"):
        assert shown[name] == (EXAMPLE / name).read_text()


def test_the_twin_keeps_the_house_rules() -> None:
    for command in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        ran = subprocess.run(
            [sys.executable, "-m", *command, TWIN], cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_source_of_the_example_stays_small() -> None:
    for path in EXAMPLE.rglob("*.[ch]"):
        if "build" not in path.parts:
            assert len(path.read_text().splitlines()) < 400, path
