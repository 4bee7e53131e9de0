"""From evidence to the status of requirements, and to CSV and HTML."""

import csv
import io
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bench.errors import HistoryError, RunFolderError
from bench.facts import RunFacts
from bench.history import open_history
from bench.matrix import (
    COLUMNS,
    EVIDENCE,
    Evidence,
    Row,
    collect,
    evidence_of,
    make_matrix,
    matrix_csv,
    matrix_exit_status,
)
from bench.matrix.collect import evidence_line
from bench.matrix.page import matrix_page
from bench.requirements import Requirement, RequirementsFile
from bench.requirements.file import Closure
from bench.verdict import Verdict
from tests.unit.test_history import make_facts

ONE = Evidence("A-1", "sun", "board", "PASS", "", "2026-11-21T10:00:00+00:00", "b1", "r1", "runs/1")
LATER = "2026-11-21T11:00:00+00:00"
CLOSURE = Closure("TN-3, issue 2", "A. Lovelace", date(2026, 10, 1))


def status(*evidence: Evidence, file: RequirementsFile | None = None) -> str:
    return make_matrix(evidence, file)[0].status


def file_of(*requirements: Requirement) -> RequirementsFile:
    return RequirementsFile(Path("requirements.toml"), "", requirements)


@pytest.mark.parametrize(
    ("evidence", "wanted", "exit_status"),
    [
        ([ONE], "verified", 0),
        ([ONE, replace(ONE, target="other", build_id="b9")], "verified", 0),
        ([ONE, replace(ONE, target="other", outcome="FAIL")], "failed", 1),
        ([ONE, replace(ONE, when=LATER, outcome="FAIL", build_id="b2")], "failed", 1),
        ([replace(ONE, outcome="FAIL"), replace(ONE, when=LATER, build_id="b2")], "verified", 0),
        ([replace(ONE, outcome="FAIL"), replace(ONE, when=LATER)], "flaky", 1),
        ([ONE, replace(ONE, test="other", outcome="UNMEASURED")], "unmeasured", 3),
        ([ONE, replace(ONE, requirement="", when=LATER, build_id="b2")], "stale", 3),
        ([ONE, replace(ONE, when=LATER, partial="rows 0:9 of 99")], "verified", 0),
        ([replace(ONE, partial="rows 0:9 of 99")], "unmeasured", 3),
        ([ONE, replace(ONE, when=LATER, partial="rows 0:9 of 99", outcome="FAIL")], "failed", 1),
        ([replace(ONE, build_id="", revision="", target="")], "stale", 3),
        ([replace(ONE, when="yesterday")], "verified", 0),
    ],
)
def test_the_status_of_a_requirement(evidence: list[Evidence], wanted: str, exit_status: int) -> None:
    assert status(*evidence) == wanted
    assert matrix_exit_status(make_matrix(evidence)) == exit_status


def test_times_are_compared_as_times() -> None:
    late = replace(ONE, when="2026-11-21T11:00:00+02:00", outcome="FAIL", build_id="b0")  # 09:00 UTC
    assert status(ONE, late) == "verified"


def test_what_has_no_evidence_is_open_and_other_methods_are_closed_by_hand() -> None:
    file = file_of(
        Requirement("A-1"),
        Requirement("A-2"),
        Requirement("A-3", methods=("inspection",)),
        Requirement("A-4", methods=("analysis",), closure=CLOSURE),
        Requirement("A-5", methods=("test", "review of design"), closure=CLOSURE),
    )
    rows = {row.requirement.id: row for row in make_matrix([ONE], file)}
    assert {name: row.status for name, row in rows.items()} == {
        "A-1": "verified",
        "A-2": "open",
        "A-3": "open",
        "A-4": "verified",
        "A-5": "open",
    }
    assert rows["A-3"].because == "not closed by inspection"
    assert matrix_exit_status(list(rows.values())) == 3  # as documented


def test_a_requirement_that_the_file_does_not_have_is_shown_with_the_nearest_name() -> None:
    rows = make_matrix([replace(ONE, requirement="PL-TIM-011")], file_of(Requirement("PL-TIM-010")))
    assert [row.status for row in rows] == ["open", "unknown"]
    assert rows[1].because == "not in requirements.toml; did you mean 'PL-TIM-010'?"


def test_no_requirement_at_all_is_not_verified() -> None:
    assert matrix_exit_status(make_matrix([])) == 3  # as documented


def rows_of_csv(rows: tuple[Row, ...]) -> list[dict[str, str]]:
    text = matrix_csv(rows)
    assert text.count("\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_csv_file_has_a_line_for_each_requirement_and_test() -> None:
    rows = make_matrix(
        [ONE, replace(ONE, target="x", because='a "b", c')], file_of(Requirement("A-1"), Requirement("B-1"))
    )
    read = rows_of_csv(rows)
    assert [(line["requirement"], line["target"], line["status"]) for line in read] == [
        ("A-1", "board", "verified"),
        ("A-1", "x", "verified"),
        ("B-1", "", "open"),
    ]
    assert read[1]["reason"] == 'a "b", c'
    assert tuple(read[0]) == COLUMNS


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1", "-1", "@x", "\t=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    read = rows_of_csv(make_matrix([replace(ONE, because=text, test=text)]))
    assert not read[0]["reason"].startswith(("=", "+", "-", "@", "\t"))
    assert not read[0]["test"].startswith(("=", "+", "-", "@", "\t"))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_a_stranger_s_text_stays_text() -> None:
    bad = "<script>alert(1)</script>"
    file = file_of(Requirement("A-1", text=bad, methods=("test", "analysis"), closure=CLOSURE))
    page = matrix_page(make_matrix([replace(ONE, because=bad, test=bad)], file), title=bad, folder=Path())
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "script" not in tags.seen
    assert "http" not in page.replace("http-equiv", "")
    assert "A. Lovelace, 2026-10-01" in page


def test_the_page_has_an_overview_and_links_reports_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "runs" / "a:b").mkdir(parents=True)
    (tmp_path / "runs" / "a:b" / "report.html").touch()
    there = replace(ONE, report=str(tmp_path / "runs" / "a:b"))
    rows = make_matrix([there, replace(ONE, requirement="B/2", report="runs/gone")])
    page = matrix_page(rows, title="x", folder=tmp_path / "out")
    assert 'href="../runs/a%3Ab/report.html"' in page
    assert page.count("report.html") == 1
    assert "runs/gone" in page
    assert 'href="#B/2"' in page
    assert 'id="B/2"' in page


