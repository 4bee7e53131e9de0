"""Strata, their weights and their share in the failures; and when in the window failures begin."""

from collections.abc import Iterator

import numpy as np

from bench.campaign.against import Against
from bench.campaign.findings import Findings, StratumFindings
from bench.campaign.intervals import wilson
from bench.campaign.outcome import FAILURE, SILENT
from bench.campaign.report.words import interval, percent, rate, share_bar
from bench.report.accuracy import grid
from bench.report.markup import Html, table, tag
from bench.report.plot import Axes, band, figure, line, plot
from bench.report.scale import Scale


def strata(findings: Findings, against: Against | None) -> Iterator[Html]:
    """A row each, what they add to the failures, and the time lines."""
    del against
    confidence = f"{100 * findings.campaign.confidence:.4g} %"
    head = [
        "stratum",
        "bits",
        "exposure",
        "injections",
        "failures",
        "Wilson",
        "Clopper-Pearson",
        "",
        "unnoticed",
        "margin",
    ]
    rows = [_row(one) for one in findings.strata]
    caption = (
        f"Probability that an upset in the stratum is a failure, with {confidence} intervals. Margin: of a proportion "
        "of 0.5, by the number of injections alone."
    )
    yield table(head, rows, caption=caption, numbers=(1, 2, 3, 4, 5, 6, 8, 9), wide="strata")
    head = ["stratum", "bits x exposure", "failures per device-day", "interval", "of all", "", "device-days"]
    at, whole = findings.campaign.reference_rate, findings.per_rate[FAILURE].value
    rows = []
    for one in sorted(findings.strata, key=lambda one: -(one.kinds[FAILURE].value * one.weight or 0.0)):
        adds = one.kinds[FAILURE].scaled(one.weight)
        part = adds.scaled(1 / whole) if whole > 0 else adds.scaled(0.0)
        days = rate(findings.equivalent_days(one, at))
        told = adds.scaled(at)
        bar = share_bar(part, 1.0)
        rows.append([one.name, rate(one.weight), rate(told.value), interval(told), percent(part.value), bar, days])
    caption = (
        f"What each stratum adds at {at:g} upsets per bit and day. Device-days: in so many, as many upsets hit the "
        "stratum as were injected (injections / (rate x bits x exposure))."
    )
    yield table(head, rows, caption=caption, numbers=(1, 2, 3, 4, 6), wide="strata")
    yield from _time_lines(findings)


def _row(one: StratumFindings) -> list[str]:
    failure, silent = one.kinds[FAILURE], one.kinds[SILENT]
    return [
        one.name,
        f"{one.bits:,}",
        f"{one.exposure:.4g}",
        f"{one.injections:,}" + (f" ({one.errors} bench errors)" if one.errors else ""),
        percent(failure.value),
        interval(failure, shares=True),
        interval(one.exact[FAILURE], shares=True),
        share_bar(failure, 1.0),
        percent(silent.value),
        percent(one.margin),
    ]


def _time_lines(findings: Findings) -> Iterator[Html]:
    window = findings.made.golden.instructions
    plots = []
    for one in findings.strata:
        bins = [part for part in one.time_line if part.injections]
        if len(bins) < 2 or not any(part.failures for part in bins):  # noqa: PLR2004 - a line has two ends
            continue
        shares = [wilson(part.failures, part.injections, confidence=findings.campaign.confidence) for part in bins]
        middle = np.array([(part.begin + part.end) / 2 for part in bins])
        low, value, high = (np.array([getattr(share, key) for share in shares]) for key in ("low", "value", "high"))
        axes = Axes(
            Scale(0.0, float(window)),
            Scale(0.0, 1.0),
            "instruction",
            "failures",
            f"Failures over time: {one.name}",
            110,
        )
        content = (band(axes, middle, low, high, "s0"), line(axes, middle, value, "s0"))
        plots.append(tag("div", tag("h4", one.name), plot(axes, *content)))
    if plots:
        caption = (
            "Share of injections in each tenth of the window that are failures, by when the upset came, with Wilson's "
            "interval as a band. Strata without a failure are left out."
        )
        yield figure(grid(plots), caption, title="When in the window an upset does harm")
