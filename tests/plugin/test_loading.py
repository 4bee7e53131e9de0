"""The plugin, loaded and unused, costs next to nothing: it imports the standard library and pytest alone."""

import sys

from tests.plugin.lab import Lab

LIST = """
import sys
def pytest_unconfigure():
    with open("modules", "w") as file:
        file.write("\\n".join(sys.modules))
"""
OURS = {
    "bench",
    "bench.pytest_plugin",
    "bench.pytest_plugin.hookspecs",
    "bench.pytest_plugin.plugin",
    "bench.pytest_plugin.settings",
}


def modules(lab: Lab, *words: str) -> set[str]:
    """Names of what was loaded when a pytest in a process of its own ended."""
    lab.write("listing.py", LIST)
    lab.run_apart("-p", "listing", *words)
    return set((lab.path / "modules").read_text().splitlines())


def test_a_project_that_does_not_use_it_loads_nothing_else(lab: Lab) -> None:
    lab.write(
        "test_it.py", "import pytest\ndef test_a(tmp_path): pass\ndef test_b(): pytest.skip('x')\ndef test_c(): 1/0\n"
    )
    lab.write("pyproject.toml", "[project]\nname = 'x'\nversion = '1'\n")
    lab.write("data/some.toml", "[[models]]\n")
    lab.write("scenarios/other.toml", "[notes]\n")
    with_it, without = modules(lab), modules(lab, "-p", "no:hil")
    assert {name for name in with_it if name.partition(".")[0] in {"bench", "firmware_if"}} == OURS
    more = {name.partition(".")[0] for name in with_it - without} - {"bench"}
    assert more <= sys.stdlib_module_names


def test_help_loads_nothing_else(lab: Lab) -> None:
    loaded = modules(lab, "--help")
    assert {name for name in loaded if name.partition(".")[0] in {"bench", "firmware_if"}} == OURS
    assert "numpy" not in loaded


def test_what_tests_import_is_light(lab: Lab) -> None:
    lab.write("test_it.py", "from bench.api import Model, instructions, cycles, host, Duration\ndef test_a(): pass\n")
    assert {name for name in modules(lab) if name.partition(".")[0] in {"bench", "firmware_if"}} == {*OURS, "bench.api"}


def test_names_for_annotations_are_exported(lab: Lab) -> None:
    lab.write_rows()
    lab.write(
        "test_it.py",
        "from pathlib import Path\n"
        "from bench.api import Model\n"
        "from bench.pytest_plugin import Accuracy, Payload, Run, VerdictFailed\n"
        "def test_a(hil_payload: Payload) -> None:\n"
        "    run = hil_payload.train('rows', models=[Model('arow', features='orbitai-3d')])\n"
        "    assert isinstance(hil_payload, Payload) and isinstance(run, Run) and isinstance(run.accuracy, Accuracy)\n"
        "    assert issubclass(VerdictFailed, AssertionError) and isinstance(run.folder, Path)\n",
    )
    lab.run("--hil-target", "host").assert_outcomes(passed=1)
