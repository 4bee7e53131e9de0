"""What docs/add-a-learner.md shows works as it stands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "add-a-learner.md"
NEEDED = ("pyproject.toml", "firmware_if", "tests/conftest.py", "tests/parity", "tests/contract/test_pairs.py")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the checkout's sources with the page's files put where it says."""
    unwanted = shutil.ignore_patterns("__pycache__", "build", "*.o")
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=unwanted)
        else:
            shutil.copy(CHECKOUT / name, tmp_path / name)
    for name, text in re.findall(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(tree: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment["PYTHONPATH"] = str(tree)
    ran = subprocess.run(
        [sys.executable, "-m", *command], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_example_passes_the_tests_that_the_page_promises(tree: Path) -> None:
    assert (tree / "firmware_if/learners/perceptron.c").exists()
    assert (tree / "firmware_if/learners/perceptron.py").exists()
    printed = run(tree, "pytest", "-rP", "tests/parity", "tests/contract/test_pairs.py", "-k", "perceptron")
    for arithmetic in ("flight", "f64"):
        for compiler in ("gcc", "clang"):
            for kind in ("ordinary", "sparse", "tiny", "huge", "mixed"):
                assert re.search(rf"perceptron {arithmetic}, {kind}: .* bit-identical \({compiler}\)", printed)
    run(tree, "pytest", "tests/parity", "tests/contract/test_pairs.py", "-k", "tables or pairs")


def test_the_example_in_python_keeps_the_house_rules(tree: Path) -> None:
    file = "firmware_if/learners/perceptron.py"
    run(tree, "ruff", "check", file)
    run(tree, "ruff", "format", "--check", file)
    run(tree, "mypy", file)


def test_the_command_on_the_page_names_environments_that_exist() -> None:
    command = re.search(r"tox -e (\S+) -- -k perceptron", PAGE.read_text())
    assert command
    suite = (CHECKOUT / "tox.ini").read_text()
    for environment in command[1].split(","):
        assert f"[testenv:{environment}]" in suite
