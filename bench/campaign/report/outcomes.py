"""Outcomes on two axes, what was noticed, how late, and what was lost."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.campaign.against import Against
from bench.campaign.fault import DETECTION, LEARNER, SYSTEM
from bench.campaign.findings import Findings
from bench.campaign.report.words import percent
from bench.campaign.spread import Spread
from bench.report.figures import figure as number
from bench.report.markup import Html, table, tag
from bench.report.plot import Axes, figure, line, plot
from bench.report.scale import Scale, fit_costs

_DEPTHS = {
    "failure": "failures",
    "benign": "benign: another model, good enough",
    "masked": "masked: no trace left",
    "not_read": "models not read out",
}
_MOST_POINTS = 400


def outcomes(findings: Findings, against: Against | None) -> Iterator[Html]:
    """System by learner, detection, latency, samples lost."""
    del against
    systems = [one for one in SYSTEM if any(system == one for system, _ in findings.outcomes)]
    learners = [one for one in LEARNER if any(learner == one for _, learner in findings.outcomes)]
    rows = [[system, *(_cell(findings, system, learner) for learner in learners)] for system in systems]
    caption = (
        "Injections by what became of the payload (rows) and of its models (columns), and their share of all upsets, "
        "weighted by bits x exposure"
    )
    if rows:
        yield table(["", *learners], rows, caption=caption, numbers=range(1, len(learners) + 1))
    words = {**SYSTEM, **LEARNER}
    terms = (tag("li", tag("strong", name), f": {words[name]}") for name in (*systems, *learners))
    yield tag("details", tag("summary", "What the words mean"), tag("ul", *terms))
    yield from _detections(findings)
    yield from _latencies(findings)
    yield from _by_stratum(findings)
    lost = findings.samples_lost
    if lost:
        yield tag(
            "p",
            f"Restarts, and models that went back, threw training steps away in {len(lost):,} injections: "
            f"{min(lost):,} to {max(lost):,}, median {int(np.median(lost)):,}, of {findings.made.golden.samples:,} in "
            "the window.",
        )
    else:
        yield tag("p", "No training steps were thrown away.")


def _by_stratum(findings: Findings) -> Iterator[Html]:
    rows = [
        [one.name, f"{one.reported:,} of {one.injections:,}", *_cells(one.latency), *_cells(one.samples_lost)]
        for one in findings.strata
        if one.reported or one.samples_lost
    ]
    if rows:
        head = [
            "stratum",
            "reported",
            "latency: median",
            "quartiles",
            "largest",
            "lost: median",
            "quartiles",
            "largest",
        ]
        caption = (
            "Latency: guest instructions from the upset to its first report, where that is known. Lost: training "
            "steps, over the injections in which some were."
        )
        yield table(head, rows, caption=caption, numbers=range(1, len(head)))


def _cells(one: Spread | None) -> list[str]:
    if one is None:
        return ["\N{EN DASH}"] * 3
    return [number(one.median), f"{number(one.quartile_1)} to {number(one.quartile_3)}", number(one.largest)]


def _cell(findings: Findings, system: str, learner: str) -> Html:
    count = findings.outcomes.get((system, learner), 0)
    if not count:
        return Html("\N{EN DASH}")
    share = percent(findings.upset_share.get((system, learner), 0.0))
    return tag("span", f"{count:,}", tag("span", share, class_="because"))


def _detections(findings: Findings) -> Iterator[Html]:
    rows = []
    for depth, words in _DEPTHS.items():
        counts = [findings.detections.get((depth, detection), 0) for detection in DETECTION]
        if any(counts):
            rows.append([words, *(f"{count:,}" if count else "\N{EN DASH}" for count in counts)])
    if rows:
        head = ["", "nothing reported", "reported, corrected", "reported, not corrected"]
        yield table(head, rows, caption="Injections by what the payload reported", numbers=(1, 2, 3))


def _latencies(findings: Findings) -> Iterator[Html]:
    values: Sequence[int] = sorted(findings.latencies)
    if not values:
        yield tag("p", "The payload reported none of the upsets.")
        return
    median, tail = values[len(values) // 2], values[min(len(values) - 1, int(0.95 * len(values)))]
    said = (
        f"From the upset to its first report: median {number(median)}, 95 % within {number(tail)}, "
        f"at most {number(values[-1])} guest instructions, over {len(values):,} injections."
    )
    yield tag("p", said)
    if values[0] == values[-1]:
        return
    picked = np.unique(np.linspace(0, len(values) - 1, min(len(values), _MOST_POINTS)).astype(np.int64))
    x = np.array(values, dtype=np.float64)[picked]
    axes = Axes(fit_costs(x), Scale(0.0, 1.0), "guest instructions", "share", "How soon upsets are reported", 130)
    caption = "Share of the reported upsets that were reported within so many guest instructions."
    yield figure(plot(axes, line(axes, x, (picked + 1) / len(values), "s0")), caption, title="Latency of detection")
