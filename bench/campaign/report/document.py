"""report.json of a campaign. bench/campaign/report/schema/campaign-1.json describes it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.campaign.against import Against, KindAgainst
from bench.campaign.fault import LEARNER, SYSTEM
from bench.campaign.findings import Findings, StratumFindings
from bench.campaign.intervals import Estimate
from bench.campaign.outcome import KINDS
from bench.campaign.spread import Spread
from bench.trace import encode_number

FORMAT: Final = 1
"""Grows when a key changes its meaning; new keys may come without."""
SCHEMA: Final = f"urn:hil-bench:campaign:{FORMAT}"
SCHEMA_FILE: Final = Path(__file__).with_name("schema") / f"campaign-{FORMAT}.json"


def document_json(findings: Findings, against: Against | None = None) -> str:
    """The file's text: the same for the same rows, in whatever order they came in."""
    return f"{json.dumps(document(findings, against), indent=1, allow_nan=False)}\n"


def document(findings: Findings, against: Against | None = None) -> Mapping[str, Any]:
    """What report.json holds."""
    campaign, made = findings.campaign, findings.made
    return {
        "$schema": SCHEMA,
        "format": FORMAT,
        "campaign": {
            "name": campaign.name,
            "title": campaign.title,
            "scenario": campaign.scenario,
            "seed": campaign.seed,
            "benign_loss": campaign.benign_loss,
            "confidence": campaign.confidence,
            "reference_rate": campaign.reference_rate,
            "upsets": [{"bits": kind.bits, "share": kind.share} for kind in campaign.upsets],
        },
        "list": {"sha256": made.sha256, "faults": len(made.faults), "repeats": len(made.repeats)},
        "golden": {
            "digest": made.golden.digest,
            "instructions": made.golden.instructions,
            "instants": len(made.golden.instants),
            "samples": made.golden.samples,
            "facts": dict(findings.facts),
        },
        "complete": findings.complete,
        "injections": findings.injections,
        "repeated": findings.repeated,
        "bench_errors": dict(sorted(findings.errors.items())),
        "shares": {kind: estimate_json(one) for kind, one in findings.shares.items()},
        "failures_per_device_day": [
            {"upsets_per_bit_day": rate}
            | {kind: estimate_json(findings.failures_per_day(kind, rate)) for kind in KINDS}
            for rate in findings.rates
        ],
        "strata": [_stratum(findings, one) for one in findings.strata],
        "outcomes": _outcomes(findings),
        "detections": [
            {"of": depth, "detection": detection, "injections": count}
            for (depth, detection), count in sorted(findings.detections.items())
        ],
        "latencies": sorted(findings.latencies),
        "samples_lost": sorted(findings.samples_lost),
        "vulnerabilities": [
            {"stratum": one.stratum, "region": one.region, "bits": one.bit_class, "injections": one.injections}
            | {kind: estimate_json(estimate) for kind, estimate in one.kinds.items()}
            for one in findings.vulnerabilities
        ],
        "against": _against(against),
    }


def estimate_json(one: Estimate) -> Mapping[str, float | str]:
    """A value with its limits."""
    return {key: encode_number(getattr(one, key)) for key in ("value", "low", "high")}


def _stratum(findings: Findings, one: StratumFindings) -> Mapping[str, Any]:
    rate = findings.campaign.reference_rate
    return {
        "name": one.name,
        "bits": one.bits,
        "exposure": one.exposure,
        "injections": one.injections,
        "bench_errors": one.errors,
        "margin": one.margin,
        "equivalent_device_days": encode_number(findings.equivalent_days(one, rate)),
        "wilson": {kind: estimate_json(estimate) for kind, estimate in one.kinds.items()},
        "clopper_pearson": {kind: estimate_json(estimate) for kind, estimate in one.exact.items()},
        "reported": one.reported,
        "latency": _spread(one.latency),
        "samples_lost": _spread(one.samples_lost),
        "time_line": [[part.begin, part.end, part.injections, part.failures] for part in one.time_line],
    }


def _spread(one: Spread | None) -> Mapping[str, int] | None:
    return asdict(one) if one is not None else None


def _outcomes(findings: Findings) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "system": system,
            "learner": learner,
            "injections": findings.outcomes[system, learner],
            "share_of_upsets": findings.upset_share.get((system, learner), 0.0),
        }
        for system in SYSTEM
        for learner in LEARNER
        if (system, learner) in findings.outcomes
    ]


def _against(against: Against | None) -> Mapping[str, Any] | None:
    if against is None:
        return None
    return {
        "campaign": against.other.campaign.name,
        "list": against.other.made.sha256,
        "notes": list(against.notes),
        "kinds": _kinds_against(against.kinds),
        "state": _kinds_against(against.state),
        "costs": {cost.name: {"this": cost.this, "other": cost.other} for cost in against.costs},
    }


def _kinds_against(kinds: Sequence[KindAgainst]) -> Mapping[str, Any]:
    return {
        one.kind: {
            "this_per_rate": estimate_json(one.this),
            "other_per_rate": estimate_json(one.other),
            "difference_per_rate": estimate_json(one.difference),
            "ratio": estimate_json(one.ratio),
            "said": one.said,
        }
        for one in kinds
    }
