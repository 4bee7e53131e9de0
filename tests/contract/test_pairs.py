"""Every learner and feature map is a pair: C for the payload, Python as its plain reference."""

import re
from pathlib import Path

import pytest

from firmware_if.reference import feature_modules, learner_modules

ROOT = Path(__file__).parents[2] / "firmware_if"
KINDS = ("learners", "features")


def stems(folder: Path, suffix: str) -> set[str]:
    return {path.stem for path in folder.glob(f"*{suffix}") if not path.stem.startswith("__")}


def missing_twins(folder: Path) -> list[str]:
    c, python = stems(folder, ".c"), stems(folder, ".py")
    return sorted([f"{folder.name}/{s}.py" for s in c - python] + [f"{folder.name}/{s}.c" for s in python - c])


def marked(source: Path, key: str) -> list[str]:
    """Words behind `key:` in the first lines of a C source."""
    head = "\n".join(source.read_text().splitlines()[:8])
    found = re.search(rf"^[ /*]*{key}:(.*)$", head, re.MULTILINE)
    return found[1].split() if found else []


@pytest.mark.parametrize("kind", KINDS)
def test_no_twin_is_missing(kind: str) -> None:
    assert missing_twins(ROOT / kind) == [], "a learner or feature map lacks its twin"
    assert stems(ROOT / kind, ".c")


def test_a_missing_twin_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "learners"
    folder.mkdir()
    for name in ("__init__.py", "both.c", "both.py", "only_c.c", "only_python.py"):
        (folder / name).touch()
    assert missing_twins(folder) == ["learners/only_c.py", "learners/only_python.c"]


def test_a_learner_is_named_after_its_files() -> None:
    assert set(learner_modules()) == {stem.replace("_", "-") for stem in stems(ROOT / "learners", ".c")}


@pytest.mark.parametrize("name", sorted(learner_modules()))
def test_twins_of_a_learner_name_the_same_arithmetics(name: str) -> None:
    source = ROOT / "learners" / f"{name.replace('-', '_')}.c"
    assert tuple(marked(source, "arithmetics")) == learner_modules()[name].ARITHMETICS


@pytest.mark.parametrize("stem", sorted(stems(ROOT / "features", ".c")))
def test_twins_of_feature_maps_name_the_same_arithmetics(stem: str) -> None:
    source = ROOT / "features" / f"{stem}.c"
    for symbol in marked(source, "exports") or [stem]:
        assert tuple(marked(source, "arithmetics")) == feature_modules()[symbol.replace("_", "-")].ARITHMETICS, symbol
