"""docs/pytest.md says what is so: its tables are those of the code, and its examples run."""

import dataclasses
import re
from pathlib import Path

import pytest

from bench import api
from bench.pytest_plugin import Accuracy, Payload, Run, hookspecs, plugin, settings
from tests.plugin.lab import Lab, printed
from tests.plugin.test_payload import EXAMPLE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Text of the section, up to the next heading of any level."""
    [(_, text)] = re.findall(rf"^(#+) {re.escape(title)}\n(.*?)(?=^##+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def first_column(title: str) -> set[str]:
    """Names at the beginning of the code words in the first column of a section's table."""
    cells = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)", cell)}


def public(kind: type) -> set[str]:
    """What autocompletion offers."""
    stored = set(re.findall(r"self\.([a-z]\w*)(?:: [^=]+)? = ", _source(kind)))
    return stored | {name for name in vars(kind) if not name.startswith("_")}


def _source(kind: type) -> str:
    text = (ROOT / "bench" / "pytest_plugin" / "payload.py").read_text(encoding="utf-8")
    return text.partition(f"class {kind.__name__}:")[2].partition("\nclass ")[0]


@pytest.mark.parametrize(("title", "kind"), [("Payload", Payload), ("Run", Run), ("Accuracy", Accuracy)])
def test_every_public_name_is_documented_and_no_other(title: str, kind: type) -> None:
    assert first_column(title) == public(kind)


def test_every_field_of_a_model_is_documented() -> None:
    assert first_column("Model") == {field.name for field in dataclasses.fields(api.Model)}
    for clock in ("instructions", "cycles", "host"):
        assert callable(getattr(api, clock))
        assert f"`{clock}(" in PAGE


def test_every_fixture_is_documented() -> None:
    fixtures = {name for name in vars(plugin) if name.startswith("hil_")}
    assert first_column("Fixtures") == fixtures
    assert len(fixtures) <= 6


def test_every_hook_is_documented_with_its_arguments() -> None:
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("pytest_hil_")}
    said = {
        name: arguments.split(", ") for name, arguments in re.findall(r"`(pytest_hil_\w+)\((.*?)\)`", section("Hooks"))
    }
    assert said == {name: list(hook.__code__.co_varnames[: hook.__code__.co_argcount]) for name, hook in hooks.items()}


def test_every_option_and_key_is_documented() -> None:
    source = Path(settings.__file__).read_text(encoding="utf-8")
    table = section("Options and settings")
    for option in re.findall(r'"(--hil-\w+)"', source):
        assert f"`{option}" in table
        assert f"`HIL_{option.removeprefix('--hil-').upper()}`" in table
    keys = set(re.findall(r'addini\("(hil_\w+)"', source))
    assert keys == set(re.findall(r"`(hil_\w+)`", table))


def blocks(lab: Lab) -> None:
    """Write the page's files."""
    for text, name in re.findall(r"^```\w+\n(# ([\w.]+)\n.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        lab.write(name, text)


def test_the_example_is_the_same_everywhere() -> None:
    [shown] = re.findall(r"^def test_arow.*?^```", PAGE, re.MULTILINE | re.DOTALL)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert shown in readme
    body = shown.removesuffix("```").split()  # the formatter counts blanks in its own way
    assert body == EXAMPLE.partition("\n\n")[2].split()
    assert body[: body.index("#")] == (api.__doc__ or "").partition("\n\n")[2].partition("\n\n")[2].split()


def test_the_first_example_does_what_the_page_says(lab: Lab) -> None:
    blocks(lab)
    (lab.path / "conftest.py").unlink()
    (lab.path / "pytest.ini").unlink()
    result = lab.run("--hil-target", "qemu-zynq-a9", "--hil-target", "host", "test_camera.py")
    result.assert_outcomes(passed=1, skipped=1)
    [line] = [line for line in section("A first test").splitlines() if line.startswith("SKIPPED")]
    shown = [line for line in printed(result).splitlines() if line.startswith("SKIPPED")]
    assert [re.sub(r"\d+ ns", "", text) for text in shown] == [re.sub(r"\d+ ns", "", line)]


def test_the_whole_example_does_what_the_page_says(lab: Lab) -> None:
    blocks(lab)
    (lab.path / "test_camera.py").unlink()
    assert "# 5 passed" in PAGE
    result = lab.run("-s")
    result.assert_outcomes(passed=5)
    assert printed(result).count("power on: host") == 1
    assert len(list((lab.path / "runs").iterdir())) == 5
    assert "test_all_of_them_fit[host],memory.arena_used_bytes," in (lab.path / "figures.csv").read_text()
    assert "# 4 passed, 1 skipped" in PAGE
    lab.run("--hil-target", "qemu-zynq-a9").assert_outcomes(passed=4, skipped=1)


def test_the_commands_of_the_page_select_what_they_say(lab: Lab) -> None:
    [selection] = re.findall(r"pytest fixtures/scenarios --hil-target host -k \"(.*?)\"", PAGE)
    listed = printed(
        lab.run(ROOT / "fixtures" / "scenarios", "--hil-target", "host", "-k", selection, "--collect-only", "-q")
    )
    assert "sun-sensor[host]" in listed
    assert "sun-sensor-epochs[host]" in listed
    assert "sun-sensor-onnx" not in listed
    [named] = re.findall(r'pytest "(fixtures/.*?)"', PAGE)
    lab.run("--collect-only", ROOT / named).assert_outcomes()
    assert "sun-sensor[qemu-zynq-a9]" in printed(lab.run("--collect-only", "-q", ROOT / named))