def verdict(outcome: str | None, *requirements: str, name: str = "timing.train.max") -> Verdict:
    limit = "<= 5" if outcome else None
    return Verdict(
        name,
        outcome,
        7.0,
        limit,
        "bytes",
        None,
        bool(outcome),
        repeatable=True,
        because="said",
        requirements=requirements,
    )


def completed(outcome: str) -> Verdict:
    return verdict(outcome, name="run.completed")


def run_facts(*figures: Verdict) -> RunFacts:
    return replace(make_facts(), figures=figures, requirements=())


def shown(facts: RunFacts) -> list[tuple[str, str]]:
    return [(one.requirement, one.outcome) for one in evidence_of(facts, report="runs/1")]


def test_a_limit_of_a_run_that_did_not_get_to_its_end_shows_nothing_but_a_failure() -> None:
    limits = verdict("PASS", "A-1"), verdict("FAIL", "A-2", name="memory.x"), verdict("UNMEASURED", "A-3", name="x.y")
    whole, aborted = completed("PASS"), completed("FAIL")
    assert shown(run_facts(whole, *limits)) == [("A-1", "PASS"), ("A-2", "FAIL"), ("A-3", "UNMEASURED")]
    assert shown(run_facts(aborted, *limits)) == [("A-1", "UNMEASURED"), ("A-2", "FAIL"), ("A-3", "UNMEASURED")]
    [first, *_] = evidence_of(run_facts(aborted, *limits), report="runs/1")
    assert first.because == "the run did not get to its end"


def test_a_limit_that_is_not_required_and_has_no_figure_does_not_count_beside_others() -> None:
    absent = replace(verdict("UNMEASURED", "A-1", name="margin.prom"), required=False)
    assert shown(run_facts(completed("PASS"), absent, verdict("PASS", "A-1"))) == [("A-1", "PASS")]
    assert shown(run_facts(completed("PASS"), absent)) == [("A-1", "UNMEASURED")]
    failed = replace(absent, outcome="FAIL")
    assert shown(run_facts(completed("PASS"), failed, verdict("PASS", "A-1"))) == [("A-1", "FAIL")]


def test_a_requirement_of_a_scenario_has_the_run_s_outcome_and_a_run_without_any_tells_its_build() -> None:
    facts = replace(run_facts(completed("PASS"), verdict("FAIL")), requirements=("A-1",))
    assert shown(facts) == [("A-1", "FAIL")]
    [only] = evidence_of(run_facts(completed("PASS")), report="runs/1")
    assert (only.requirement, only.build_id, only.report) == ("", "ab12", "runs/1")


def test_runs_of_the_history_are_evidence_without_their_folders(tmp_path: Path) -> None:
    facts = run_facts(completed("PASS"), verdict("PASS", "A-1"))
    with open_history(tmp_path / "history.sqlite") as history:
        history.add(facts)
        for word in ("last", "s@last", "run1"):
            [one] = collect([word], history)
            assert (one.requirement, one.outcome, one.report) == ("A-1", "PASS", "elsewhere/folder")
        with pytest.raises(HistoryError, match="nothing is called 'none'"):
            collect(["none"], history)
        with pytest.raises(RunFolderError, match="no/where does not exist"):
            collect(["no/where"], history)


def test_evidence_of_tests_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / EVIDENCE
    path.write_text(evidence_line(ONE) + "\n" + evidence_line(ONE)[:20], encoding="utf-8")  # the second was cut
    assert collect([str(tmp_path)]) == (ONE,)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not what a test writes: it is no JSON"),
        ("[]", "a value is missing or no text"),
        ('{"format": 1}', "it has no 'requirement'"),
        ('{"format": 2}', "written in format 2"),
        (evidence_line(replace(ONE, outcome="GREEN")), "outcome 'GREEN'"),
        (evidence_line(ONE).replace('"r1"', "7"), "a value is missing or no text"),
    ],
)
def test_evidence_that_no_test_wrote_is_refused(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / EVIDENCE).write_text(line + "\n", encoding="utf-8")
    with pytest.raises(RunFolderError, match=message):
        collect([str(tmp_path)])


def test_a_place_without_evidence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="holds no run"):
        collect([str(tmp_path)])
    with pytest.raises(RunFolderError, match="does not exist"):
        collect([str(tmp_path / "none")])
    (tmp_path / EVIDENCE).write_bytes(b"\xff\n")
    with pytest.raises(RunFolderError, match="cannot be read"):
        collect([str(tmp_path)])
