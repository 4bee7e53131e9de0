"""A folder with tests, and pytest to run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.system.command_line import save_rows

DEADLINE_S = 120.0
"""For runs that take seconds; only a broken bench waits this long."""

_ALONE = ("-rA", "-p", "no:hypothesispytest")  # which is imported anew for every run
TRAIN = """
from bench.api import Model

def test_train(hil_payload, hil_recording):
    hil_payload.train(hil_recording("rows"), models=[Model("arow", features="orbitai-3d")], evaluate=False)
"""
"""A test with a small run; `Lab.write_rows` writes its recording."""


@dataclass(frozen=True)
class JUnitCase:
    name: str
    outcome: str
    """passed, failure, error or skipped."""
    message: str
    properties: Mapping[str, str]


class Lab:
    """What a project of somebody else's looks like."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def write_rows(self) -> Path:
        """Write sixty rows of the sun sensors, with both labels, as recordings/rows, and a pytest.ini that knows it."""
        self.write("pytest.ini", "[pytest]\nhil_recordings = recordings\n")
        (self.path / "recordings").mkdir()
        return save_rows(self.path / "recordings" / "rows", 780, 840)

    def run(self, *words: str | Path) -> pytest.RunResult:
        """Run pytest in this process, which is quick."""
        return self.pytester.runpytest_inprocess(*_ALONE, *words)

    def run_apart(self, *words: str | Path) -> pytest.RunResult:
        """Run pytest in a process of its own."""
        return self.pytester.runpytest_subprocess(*_ALONE, *words, timeout=DEADLINE_S)

    def junit(self) -> dict[str, JUnitCase]:
        """Read junit.xml, by names of test cases."""
        cases = ET.parse(self.path / "junit.xml").iter("testcase")  # noqa: S314 - we made it
        return {case.name: case for case in map(_junit_case, cases)}


def _junit_case(element: ET.Element) -> JUnitCase:
    outcomes = [child for child in element if child.tag in {"failure", "error", "skipped"}]
    properties = {item.attrib["name"]: item.attrib["value"] for item in element.iter("property")}
    outcome, message = (outcomes[0].tag, outcomes[0].attrib.get("message", "")) if outcomes else ("passed", "")
    return JUnitCase(element.attrib["name"], outcome, message, properties)


def processes(mark: str, program: str) -> list[int]:
    """Processes of that program which have `mark`, such as NAME=VALUE, in their environment."""
    return [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit() and _is(place, mark, program)]


def _is(process: Path, mark: str, program: str) -> bool:
    try:
        return (process / "exe").readlink().name == program and mark.encode() in (process / "environ").read_bytes()
    except OSError:
        return False  # it ended meanwhile, or is not ours


def printed(result: pytest.RunResult) -> str:
    """Everything that pytest said."""
    return result.stdout.str() + result.stderr.str()
