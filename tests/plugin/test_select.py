"""Which tests run on which targets."""

import pytest

from bench.target import TARGETS
from tests.plugin.lab import Lab, printed

HOST_TOML = (TARGETS / "host.toml").read_text()
BOTH = ("--hil-target", "host", "--hil-target", "qemu-zynq-a9")


def test_the_same_tests_run_on_each_target_and_their_ids_can_be_given_again(lab: Lab) -> None:
    lab.write(
        "test_it.py",
        "def test_a(hil_target): pass\nclass TestIt:\n    def test_b(self, hil_target): pass\ndef test_plain(): pass\n",
    )
    lab.run(*BOTH).assert_outcomes(passed=5)
    listed = printed(lab.run(*BOTH, "--collect-only", "-q"))
    ids = [line for line in listed.splitlines() if line.startswith("test_it.py")]
    assert sorted(ids) == [
        "test_it.py::TestIt::test_b[host]",
        "test_it.py::TestIt::test_b[qemu-zynq-a9]",
        "test_it.py::test_a[host]",
        "test_it.py::test_a[qemu-zynq-a9]",
        "test_it.py::test_plain",
    ]
    for name in ids:
        lab.run(*BOTH, name).assert_outcomes(passed=1)
    lab.run(*BOTH, "-k", "zynq").assert_outcomes(passed=2, deselected=3)


def test_a_target_may_be_given_by_its_file(lab: Lab) -> None:
    lab.write("boards/mine.toml", HOST_TOML.replace('name = "host"', 'name = "mine"'))
    lab.write("test_it.py", "import pytest\n@pytest.mark.hil(targets=['mine'])\ndef test_a(hil_target): pass\n")
    result = lab.run("--hil-target", "boards/mine.toml", "--hil-target", "host")
    result.assert_outcomes(passed=1)
    assert "PASSED test_it.py::test_a[mine]" in printed(result)
    lab.run("--hil-target", "boards/mine.toml", "test_it.py::test_a[mine]").assert_outcomes(passed=1)


def test_without_a_target_tests_are_skipped_with_what_to_do(lab: Lab) -> None:
    lab.write("test_it.py", "def test_a(hil_payload): pass\n")
    result = lab.run()
    result.assert_outcomes(skipped=1)
    assert "no payload computer was chosen: --hil-target NAME" in printed(result)
    lab.run("--hil-require").assert_outcomes(errors=1)


MARKED = """
import pytest

@pytest.mark.hil(targets=["qemu-zynq-a9"])
def test_one(hil_target): assert hil_target.name == "qemu-zynq-a9"

@pytest.mark.hil(targets="host", needs="host")
def test_word(hil_target): assert hil_target.name == "host"

@pytest.mark.hil(needs=["instructions", "batch"])
def test_needs(hil_target): assert hil_target.clock.kind == "instructions"

@pytest.mark.hil(targets=["host", "qemu-zynq-a9"])
class TestClass:
    @pytest.mark.hil(needs=["stream"])
    def test_both(self, hil_target): pass

@pytest.mark.hil(targets=["qemu-mps2-an386"])
def test_other(hil_target): pass
"""


def test_a_marker_says_on_which_targets_a_test_runs(lab: Lab) -> None:
    lab.write("test_it.py", MARKED)
    result = lab.run(*BOTH)
    result.assert_outcomes(passed=5, skipped=2)
    said = printed(result)
    assert "target host counts host, not instructions" in said
    assert "the test is for qemu-mps2-an386; chosen: host, qemu-zynq-a9" in said
    assert "PASSED test_it.py::test_needs[qemu-zynq-a9]" in said
    required = lab.run(*BOTH, "--hil-require")
    required.assert_outcomes(passed=5, errors=2)
    assert "required by --hil-require: target host counts host, not instructions" in printed(required)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("targets=['hots']", ["no target is named 'hots'", "did you mean 'host'?"]),
        ("needs=['strem']", ["'strem' is no capability", "did you mean 'stream'?"]),
        ("target=['host']", ["hil has no argument 'target'", "did you mean 'targets'?"]),
        ("'host'", ["hil takes no plain argument, and has 'host'", "hint: targets=[...]"]),
    ],
)
@pytest.mark.parametrize("fixture", ["hil_payload", ""])
def test_a_marker_that_cannot_be_meant_is_one_collection_error(
    marker: str, said: list[str], fixture: str, lab: Lab
) -> None:
    lab.write(
        "test_it.py",
        f"import pytest\n@pytest.mark.hil({marker})\ndef test_a({fixture}): pass\ndef test_b(hil_target): pass\n",
    )
    result = lab.run("--hil-target", "host")
    result.assert_outcomes(errors=1)
    text = printed(result)
    assert "Traceback" not in text
    assert "test_it.py::test_a: " in text
    for words in said:
        assert words in text


