"""The top of the page: how often it fails, and whether that can be believed."""

import math
from collections.abc import Iterator

from bench.campaign.findings import Findings
from bench.campaign.outcome import FAILURE, SILENT
from bench.campaign.report.words import interval, percent, rate
from bench.report.figures import figure
from bench.report.markup import Html, join, prose, tag

_NAMED = 5


def headline(findings: Findings) -> Html:
    """Failures per device-day at the reference rate, and loud notes."""
    campaign, made = findings.campaign, findings.made
    at = campaign.reference_rate
    failures, silent = (findings.failures_per_day(kind, at) for kind in (FAILURE, SILENT))
    where = findings.facts.get("target", "a target that it does not tell")
    window = f"{figure(made.golden.instructions)} guest instructions, {len(made.golden.instants):,} instants"
    state = "pass" if findings.complete else "unmeasured"
    confidence = f"{100 * campaign.confidence:.4g} %"
    tiles = {
        "failures per device-day": (rate(failures.value), f"{confidence}: {interval(failures)}"),
        "of these unnoticed": (rate(silent.value), f"{confidence}: {interval(silent)}"),
        "device-days to a failure": (rate(_per(failures.value)), f"{rate(_per(failures.high))} or more"),
        "of upsets are failures": (percent(findings.shares[FAILURE].value), "no measure for comparisons"),
        "injections": (f"{findings.injections:,}", f"of {len(made.faults):,}"),
        "repeated, all the same": (f"{findings.repeated:,}", f"of {len(made.repeats):,}"),
        "bench errors": (f"{len(findings.errors):,}", ""),
    }
    badge = tag("span", "complete" if findings.complete else "not complete", class_=f"badge {state}")
    return tag(
        "header",
        tag("p", badge, f" upset campaign {campaign.name}, scenario {campaign.scenario}", class_="kind"),
        tag("h1", campaign.title),
        tag("p", f"{where}; a window of {window}"),
        tag("p", f"at {at:g} upsets per bit and day"),
        join(_notes(findings)),
        tag("dl", *(_tile(name, *said) for name, said in tiles.items()), class_="tiles wide"),
        class_=f"top {state}",
    )


def _per(failures: float) -> float:
    """Device-days to one failure."""
    return 1 / failures if failures else math.inf


def _tile(name: str, value: str, below: str) -> Html:
    return tag("div", tag("dt", name), tag("dd", value), tag("dd", below, class_="below"))


def _notes(findings: Findings) -> Iterator[Html]:
    missing = len(findings.made.faults) - findings.injections
    if missing:
        text = f": {missing:,} faults have no outcome. Where a stratum has none, figures are unmeasured."
        yield tag("p", tag("strong", "Not complete"), text, class_="note")
    elif not findings.complete:
        text = f": {len(findings.made.repeats) - findings.repeated} injections were not repeated yet."
        yield tag("p", tag("strong", "Not complete"), text, class_="note")
    if findings.errors:
        named = "; ".join(f"{name}: {text}" for name, text in sorted(findings.errors.items())[:_NAMED])
        text = (
            f" at {len(findings.errors):,} faults ({named}). They are no outcome of the target; every interval is as "
        )
        yield tag(
            "p", tag("strong", "The bench failed"), prose(f"{text}wide as if each were either."), class_="note bad"
        )
    for note in findings.notes[:_NAMED]:
        yield tag("p", note, class_="note")
