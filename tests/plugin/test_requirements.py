"""The marker `hil_req`."""

from __future__ import annotations

import pytest

from bench.matrix import Evidence, collect
from tests.plugin.lab import TRAIN, Lab

PLAIN = """
import pytest
pytestmark = pytest.mark.hil_req("PL-MOD-001")

@pytest.mark.hil_req("PL-CLS-001")
class TestAll:
    @pytest.mark.hil_req("PL-FUN-001", "PL-FUN-002")
    def test_pass(self): pass

def test_fail(): assert 1 == 2

@pytest.mark.skip(reason="not today")
def test_skip(): pass

@pytest.mark.xfail
def test_expected(): assert False

@pytest.fixture
def broken(): raise OSError("no rig")

def test_error(broken): pass
"""


def outcomes(lab: Lab) -> dict[tuple[str, str], Evidence]:
    return {(one.requirement, one.test.rpartition("::")[2]): one for one in collect([str(lab.path / "runs")])}


def test_tests_without_a_board_leave_evidence_and_properties(lab: Lab) -> None:
    lab.write("test_it.py", PLAIN)
    lab.run("--hil-runs=runs", "--junit-xml=junit.xml", "--strict-markers", "test_it.py").assert_outcomes(
        passed=1, failed=1, skipped=1, xfailed=1, errors=1
    )
    found = outcomes(lab)
    assert {name: one.outcome for (_, name), one in found.items()} == {
        "test_pass": "PASS",
        "test_fail": "FAIL",
        "test_skip": "UNMEASURED",
        "test_expected": "UNMEASURED",
        "test_error": "UNMEASURED",
    }
    assert {name for name, test in found if test == "test_pass"} == {
        "PL-MOD-001",
        "PL-CLS-001",
        "PL-FUN-001",
        "PL-FUN-002",
    }
    assert found["PL-MOD-001", "test_skip"].because.endswith("not today")
    assert 'name="requirement" value="PL-FUN-002"' in (lab.path / "junit.xml").read_text()


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("hil_req", "hil_req names no requirement"),
        ("hil_req()", "hil_req names no requirement"),
        ('hil_req("no id")', "'no id' is no identifier of a requirement"),
        ("hil_req(7)", "7 is no identifier of a requirement"),
        ('hil_req(id="A-1")', "hil_req has no argument 'id'"),
    ],
)
def test_a_marker_that_cannot_be_meant_is_a_collection_error(lab: Lab, mark: str, message: str) -> None:
    lab.write("test_it.py", f"import pytest\n@pytest.mark.{mark}\ndef test_it(): pass\n")
    result = lab.run("test_it.py")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{message.replace('[', '[[]')}*", "hint: write @pytest.mark.hil_req*"])


def test_a_test_on_a_board_says_which_build_and_where_the_run_is_also_with_workers(lab: Lab) -> None:
    lab.write_rows()
    marked = TRAIN.replace("def test_train", '@pytest.mark.hil_req("PL-TRN-001")\ndef test_train')
    lab.write("test_it.py", "import pytest\n" + marked + marked.replace("test_train", "test_again"))
    lab.run_apart("--hil-target=host", "--hil-runs=runs", "-n2", "test_it.py").assert_outcomes(passed=2)
    found = [one for one in collect([str(lab.path / "runs")]) if one.requirement]
    assert len(found) == 2  # two tests
    assert {(one.target, one.outcome) for one in found} == {("host", "PASS")}
    assert all(one.build_id and one.report for one in found)
