"""What changed since the last night, and the pages that say so."""

import html.parser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.nightly.change import KINDS, find_changes, with_since
from bench.nightly.junit import night_junit
from bench.nightly.outcome import Outcome
from bench.nightly.page import night_page
from bench.nightly.record import JobRecord, NightRecord
from bench.nightly.summary import LONGEST, headline, summary_markdown
from tests.unit.made_nights import BEFORE, NIGHT, job

GOLDEN = Path(__file__).with_name("golden") / "nightly-summary.md"
"""Renewed by `python -m tests.unit.test_nightly_summary`."""
HOSTILE = "a|b`c`<script>alert(1)</script>*d*_e_[f](javascript:g)\x1b]0;h\x07\u202ei\x00\"'&amp;"
TONIGHT = with_since(NIGHT, [BEFORE])


def test_the_summary_is_as_it_was() -> None:
    assert make_golden() == GOLDEN.read_text(encoding="utf-8")


def make_golden() -> str:
    return summary_markdown(TONIGHT, find_changes(TONIGHT, [BEFORE]), first=False)


def changes(tonight: list[JobRecord], before: list[JobRecord]) -> list[tuple[str, str]]:
    now = NightRecord("2-m", "m", "", tuple(tonight))
    then = NightRecord("1-m", "m", "", tuple(before))
    return [(change.kind, change.about) for change in find_changes(with_since(now, [then]), [then])]


@pytest.mark.parametrize("before", [None, *Outcome])
@pytest.mark.parametrize("now", list(Outcome))
def test_each_pair_of_outcomes_is_told_once_or_is_nothing_new(now: Outcome, before: Outcome | None) -> None:
    told = changes([job("a@b", outcome=now)], [job("a@b", outcome=before)])
    assert len(told) == (0 if now is Outcome.PASS and before in (None, Outcome.PASS) else 1)
    assert all(kind in KINDS for kind, _ in told)
    if told and before is not None:
        [(kind, _)] = told
        assert kind.startswith("still") == (now is before)


def test_a_first_night_has_no_changes_and_says_so() -> None:
    assert find_changes(NIGHT, []) == ()
    assert "This is the first night" in summary_markdown(NIGHT, (), first=True)
    assert "This is the first night" in night_page(NIGHT, (), first=True, folder=Path("absent"))
    assert "Nothing changed." in summary_markdown(NIGHT, (), first=False)


def test_an_outcome_is_as_old_as_its_unbroken_row_of_nights() -> None:
    first = with_since(NightRecord("1-m", "m", "", (job("a@b", outcome=Outcome.FAIL),)), [])
    missed = NightRecord("2-m", "m", "", (job("a@b"),))
    third = with_since(NightRecord("3-m", "m", "", (job("a@b", outcome=Outcome.FAIL),)), [missed, first])
    assert [record.jobs[0].since for record in (first, third)] == ["1-m", "1-m"]
    [change] = find_changes(third, [missed, first])
    assert (change.kind, change.text) == ("still failing", "since 1-m")
    fourth = with_since(NightRecord("4-m", "m", "", (job("a@b", outcome=Outcome.PASS),)), [third, missed, first])
    assert fourth.jobs[0].since == "4-m"


def test_jobs_that_were_not_chosen_are_no_change() -> None:
    now = NightRecord("2-m", "m", "", (job("a@b"),), only=("c",))
    then = NightRecord("1-m", "m", "", (job("a@b", outcome=Outcome.PASS),))
    assert find_changes(now, [then]) == ()


def test_the_headline_counts_every_job_once() -> None:
    assert headline(NIGHT) == (
        "1 FAIL, 1 FLAKY, 1 BLOCKED, 1 UNMEASURED, 1 PASS, 1 quarantined, 1 not run: a target failed, or a job is flaky"
    )
    assert headline(NightRecord("n", "m", "", ())) == "no jobs: still running"


TAGS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "span",
        "b",
        "ul",
        "li",
        "a",
        "article",
        "div",
        "br",
    ]
)


class Strict(html.parser.HTMLParser):
    """Fails for tags that are not closed in their order; collects what could load or run something."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_page(text: str) -> Strict:
    parser = Strict()
    parser.feed(text)
    assert parser.open == []
    assert parser.seen <= TAGS
    assert not any(":" in link or link.startswith("/") for link in parser.links), parser.links
    return parser


def hostile() -> NightRecord:
    records = tuple(job(f"{HOSTILE}@{number}", one, reason=HOSTILE) for number, one in enumerate(Outcome))
    return NightRecord(HOSTILE, HOSTILE, HOSTILE, records, title=HOSTILE, notes=(HOSTILE,), exit_status=1)


def test_the_page_is_one_whole_file_whatever_names_are() -> None:
    page = night_page(TONIGHT, find_changes(TONIGHT, [BEFORE]), first=False, folder=Path("absent"))
    assert {"runs/bad-host-1/", "logs/bad-host-2.log", "junit.xml"} <= set(check_page(page).links)
    check_page(night_page(hostile(), (), first=True, folder=Path("absent")))


def test_a_report_of_a_run_is_linked_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "runs/good-host-1").mkdir(parents=True)
    (tmp_path / "runs/good-host-1/report.html").write_text("")
    page = night_page(TONIGHT, (), first=False, folder=tmp_path)
    assert "runs/good-host-1/report.html" in check_page(page).links


def test_hostile_names_are_text_in_markdown() -> None:
    text = summary_markdown(hostile(), (), first=False)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(Outcome)
    assert all(line.replace("\\|", "").count("|") == 6 for line in rows)
    assert "](javascript" not in text.replace("\\]", "")


def test_a_huge_night_stays_below_what_a_service_shows() -> None:
    records = tuple(job(f"s{number}@b", Outcome.FAIL, reason="x" * 5000) for number in range(4000))
    text = summary_markdown(NightRecord("n", "m", "", records), (), first=True)
    assert len(text.encode()) < LONGEST + 100
    assert text.endswith("(cut: night.json has all of it)\n")


def test_the_junit_file_counts_what_it_holds() -> None:
    for record in (NIGHT, hostile()):
        suite = ET.fromstring(night_junit(record)).find("testsuite")  # noqa: S314 - our own
        assert suite is not None
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases) == len(record.jobs)
        for word, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == sum(case.find(word) is not None for case in cases)
    suite = ET.fromstring(night_junit(NIGHT)).find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    found = {f"{case.get('name')}@{case.get('classname')}": case[0].tag for case in suite.findall("testcase")}
    assert found == {
        "good@host": "system-out",
        "bad@host": "failure",
        "odd@zynq": "failure",
        "known@host": "skipped",
        "desk@board": "error",
        "free@host": "skipped",
        "late@host": "skipped",
    }


if __name__ == "__main__":
    GOLDEN.write_text(make_golden(), encoding="utf-8")
