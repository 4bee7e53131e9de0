"""From rows to figures, worked out a second time in plain sums."""

import math
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import pytest

from bench.campaign.against import Cost, hold_against
from bench.campaign.carry_out import draw_list
from bench.campaign.draw import flips
from bench.campaign.fault import (
    COMPLETED,
    CORRECTED,
    CRASH,
    CRITICAL,
    LEARNER,
    MASKED,
    NAN,
    NOT_READ,
    RAM_FACT,
    RECOVERED,
    SAFE_STOP,
    STORAGE_FACT,
    SYSTEM,
    Fault,
    Observed,
)
from bench.campaign.fault_list import FaultList
from bench.campaign.findings import Findings, find
from bench.campaign.injector import find_opener
from bench.campaign.intervals import Estimate
from bench.campaign.outcome import FAILURE, FUNCTION_LOST, MODEL_LOST, SILENT, kinds_of
from bench.campaign.rows import Rows, make_row
from bench.campaign.spec import Campaign
from bench.campaign.spread import Spread, spread_of
from bench.errors import ConfigurationError
from tests.unit.made_campaigns import campaign_text, work, write_campaign

FINE = Observed(COMPLETED, MASKED, digest="d")
RUINED = Observed(COMPLETED, CRITICAL, digest="e")


def drawn(folder: Path, text: str) -> tuple[Campaign, FaultList]:
    folder = Path(mkdtemp(dir=folder))
    campaign = write_campaign(folder, text)
    return campaign, draw_list(campaign, folder, opener=find_opener(campaign.injector))


def rows_of(made: FaultList, outcome: dict[str, Observed]) -> Rows:
    first = {name: make_row(name, repeat=False, observed=seen) for name, seen in outcome.items()}
    repeated = {name: make_row(name, repeat=True, observed=outcome[name]) for name in made.repeats if name in outcome}
    return Rows(first, repeated)


def numbered(made: FaultList, stratum: str, bits: int = 1) -> list[Fault]:
    found = [fault for fault in made.faults if fault.stratum == stratum and len(fault.flips) == bits]
    return sorted(found, key=lambda fault: int(fault.id.split(".")[-1]))


def test_kinds_of_outcomes() -> None:
    assert kinds_of(FINE) == frozenset()
    assert kinds_of(RUINED) == {FAILURE, MODEL_LOST, SILENT}
    assert kinds_of(Observed(RECOVERED, NAN)) == {FAILURE, MODEL_LOST, SILENT}
    assert kinds_of(replace(RUINED, detection=CORRECTED)) == {FAILURE, MODEL_LOST}
    assert kinds_of(Observed(CRASH, NOT_READ)) == {FAILURE, FUNCTION_LOST}
    assert kinds_of(Observed(SAFE_STOP, MASKED)) == {FAILURE, FUNCTION_LOST}
    for system in SYSTEM:
        for learner in LEARNER:
            kinds = kinds_of(Observed(system, learner))
            assert (FAILURE in kinds) == bool(kinds & {MODEL_LOST, FUNCTION_LOST})


