"""The page and the file for programs: for every state that a campaign can be in."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from bench.campaign.against import Against, hold_against
from bench.campaign.bit_class import BIT_CLASSES
from bench.campaign.fault import COMPLETED, DETECTION, LEARNER, MASKED, SYSTEM, Observed
from bench.campaign.findings import Findings, find
from bench.campaign.outcome import KINDS
from bench.campaign.report import REPORTS, save_campaign_reports
from bench.campaign.report.document import SCHEMA_FILE, document, document_json
from bench.campaign.report.page import campaign_page
from bench.campaign.rows import ROWS, Row, Rows, make_row, read_rows
from tests.unit.made_campaigns import STRATA, campaign_text, work, write_campaign
from tests.unit.test_report import HOSTILE, Page, check_page_text

MORE = "[[upsets]]\nbits = 1\nshare = 0.986\n[[upsets]]\nbits = 2\nshare = 0.014\n"


def check(findings: Findings, against: Against | None = None) -> Page:
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(document_json(findings, against)), schema, cls=jsonschema.Draft202012Validator)
    return check_page_text(campaign_page(findings, against))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    folder = tmp_path_factory.mktemp("plain")
    return work(write_campaign(folder, campaign_text(injections=60, more=MORE)), folder / "out")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    folder = tmp_path_factory.mktemp("guarded")
    text = campaign_text(
        name="guarded", injections=60, strata=(*STRATA, "protectors"), opener="open_protected_toy", more=MORE
    )
    return work(write_campaign(folder, text), folder / "out")


def test_a_whole_campaign_has_every_part(plain: Findings) -> None:
    page = check(plain)
    anchors = {attributes.get("id") for _, attributes in page.tags}
    assert {"rates", "strata", "outcomes", "bits", "method"} <= anchors
    assert "against" not in anchors
    assert "complete" in page.text
    assert plain.made.sha256 in page.text
    assert "4.04e-07" in page.text
    assert "<b>payload</b>" in page.text  # as text: the title is escaped


def test_two_campaigns_beside_each_other(plain: Findings, guarded: Findings) -> None:
    page = check(guarded, hold_against(guarded, plain))
    assert "only guarded was hit in protectors" in page.text
    assert "not told apart" in page.text
    assert "fewer" in page.text
    said = document(guarded, hold_against(guarded, plain))["against"]
    assert said["campaign"] == "toy"
    assert said["kinds"]["model_lost"]["said"] == "fewer"
    assert said["kinds"]["model_lost"]["ratio"]["value"] == 0.0
    check(plain, hold_against(plain, guarded))


def test_figures_of_the_file_are_those_of_the_findings(plain: Findings) -> None:
    told = document(plain)
    at = {one["upsets_per_bit_day"]: one for one in told["failures_per_device_day"]}
    assert list(at) == [1e-8, 1e-7, 4.04e-7, 1e-6]
    whole = plain.per_rate["failure"]
    assert at[4.04e-7]["failure"] == {
        "value": 4.04e-7 * whole.value, "low": 4.04e-7 * whole.low, "high": 4.04e-7 * whole.high
    }  # fmt: skip
    assert sum(one["injections"] for one in told["outcomes"]) == plain.injections == len(plain.made.faults)
    assert sum(one["share_of_upsets"] for one in told["outcomes"]) == pytest.approx(1)


@pytest.mark.parametrize("done", [0, 1, 7, 100])
def test_a_part_of_a_campaign_says_that_it_is_one(tmp_path: Path, *, done: int) -> None:
    campaign = write_campaign(tmp_path, campaign_text(injections=20, more=MORE))
    whole = work(campaign, tmp_path / "out")
    path = tmp_path / "out" / ROWS
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:done]))
    part = find(campaign, whole.made, read_rows(path, whole.made), facts={})
    page = check(part)
    assert "Not complete" in page.text
    if done < 10:
        assert "unmeasured" in page.text


def test_bench_errors_stand_loudly_at_the_top(plain: Findings, tmp_path: Path) -> None:
    findings = work(write_campaign(tmp_path, campaign_text(opener="open_failing_toy")), tmp_path / "out")
    page = check(findings)
    assert "The bench failed" in page.text
    assert "the emulator did not answer" in page.text
    assert "They are no outcome of the target" in page.text
    assert "The bench failed" not in check(plain).text


def test_a_campaign_without_a_failure_has_limits_all_the_same(plain: Findings) -> None:
    findings = find(plain.campaign, plain.made, Rows(nothing_happened(plain)), facts=plain.facts)
    assert findings.per_rate["failure"].value == 0
    assert findings.per_rate["failure"].high > 0
    check(findings)


def nothing_happened(findings: Findings) -> dict[str, Row]:
    seen = Observed(COMPLETED, MASKED, digest="d")
    return {fault.id: make_row(fault.id, repeat=False, observed=seen) for fault in findings.made.faults}


def test_hostile_names_are_text(plain: Findings) -> None:
    campaign = replace(plain.campaign, name=HOSTILE, title=HOSTILE, scenario=HOSTILE)
    regions = tuple(replace(region, name=HOSTILE + region.name) for region in plain.made.golden.regions)
    faults = tuple(replace(fault, region=HOSTILE + fault.region) for fault in plain.made.faults)
    made = replace(plain.made, golden=replace(plain.made.golden, regions=regions), faults=faults)
    findings = replace(
        plain,
        campaign=campaign,
        made=made,
        facts={HOSTILE: HOSTILE, "target": HOSTILE},
        notes=(HOSTILE,),
        errors={HOSTILE: HOSTILE},
        vulnerabilities=tuple(replace(one, region=HOSTILE + one.region) for one in plain.vulnerabilities),
    )
    page = check(findings)
    assert "script" not in {name for name, _ in page.tags}


def test_the_reports_replace_earlier_ones(plain: Findings, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    assert [path.name for path in save_campaign_reports(plain, tmp_path)] == list(REPORTS)
    assert (tmp_path / "report.html").read_text() == campaign_page(plain)
    assert (tmp_path / "report.json").read_text() == document_json(plain)


def test_the_schema_knows_every_word_of_the_axes() -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    outcome = schema["properties"]["outcomes"]["items"]["properties"]
    assert outcome["system"]["enum"] == list(SYSTEM)
    assert outcome["learner"]["enum"] == list(LEARNER)
    detection = schema["properties"]["detections"]["items"]["properties"]["detection"]
    assert detection["enum"] == list(DETECTION)
    assert schema["properties"]["vulnerabilities"]["items"]["properties"]["bits"]["enum"] == list(BIT_CLASSES)
    assert schema["$defs"]["kinds"]["required"] == ["failure", "model_lost", "silent", "function_lost"] == list(KINDS)
