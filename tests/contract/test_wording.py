"""The project speaks of itself alone: no file names a path or a package registry of somebody's machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The one file that may look outside the checkout, for data that are not part of the project.
MAY_LOOK_OUTSIDE = frozenset({".ci/run"})
OUTSIDE = re.compile(r"\.\./shared|(?<![\w.~}$*-])/(?:home|Users|root|work|mnt|opt)/\w")
PINNED = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+")


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    return [name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]


@pytest.mark.parametrize(
    ("line", "outside"),
    [
        ("cd .." + "/shared/data", True),
        ("see /" + "home/ada/bench", True),
        ('"/' + 'work/main"', True),
        ("#!/usr/bin/env bash", False),
        ("https://example.org/home/page", False),
        ("a frame of work/rest", False),
    ],
)
def test_outside_paths_are_recognised(line: str, *, outside: bool) -> None:
    assert bool(OUTSIDE.search(line)) is outside


def test_no_tracked_file_names_a_path_outside_the_project() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in tracked_files()
        if name not in MAY_LOOK_OUTSIDE
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if OUTSIDE.search(line)
    ]
    assert found == []


def test_requirements_are_pins_and_nothing_else() -> None:
    lines = [
        line for path in (ROOT / "requirements").iterdir() for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert [line for line in lines if not line.startswith("#") and not PINNED.fullmatch(line)] == []


def test_every_dependency_is_pinned() -> None:
    """A package added to pyproject.toml alone would be missing after set-up."""
    listed = subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "pip", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert listed.returncode == 0, listed.stdout
