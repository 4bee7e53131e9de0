"""Reports of runs of every kind: sound HTML, XML and JSON, whatever names, texts and numbers a trace holds."""

import json
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from bench.errors import RunFolderError
from bench.report import REPORTS, save_reports
from bench.report.document import SCHEMA_FILE, document_json
from bench.report.junit import junit_xml
from bench.report.margins import Margin, margin_of
from bench.report.markdown import summary_markdown
from bench.report.page import report_page
from bench.run_folder import JudgedRun
from bench.selection import Selection
from bench.trace import LinkCut, LinkFaultInjected, LinkFaultsBegan, RunEnded
from bench.verdict import Verdict
from tests.unit.judged_runs import judged, with_verdicts
from tests.unit.made_runs import make_run

VOID = {"meta", "wbr", "br", "col"}
HOSTILE = '<script>alert("1")</script>\x1b[31m|`*_ & \u202e\x00' + "\ud800"


class Page(HTMLParser):
    """Checks that every element is closed where it should be, and keeps what is looked at."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def verdict(outcome: str | None = "PASS", value: float | None = 5.0, limit: str | None = "<= 10") -> Verdict:
    return Verdict("a.b", outcome, value, limit, "bytes", None, required=True, repeatable=True, because="")


def check_page(run: JudgedRun) -> Page:
    return check_page_text(report_page(run))


def check_page_text(text: str) -> Page:
    """A page parses, refers to nothing outside and holds finite numbers only."""
    page = Page(text)
    names = {name for name, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    for name, attributes in page.tags:
        for key, value in attributes.items():
            assert not key.startswith("on"), (name, key)
            assert key not in {"src", "srcset", "style"}, (name, key)
            assert key != "href" or (value or "").startswith("#"), (name, value)
            assert key not in {"d", "x", "y", "width", "height", "points", "viewbox"} or not re.search(
                r"nan|inf", value or "", re.IGNORECASE
            ), (name, key, value)
    assert "url(" not in text
    assert "@import" not in text
    anchors = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(anchors) == len(set(anchors))
    return page


def check_all(run: JudgedRun) -> Page:
    """Every report of a run is what it should be; the page."""
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(document_json(run)), schema, cls=jsonschema.Draft202012Validator)
    ET.fromstring(junit_xml(run))  # noqa: S314 - our own text
    assert "<script" not in summary_markdown(run)
    return check_page(run)


def test_a_run_has_a_report_of_each_kind(tmp_path: Path) -> None:
    run = judged(folder=tmp_path)
    assert [path.name for path in save_reports(run)] == list(REPORTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(REPORTS)
    page = check_all(run)
    assert "FAIL" in page.text
    assert "too tight" in page.text


def test_a_report_goes_where_it_is_wanted_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    save_reports(judged(), out)
    (out / "report.html").write_text("old")
    save_reports(judged(), out)
    assert "<!DOCTYPE html>" in (out / "report.html").read_text()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot write to") as caught:
        save_reports(judged(), tmp_path / "file" / "out")
    assert caught.value.hint == "choose another --out"


@pytest.mark.parametrize(
    ("value", "limit", "sign", "room", "percent"),
    [
        (5.0, "<= 10", "<=", 5.0, 50.0),
        (12.0, "<= 10", "<=", -2.0, -20.0),
        (0.9, ">= 0.6", ">=", 0.3, 50.0),
        (0.9, ">= 0.5 and <= 1", "<=", 0.1, 10.0),
        (3, "== 0", "==", -3.0, None),
    ],
)
def test_the_margin_is_the_room_to_the_nearest_bound(
    value: float, limit: str, sign: str, room: float, percent: float | None
) -> None:
    margin = margin_of(verdict(value=value, limit=limit))
    assert margin is not None
    assert margin.sign == sign
    assert margin.absolute == pytest.approx(room)
    assert margin.percent == (None if percent is None else pytest.approx(percent))


@pytest.mark.parametrize(
    "one",
    [
        verdict(outcome=None),
        verdict(outcome="UNMEASURED", value=None),
        verdict(outcome="FAIL", value=math.nan),
        verdict(limit="<= many"),
        verdict(limit=None),
    ],
)
def test_there_is_no_margin_where_nothing_was_held_to_a_limit(one: Verdict) -> None:
    assert margin_of(one) is None


def test_a_margin_of_a_bound_of_0_has_no_percentage() -> None:
    assert Margin("<=", 0.0, -1.0).percent is None


def test_junit_is_as_red_as_the_exit_status() -> None:
    suite = ET.fromstring(junit_xml(judged())).find("testsuite")  # noqa: S314 - our own text
    assert suite is not None
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["timing.train.p99"].find("failure") is not None
    assert cases["time.row_s.p99"].find("error") is not None  # required and unmeasured
    assert len(cases["run.completed"]) == 0
    for key, kind in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(str(suite.get(key))) == len(list(suite.iter(kind)))
    assert suite.get("timestamp") == "2026-11-21T04:54:02"
    properties = {item.get("name"): item.get("value") for item in suite.iter("property")}
    assert properties["measure.memory.stack_peak_bytes"] == "1000 bytes"
    assert (suite[0].tag, suite[-1].tag) == ("properties", "system-out")


def test_junit_skips_what_does_not_decide_the_exit_status() -> None:
    run = with_verdicts(judged(), replace(verdict("FAIL", 11.0), required=False), verdict("PASS"))
    suite = ET.fromstring(junit_xml(run)).find("testsuite")  # noqa: S314 - our own text
    assert suite is not None
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "1")
    assert [case.get("name") for case in suite.iter("testcase")] == ["a.b <= 10", "a.b <= 10 (2)"]


def test_requirements_stand_beside_their_verdicts() -> None:
    run = with_verdicts(judged(), replace(verdict("FAIL", 11.0), requirements=("PL-TIM-010", "PL-TIM-020")))
    case = next(ET.fromstring(junit_xml(run)).iter("testcase"))  # noqa: S314 - our own text
    assert [item.get("value") for item in case.iter("property")] == ["PL-TIM-010", "PL-TIM-020"]
    assert json.loads(document_json(run))["verdicts"][0]["requirements"] == ["PL-TIM-010", "PL-TIM-020"]
    assert "shows PL-TIM-010, PL-TIM-020" in check_all(run).text


def test_the_summary_tells_what_did_not_pass_first() -> None:
    text = summary_markdown(judged())
    assert text.startswith("## \N{CROSS MARK} FAIL: scenario on target")
    assert text.index("timing.train.p99") < text.index("time.row\\_s.p99") < text.index("memory.arena\\_used\\_bytes")
    assert "[report.html](report.html)" in text


def test_hostile_texts_stay_text(tmp_path: Path) -> None:
    run = judged()
    started = replace(run.started, scenario=HOSTILE, target=HOSTILE, recording=HOSTILE, revision=HOSTILE, started="?")
    run = replace(run, trace=[started, *run.trace[1:]])
    bad = replace(verdict("FAIL", math.nan), name=HOSTILE, because=HOSTILE * 50, unit=HOSTILE)
    run = with_verdicts(run, bad, *run.verdicts)
    page = check_all(run)
    assert 'alert("1")' in page.text  # as words
    assert all(path.stat().st_size for path in save_reports(run, tmp_path))


@pytest.mark.parametrize("keep", [1, 2, 5, -1])
def test_a_trace_that_was_cut_off_says_so(keep: int) -> None:
    page = check_all(judged(trace=make_run().trace[:keep]))
    assert "The run was cut off" in page.text


def test_of_a_run_that_was_cut_off_the_rows_that_came_back_are_counted() -> None:
    whole = make_run().trace
    rows = [json.loads(document_json(judged(trace=trace)))["run"]["rows"] for trace in (whole, whole[:-1])]
    assert rows[0] == rows[1] > 0


def test_a_run_that_ended_otherwise_says_how() -> None:
    trace = [*make_run().trace[:-1], RunEnded("aborted", 20, "stopped by hand")]
    run = judged(trace=trace)
    assert "The run was aborted : stopped by hand" in check_all(run).text
    assert json.loads(document_json(run))["exit_status"] == 130


def test_a_partial_run_says_so() -> None:
    selection = Selection(0, 50, 2880, ("arow_3D",), ("other",))
    assert "rows 0:50 of 2880" in check_all(judged(selection=selection)).text


def test_many_verdicts_make_no_large_page() -> None:
    many = [replace(verdict("FAIL", 11.0), name=f"a{number}.b{number}") for number in range(20_000)]
    run = with_verdicts(judged(), *many)
    assert len(report_page(run)) < 2_000_000
    assert len(summary_markdown(run)) < 100_000
    assert "19,000 more are in verdicts.json" in report_page(run)


def test_what_is_unmeasured_for_one_reason_is_told_once() -> None:
    alike = [
        replace(verdict("UNMEASURED", None), name=f"a.b{number}", because="the run did not get to its end")
        for number in range(30)
    ]
    run = with_verdicts(judged(), *alike, verdict("FAIL", 11.0), verdict("PASS"))
    page = check_all(run)
    assert page.text.count("the run did not get to its end") == 1
    assert "30 verdicts, one reason: the run did not get to its end" in page.text
    assert all(f"a. b{number} " in page.text for number in range(30))
    text = summary_markdown(run)
    assert text.count("the run did not get to its end") == 1
    assert "| 30 measures\\: a.b0, a.b1, a.b2, a.b3 ... |" in text


def test_limits_keep_their_own_reasons_where_verdicts_share_one() -> None:
    alike = [
        replace(
            verdict("UNMEASURED", None),
            name=f"a.b{number}",
            because=f"gone; why {number}",
            limit_because=f"why {number}",
        )
        for number in range(4)
    ]
    text = check_page(with_verdicts(judged(), *alike)).text
    assert text.count("gone") == 1
    assert all(f"why {number}" in text for number in range(4))


def test_requirements_of_the_scenario_are_in_every_report() -> None:
    run = judged()
    scenario = replace(run.files.scenario, requirements=("PL-FUN-010",))
    failed = replace(run, files=replace(run.files, scenario=scenario))
    passed = with_verdicts(failed, verdict("PASS"))
    assert "Requirements of the scenario: PL-FUN-010 (not shown)" in check_all(failed).text
    assert "PL-FUN-010 (shown, as every required verdict is PASS)" in check_all(passed).text
    assert json.loads(document_json(passed))["run"]["requirements"] == ["PL-FUN-010"]
    assert "Requirements of the scenario, shown: PL-FUN-010" in summary_markdown(passed)
    properties = ET.fromstring(junit_xml(passed)).iterfind("testsuite/properties/property")  # noqa: S314 - our own text
    assert ("requirement", "PL-FUN-010") in [(item.get("name"), item.get("value")) for item in properties]


def test_faults_in_the_link_stand_at_the_head_of_page_and_summary() -> None:
    assert "Link faults" not in summary_markdown(judged())
    run = judged()
    faults = [LinkFaultsBegan("harsh", 1, 0.0, []), LinkFaultInjected("to_payload", "flip", 9, 1, "", 0.0)]
    run = replace(run, trace=[*run.trace[:-1], *faults, LinkCut("gone", 10.0), run.trace[-1]])
    assert "\nLink faults: harsh, seed 1\\: 1 injected, 1 cut\n" in summary_markdown(run)
    assert "Link faults: harsh, seed 1: 1 injected, 1 cut" in check_page(run).text


def test_margins_are_among_the_key_figures() -> None:
    left = replace(verdict("PASS", 99.25, ">= 50"), name="margin.cpu", unit="%")
    assert "| margin.cpu | 99.25 % |" in summary_markdown(with_verdicts(judged(), left))


def test_a_margin_of_nothing_has_no_sign() -> None:
    text = document_json(with_verdicts(judged(), verdict(value=1, limit="== 1"), verdict(value=0, limit="== 0")))
    assert "-0.0" not in text
