"""Command line before environment before configuration file, and what cannot be meant."""

from pathlib import Path

import pytest

from tests.plugin.lab import Lab, printed
from tests.system.command_line import write_target

WHICH = "def test_which(hil_target): print('it is', hil_target.name)\n"


def chosen(lab: Lab, *words: str) -> list[str]:
    """Names of the targets that a test saw, in order."""
    said = printed(lab.run("-s", *words))
    return [line.partition("it is ")[2].split(".")[0] for line in said.splitlines() if "it is " in line]


def test_the_command_line_comes_before_the_environment_before_the_configuration_file(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.write("test_it.py", WHICH)
    assert chosen(lab) == []
    lab.write("pytest.ini", "[pytest]\nhil_target = qemu-mps2-an500\n")
    assert chosen(lab) == ["qemu-mps2-an500"]
    monkeypatch.setenv("HIL_TARGET", "host,qemu-zynq-a9")
    assert chosen(lab) == ["host", "qemu-zynq-a9"]
    assert chosen(lab, "--hil-target", "qemu-mps2-an386") == ["qemu-mps2-an386"]
    monkeypatch.setenv("HIL_TARGET", "")
    assert chosen(lab) == ["qemu-mps2-an500"]


@pytest.mark.parametrize("name", ["hil_station", "hil_runs"])
def test_a_path_of_the_configuration_file_begins_at_its_folder_and_others_where_pytest_was_started(
    name: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    option, variable = f"--{name.replace('_', '-')}", name.upper()
    lab.write("conf/pytest.ini", f"[pytest]\n{name} = here/it\n")
    test = (
        "from bench.pytest_plugin import settings\ndef test_it(request): print(settings.path(request.config, 'NAME'))\n"
    )
    lab.write("conf/test_it.py", test.replace("NAME", name.removeprefix("hil_")))
    place = lab.path / "conf" / "here" / "it"
    assert str(place) in printed(lab.run("-s", "conf/test_it.py"))
    monkeypatch.setenv(variable, "of/environment")
    assert "of/environment" in printed(lab.run("-s", "conf/test_it.py"))
    said = printed(lab.run("-s", "conf/test_it.py", option, "of/command"))
    assert "of/command" in said
    assert "of/environment" not in said


@pytest.mark.parametrize(
    ("word", "is_required"), [("1", True), ("true", True), ("ON", True), ("0", False), ("no", False), ("", None)]
)
def test_require_in_the_environment_replaces_that_of_the_file(
    word: str, *, is_required: bool | None, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.write("test_it.py", WHICH)
    monkeypatch.setenv("HIL_REQUIRE", word)
    for configured in (True, False):
        lab.write("pytest.ini", f"[pytest]\nhil_require = {configured}\n")
        expected = configured if is_required is None else is_required
        lab.run().assert_outcomes(**{"errors" if expected else "skipped": 1})
        lab.run("--hil-require").assert_outcomes(errors=1)


def test_native_toml_has_the_same_keys(lab: Lab) -> None:
    lab.write(
        "pyproject.toml",
        '[tool.pytest]\nhil_target = ["host"]\nhil_require = true\nhil_lock_wait = 5\nhil_recordings = ["a", "b"]\n',
    )
    lab.write("test_it.py", WHICH)
    assert chosen(lab) == ["host"]
    lab.write("pyproject.toml", "[tool.pytest]\nhil_require = 1\n")
    check_usage_error(lab.run(), "hil_require", "expects a bool")


def check_usage_error(result: pytest.RunResult, *said: str) -> None:
    """One error, before any test, with exit status 4 and no traceback."""
    text = printed(result)
    assert result.ret == pytest.ExitCode.USAGE_ERROR, text
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    assert text.count("ERROR:") == 1, text
    for words in said:
        assert words in text


@pytest.mark.parametrize(
    ("words", "ini", "said"),
    [
        (["--hil-target", "hots"], "", ["no target is named 'hots'", "did you mean 'host'?"]),
        (["--hil-target", "none.toml"], "", ["none.toml: no such file", "hint: check the path"]),
        (["--hil-port", "/dev/ttyNONE"], "", ["--hil-port names one board, and no target was given", "hint: add one"]),
        (
            ["--hil-port", "/dev/ttyNONE", "--hil-target", "host", "--hil-target", "qemu-zynq-a9"],
            "",
            ["and 2 targets were given"],
        ),
        (["--hil-station", "none.toml", "--hil-target", "host"], "", ["none.toml: no such file"]),
        ([], "hil_scope = tests", ["hil_scope is 'tests'", "hint: choose one of: session, package, module"]),
        ([], "hil_require = perhaps", ["hil_require: ", "perhaps"]),
        ([], "hil_lock_wait = long", ["hil_lock_wait: ", "long"]),
        ([], "hil_target = hots", ["no target is named 'hots'"]),
        ([], "hil_target = board", ["board is a board, and nothing says which port it is on", "hint: give --port"]),
    ],
)
def test_what_cannot_be_meant_is_one_usage_error(words: list[str], ini: str, said: list[str], lab: Lab) -> None:
    lab.write("test_it.py", WHICH)
    lab.write("pytest.ini", f"[pytest]\n{ini}\n")
    if "board" in ini:
        lab.write("conftest.py", BOARD_HOOK)
        write_serial_target(lab.path / "board.toml")
    check_usage_error(lab.run(*words), *said)


BOARD_HOOK = """
from pathlib import Path
def pytest_hil_targets():
    return {"board": Path(__file__).with_name("board.toml")}
"""


def write_serial_target(path: Path) -> None:
    """Describe a board that has a port."""
    replaced = {
        'kind = "process"': 'kind = "serial"',
        "arguments = []": "",
        'storage = ["--storage", "{storage}", "--watchdog", "5"]': "",
    }
    write_target(path.parent, path.stem, like="host", replaced=replaced)


def test_a_port_that_pytest_takes_for_the_root_of_the_project_is_a_usage_error(lab: Lab) -> None:
    lab.write("test_it.py", WHICH)
    for words, root in (
        (["--hil-port", "/dev/null"], "/dev"),
        (["--hil-port", "/dev/null", "test_it.py"], "/"),
    ):
        hint = f"hint: write {words[0]}={words[1]}"
        check_usage_error(lab.run("--hil-target", "host", *words), f"and {root} for the root of the project", hint)
        lab.run("--hil-target", "host", f"{words[0]}={words[1]}").assert_outcomes(passed=1)
    assert not Path("/dev/.pytest_cache").exists()
    (lab.path / "runs").mkdir()
    lab.run("--hil-target", "host", "--hil-runs", "runs").assert_outcomes(passed=1)


def test_an_unknown_word_of_the_environment_is_a_usage_error(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write("test_it.py", WHICH)
    monkeypatch.setenv("HIL_REQUIRE", "perhaps")
    check_usage_error(lab.run(), "HIL_REQUIRE is 'perhaps'", "hint: set it to 1 or 0")
    monkeypatch.setenv("HIL_REQUIRE", "0")
    monkeypatch.setenv("HIL_TARGET", "hots")
    check_usage_error(lab.run(), "no target is named 'hots'")


def test_a_mistake_in_the_station_file_is_a_usage_error(lab: Lab) -> None:
    lab.write("test_it.py", WHICH)
    lab.write("station.toml", '[station.host]\nprot = "/dev/ttyUSB0"\n')
    check_usage_error(lab.run("--hil-target", "host"), "port", "station.toml")


def test_the_station_file_beside_the_configuration_is_found(lab: Lab) -> None:
    lab.write("test_it.py", "def test_it(hil_target): print('on', hil_target.transport.url)\n")
    lab.write("pytest.ini", "[pytest]\n")
    lab.write("station.toml", '[station.host]\nport = "/dev/ttyUSB7"\n')
    assert "on /dev/ttyUSB7" in printed(lab.run("-s", "--hil-target", "host"))


def test_help_shows_every_option_and_key(lab: Lab) -> None:
    said = " ".join(printed(lab.run("--help")).split())
    for name in ("--hil-target=NAME", "--hil-port=URL", "--hil-station=FILE", "--hil-runs=DIR", "--hil-require"):
        assert name in said
    for name in ("target", "port", "station", "runs", "require", "scope", "recordings", "scenarios", "lock_wait"):
        assert f"hil_{name} (" in said
    assert "@pytest.mark.hil(targets=[...], needs=[...])" in " ".join(printed(lab.run("--markers")).split())
