"""Where run folders are kept, each has its reports, with what the test required; elsewhere none is written."""

import json

from bench.report import REPORTS
from tests.plugin.lab import TRAIN, Lab, printed

REQUIRE = """
from bench.api import Model

def test_it(hil_payload, hil_recording):
    run = hil_payload.train(hil_recording("rows"), models=[Model("arow", features="orbitai-3d")], evaluate=False)
    print("folder", run.folder)
    run.require("run.rows", at_most=1, because="the test wants it")
"""


def test_a_kept_run_has_reports_with_what_was_required(lab: Lab) -> None:
    lab.write_rows()
    lab.write("test_it.py", REQUIRE)
    lab.run("--hil-target", "host", "--hil-runs", "kept").assert_outcomes(failed=1)
    [folder] = [path for path in (lab.path / "kept").iterdir() if path.is_dir()]
    assert {path.name for path in folder.iterdir()} >= set(REPORTS)
    document = json.loads((folder / "report.json").read_text())
    [required] = [verdict for verdict in document["verdicts"] if verdict["name"] == "run.rows"]
    assert (required["outcome"], required["because"]) == ("FAIL", "the test wants it")
    assert "the test wants it" in (folder / "report.html").read_text()


def test_without_a_place_for_run_folders_no_report_is_written(lab: Lab) -> None:
    lab.write_rows()
    lab.write("test_it.py", TRAIN)
    result = lab.run("--hil-target", "host", "--basetemp", lab.path / "temporary")
    result.assert_outcomes(passed=1)
    assert list((lab.path / "temporary").rglob("verdicts.json"))
    assert not list((lab.path / "temporary").rglob("report.html"))


def test_reports_that_cannot_be_written_are_an_error_of_the_test(lab: Lab) -> None:
    lab.write_rows()
    lab.write("conftest.py", 'def pytest_hil_measured(run):\n    (run.folder / "report.html").mkdir()\n')
    lab.write("test_it.py", TRAIN)
    result = lab.run("--hil-target", "host", "--hil-runs", "kept")
    result.assert_outcomes(failed=1)
    assert "cannot write" in printed(result)
    assert "hint: is the disk full, or the folder gone?" in printed(result)