def test_failures_per_day_are_bits_times_exposure_times_probability(tmp_path: Path) -> None:
    text = campaign_text(injections=40, strata=("weights", "link"), more="exposure.share = 0.25\n")
    text += "exposure = 0.5\n"  # of the last stratum
    campaign, made = drawn(tmp_path, text)
    outcome = {fault.id: FINE for fault in made.faults}
    outcome |= {fault.id: RUINED for fault in numbered(made, "weights")[:10]}
    outcome |= {fault.id: Observed(CRASH, NOT_READ) for fault in numbered(made, "link")[:4]}
    findings = find(campaign, made, rows_of(made, outcome), facts={})
    assert findings.complete
    weights, link = findings.strata
    assert (weights.bits, weights.exposure, link.bits, link.exposure) == (384, 0.25, 64, 0.5)
    by_hand = 384 * 0.25 * 10 / 40 + 64 * 0.5 * 4 / 40
    assert findings.per_rate[FAILURE].value == pytest.approx(by_hand)
    assert findings.failures_per_day(FAILURE, 4.04e-7).value == pytest.approx(4.04e-7 * by_hand)
    assert findings.per_rate[SILENT].value == pytest.approx(384 * 0.25 * 10 / 40)
    assert findings.per_rate[FUNCTION_LOST].value == pytest.approx(64 * 0.5 * 4 / 40)
    assert findings.shares[FAILURE].value == pytest.approx(by_hand / (384 * 0.25 + 64 * 0.5))
    assert findings.equivalent_days(weights, 1e-6) == pytest.approx(40 / (1e-6 * 384 * 0.25))
    assert sum(findings.upset_share.values()) == pytest.approx(1)
    assert findings.upset_share[CRASH, NOT_READ] == pytest.approx(64 * 0.5 * 0.1 / 128)
    assert findings.rates == (1e-8, 1e-7, 4.04e-7, 1e-6)


def test_kinds_of_upset_are_weighed_by_their_share_and_not_by_their_number(tmp_path: Path) -> None:
    more = "[[upsets]]\nbits = 1\nshare = 0.9\n[[upsets]]\nbits = 2\nshare = 0.1\n"
    campaign, made = drawn(tmp_path, campaign_text(injections=50, strata=("weights",), more=more))
    assert (len(numbered(made, "weights", 1)), len(numbered(made, "weights", 2))) == (45, 5)
    outcome = {fault.id: FINE for fault in made.faults}
    outcome |= {fault.id: RUINED for fault in numbered(made, "weights", 2)[:4]}
    findings = find(campaign, made, rows_of(made, outcome), facts={})
    assert findings.strata[0].kinds[FAILURE].value == pytest.approx(0.1 * 4 / 5)
    assert findings.vulnerabilities  # of single bits alone
    assert sum(one.counts[FAILURE] for one in findings.vulnerabilities) == 0
    assert sum(one.injections for one in findings.vulnerabilities) == 45


def test_latency_and_what_was_lost_are_told_by_stratum(tmp_path: Path) -> None:
    campaign, made = drawn(tmp_path, campaign_text(injections=40, strata=("weights", "link")))
    weights = numbered(made, "weights")
    outcome = {fault.id: FINE for fault in made.faults}
    for fault, latency in zip(weights, (None, 5, 1, 4, 2, 3), strict=False):
        outcome[fault.id] = replace(FINE, detection=CORRECTED, latency=latency, samples_lost=latency and 10 * latency)
    findings = find(campaign, made, rows_of(made, outcome), facts={})
    hit, spared = findings.strata
    assert (hit.reported, hit.latency, hit.samples_lost) == (6, Spread(5, 2, 3, 4, 5), Spread(5, 20, 30, 40, 50))
    assert (spared.reported, spared.latency, spared.samples_lost) == (0, None, None)
    assert spread_of([7]) == Spread(1, 7, 7, 7, 7)


def test_bench_errors_are_nobodys_outcome_and_widen_the_interval_both_ways(tmp_path: Path) -> None:
    campaign, made = drawn(tmp_path, campaign_text(injections=100, strata=("weights",)))
    faults = numbered(made, "weights")
    outcome = {fault.id: RUINED if place < 20 else FINE for place, fault in enumerate(faults)}
    whole = find(campaign, made, rows_of(made, outcome), facts={}).strata[0]
    lost = [fault.id for fault in faults[:5]]
    known = {name: seen for name, seen in outcome.items() if name not in lost}
    rows = replace(rows_of(made, known), errors=dict.fromkeys(lost, "no answer"))
    findings = find(campaign, made, rows, facts={})
    part = findings.strata[0]
    assert not findings.complete
    assert (part.injections, part.errors) == (95, 5)
    assert part.kinds[FAILURE].value == pytest.approx(15 / 95)
    assert part.kinds[FAILURE].low < whole.kinds[FAILURE].low
    assert part.kinds[FAILURE].high == pytest.approx(whole.kinds[FAILURE].high)  # had they all been failures
    assert sum(findings.outcomes.values()) == 95