def test_hooks_add_targets(lab: Lab) -> None:
    lab.write("lab/mine.toml", HOST_TOML.replace('name = "host"', 'name = "mine"'))
    lab.write(
        "conftest.py",
        "from pathlib import Path\n"
        "def pytest_hil_targets(config):\n"
        "    return {'mine': config.rootpath / 'lab' / 'mine.toml'}\n",
    )
    lab.write("test_it.py", "import pytest\n@pytest.mark.hil(targets=['mine'])\ndef test_a(hil_target): pass\n")
    lab.run("--hil-target", "mine", "--hil-target", "host").assert_outcomes(passed=1)
    assert "did you mean 'mine'?" in printed(lab.run("--hil-target", "minee"))


def test_the_station_file_adds_targets(lab: Lab) -> None:
    lab.write("lab/mine.toml", HOST_TOML.replace('name = "host"', 'name = "mine"'))
    lab.write("station.toml", '[station.mine]\ntarget = "lab/mine.toml"\nport = "/dev/ttyUSB7"\n')
    lab.write(
        "test_it.py",
        "import pytest\n@pytest.mark.hil(targets=['mine'])\n"
        "def test_a(hil_target): assert hil_target.transport.url == '/dev/ttyUSB7'\n",
    )
    lab.run("--hil-target", "mine").assert_outcomes(passed=1)


CLASS = """
import pytest

@pytest.mark.hil(targets=["host", "qemu-mps2-an386"], needs=["stream"])
class TestIt:
    @pytest.mark.hil(targets=[TARGET], needs=["batch"])
    def test_a(self, hil_target): pass
"""


def test_markers_of_class_and_test_hold_both(lab: Lab) -> None:
    lab.write("test_it.py", CLASS.replace("TARGET", "'host', 'qemu-zynq-a9'"))
    result = lab.run(*BOTH)
    result.assert_outcomes(passed=1)
    assert "PASSED test_it.py::TestIt::test_a[host]" in printed(result)


def test_markers_that_leave_no_target_are_a_collection_error(lab: Lab) -> None:
    lab.write("test_it.py", CLASS.replace("TARGET", "'qemu-zynq-a9'"))
    result = lab.run(*BOTH)
    result.assert_outcomes(errors=1)
    said = "hil(targets=['host', 'qemu-mps2-an386'] and targets=['qemu-zynq-a9']) leaves no target"
    assert said in printed(result)


def test_a_marker_on_a_test_without_a_payload_computer_is_a_collection_error(lab: Lab) -> None:
    test = "import pytest\nMORE\n@pytest.mark.hil(targets=['qemu-zynq-a9'])\ndef test_a(): pass\n"
    lab.write("test_it.py", test.replace("MORE", ""))
    result = lab.run("--hil-target", "host")
    result.assert_outcomes(errors=1)
    assert "test_it.py::test_a: the marker hil stands on a test that uses no payload computer" in printed(result)
    lab.write("test_it.py", test.replace("MORE", "@pytest.mark.usefixtures('hil_target')"))
    lab.run("--hil-target", "host").assert_outcomes(skipped=1)


def test_a_payload_that_is_asked_for_at_run_time_needs_a_target(lab: Lab) -> None:
    test = "import pytest\nMORE\ndef test_a(request): assert request.getfixturevalue('hil_payload').hello\n"
    lab.write("test_it.py", test.replace("MORE", ""))
    result = lab.run("--hil-target", "host")
    result.assert_outcomes(failed=1)
    assert "a test without a payload computer asks for one by request.getfixturevalue" in printed(result)
    assert 'hint: add @pytest.mark.usefixtures("hil_target")' in printed(result)
    assert "AttributeError" not in printed(result)
    lab.write("test_it.py", test.replace("MORE", "@pytest.mark.usefixtures('hil_target')"))
    lab.run("--hil-target", "host").assert_outcomes(passed=1)
