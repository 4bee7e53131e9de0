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

_HEAD = (
    "stratum",
    "failures",
    "Wilson",
    "",
    "Clopper-Pearson",
    "unnoticed",
    "injections",
    "margin",
    "bits",
    "exposure",
)
_HEAD_ADDS = ("stratum", "failures per device-day", "", "of all", "bits x exposure", "device-days")


def strata(findings: Findings, against: Against | None) -> Iterator[Html]:
    """A row each, what they add to the failures, and the time lines."""
    del against
    confidence = f"{100 * findings.campaign.confidence:.4g} %"
    caption = (
        f"Probability that an upset in the stratum is a failure, with {confidence} intervals. Margin: of a proportion "
        "of 0.5, by the number of injections alone."
    )
    rows = [_row(one) for one in findings.strata]
    yield table(_HEAD, rows, caption=caption, numbers=(1, 2, 4, 5, 6, 7, 8, 9), wide="strata")
    at = findings.campaign.reference_rate
    caption = (
        f"What each stratum adds at {at:g} upsets per bit and day. Device-days: in so many, as many upsets hit the "
        "stratum as were injected (injections / (rate x bits x exposure))."
    )
    ordered = sorted(findings.strata, key=lambda one: -one.kinds[FAILURE].high * one.weight)
    yield table(
        _HEAD_ADDS, [_adds(findings, one) for one in ordered], caption=caption, numbers=(1, 3, 4, 5), wide="strata"
    )
    yield from _time_lines(findings)


def _row(one: StratumFindings) -> list[str]:
    failure, silent = one.kinds[FAILURE], one.kinds[SILENT]
    return [
        one.name,
        percent(failure.value),
        interval(failure, shares=True),
        share_bar(failure, 1.0),
        interval(one.exact[FAILURE], shares=True),
        percent(silent.value),
        f"{one.injections:,}" + (f" ({one.errors} bench errors)" if one.errors else ""),
        percent(one.margin),
        f"{one.bits:,}",
        f"{one.exposure:.4g}",
    ]


def _adds(findings: Findings, one: StratumFindings) -> list[str]:
    at, whole = findings.campaign.reference_rate, findings.per_rate[FAILURE].value
    adds = one.kinds[FAILURE].scaled(one.weight)
    part = adds.scaled(1 / whole) if whole > 0 else adds.scaled(0.0)
    told = adds.scaled(at)
    said = tag("span", rate(told.value), tag("span", interval(told), class_="because"))
    days = rate(findings.equivalent_days(one, at))
    return [one.name, said, share_bar(part, 1.0), percent(part.value), rate(one.weight), days]


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