def test_a_stratum_without_an_outcome_leaves_the_figure_unmeasured(tmp_path: Path) -> None:
    campaign, made = drawn(tmp_path, campaign_text(injections=30, strata=("weights", "link")))
    outcome = {fault.id: FINE for fault in numbered(made, "weights")}
    findings = find(campaign, made, rows_of(made, outcome), facts={})
    assert math.isnan(findings.per_rate[FAILURE].value)
    assert findings.per_rate[FAILURE].high >= 64  # all that is known of the 64 bits of the link buffer
    assert not findings.complete


def test_vulnerability_counts_each_class_of_bits_of_each_parameter(tmp_path: Path) -> None:
    campaign, made = drawn(tmp_path, campaign_text(injections=300, strata=("weights",)))
    outcome = {fault.id: RUINED if fault.bit >= 52 else FINE for fault in made.faults}
    findings = find(campaign, made, rows_of(made, outcome), facts={})
    found = {one.bit_class: one for one in findings.vulnerabilities}
    assert list(found) == ["sign", "exponent", "mantissa high", "mantissa low"]
    assert {name: one.kinds[FAILURE].value for name, one in found.items()} == {
        "sign": 1.0, "exponent": 1.0, "mantissa high": 0.0, "mantissa low": 0.0
    }  # fmt: skip
    exponents = [fault for fault in made.faults if 52 <= fault.bit < 63]
    assert found["exponent"].injections == len(exponents)


def test_time_lines_hold_every_injection_in_its_tenth(tmp_path: Path) -> None:
    campaign, made = drawn(tmp_path, campaign_text(injections=80, strata=("weights",)))
    late = made.golden.instructions // 2
    outcome = {fault.id: RUINED if fault.time >= late else FINE for fault in made.faults}
    line = find(campaign, made, rows_of(made, outcome), facts={}).strata[0].time_line
    assert sum(part.injections for part in line) == 80
    assert all(part.failures == (part.injections if part.begin >= late else 0) for part in line)
    assert (line[0].begin, line[-1].end, len(line)) == (0, made.golden.instructions, 10)


def test_the_estimate_is_the_truth_that_every_fault_together_has(tmp_path: Path) -> None:
    """Every place at every step is injected once: what a sample must say within its interval (95 %, one seed)."""
    text = campaign_text(injections=250, strata=("weights", "globals", "core_registers"))
    campaign = write_campaign(tmp_path, text.replace("instants = 24", "instants = 6"))
    findings = work(campaign, tmp_path / "out")
    truth = exhaustive(campaign, findings)
    for one in findings.strata:
        assert one.kinds[FAILURE].low <= truth[one.name] <= one.kinds[FAILURE].high, one.name
    weighed = sum(one.weight * truth[one.name] for one in findings.strata)
    assert findings.per_rate[FAILURE].low <= weighed <= findings.per_rate[FAILURE].high


def exhaustive(campaign: Campaign, findings: Findings) -> dict[str, float]:
    """Share of failures over all bits and instants; the instants of this golden run stand for equal times."""
    with find_opener(campaign.injector)(campaign.setup()) as injector:
        shares = {}
        for one in findings.strata:
            failed = total = 0
            for region in injector.golden().regions:
                if region.stratum != one.name:
                    continue
                for element in range(region.count):
                    for bit in range(region.element_bits):
                        for time in findings.made.golden.instants:
                            place = tuple(flips(region, element, bit, bits=1))
                            fault = Fault("x", one.name, time, place, region.name, element, bit)
                            failed += FAILURE in kinds_of(injector.inject(fault))
                            total += 1
            shares[one.name] = failed / total
    return shares


def test_two_campaigns_are_compared_by_failures_per_device_day(tmp_path: Path) -> None:
    plain = work(write_campaign(tmp_path, campaign_text(injections=150)), tmp_path / "plain")
    strata = ("weights", "covariance", "globals", "link", "stack", "core_registers", "protectors")
    text = campaign_text(name="guarded", injections=150, strata=strata, opener="open_protected_toy")
    guarded = work(write_campaign(tmp_path, text), tmp_path / "guarded")
    against = hold_against(guarded, plain)
    kinds = {one.kind: one for one in against.kinds}
    assert kinds[MODEL_LOST].said == "fewer"
    assert kinds[MODEL_LOST].ratio.high < 1
    assert kinds[FUNCTION_LOST].said == "not told apart"
    assert kinds[FUNCTION_LOST].ratio.low < 1 < kinds[FUNCTION_LOST].ratio.high
    assert {one.kind: one.said for one in hold_against(plain, guarded).kinds}[MODEL_LOST] == "more"
    assert against.notes == ("only guarded was hit in protectors",)
    assert {one.kind: one.said for one in against.state}[MODEL_LOST] == "fewer"
    assert against.costs == (
        Cost("guest instructions", guarded.made.golden.instructions, plain.made.golden.instructions),
    )
    sizes = [{RAM_FACT: "1880", STORAGE_FACT: "1178"}, {RAM_FACT: "864", STORAGE_FACT: "0"}]
    this, other = (replace(found, facts=facts) for found, facts in zip((guarded, plain), sizes, strict=True))
    taken = hold_against(this, other).costs[1:]
    assert [(cost.name, cost.this, cost.other) for cost in taken] == [(RAM_FACT, 1880, 864), (STORAGE_FACT, 1178, 0)]
    assert taken[0].ratio == pytest.approx(2.176, abs=1e-3)
    assert math.isnan(taken[1].ratio)


def test_more_bits_that_survive_do_not_make_a_payload_look_better(tmp_path: Path) -> None:
    """The pitfall: the share of upsets that fail falls by half, failures per device-day stay."""
    campaign, made = drawn(tmp_path, campaign_text(injections=100, strata=("weights", "stack")))
    outcome = {fault.id: RUINED if fault.stratum == "weights" else FINE for fault in made.faults}
    padded = find(campaign, made, rows_of(made, outcome), facts={})
    alone_campaign, alone_made = drawn(tmp_path, campaign_text(injections=100, strata=("weights",)))
    outcome = {fault.id: RUINED for fault in alone_made.faults}
    alone = find(alone_campaign, alone_made, rows_of(alone_made, outcome), facts={})
    assert padded.shares[FAILURE].value == pytest.approx(alone.shares[FAILURE].value / 2)
    assert padded.per_rate[FAILURE].value == alone.per_rate[FAILURE].value
    assert {one.kind: one.said for one in hold_against(padded, alone).kinds}[FAILURE] == "not told apart"


def test_what_differs_besides_is_said_and_other_upsets_are_refused(tmp_path: Path) -> None:
    campaign, made = drawn(tmp_path, campaign_text(strata=("weights",)))
    findings = find(campaign, made, rows_of(made, {fault.id: FINE for fault in made.faults}), facts={})
    other = replace(
        findings,
        campaign=replace(campaign, name="other", scenario="another", benign_loss=0.5),
        strata=(replace(findings.strata[0], exposure=0.5),),
        repeated=0,
    )
    assert hold_against(findings, other).notes == (
        "other is not complete",
        "of scenarios sun-sensor and another; only their protection should differ",
        "benign means a loss up to 0.01 and 0.5",
        "strata are exposed for other shares of a day",
    )
    other = replace(findings, campaign=replace(campaign, name="other", confidence=0.9))
    with pytest.raises(ConfigurationError, match="toy and other differ in upsets or confidence"):
        hold_against(findings, other)


def test_an_estimate_is_scaled_with_its_limits() -> None:
    assert Estimate(2.0, 1.0, math.inf).scaled(3) == Estimate(6.0, 3.0, math.inf)
